"""Layers of published networks, by name, and layers that nobody tuned a kernel for: what benchmarks are measured on."""

from __future__ import annotations

from deconvs import ConvTranspose
from deconvs.benchmark import Layer
from deconvs.errors import GeometryError

Each = int | tuple[int, ...]


def _layer(
    name: str, source: str, batch: int, c_in: int, c_out: int, size: tuple[int, ...], k: Each, s: Each, **rest: Each
) -> Layer:
    dtype = "float64" if name.endswith(".f64") else "float32"
    return Layer(name, source, batch, c_in, c_out, size, ConvTranspose(k, s, ndim=len(size), **rest), dtype)  # type: ignore[arg-type]


LAYERS = (
    _layer("dcgan.1", "DCGAN generator", 16, 1024, 512, (4, 4), 4, 2, padding=1),
    _layer("dcgan.2", "DCGAN generator", 16, 512, 256, (8, 8), 4, 2, padding=1),
    _layer("dcgan.3", "DCGAN generator", 16, 256, 128, (16, 16), 4, 2, padding=1),
    _layer("dcgan.4", "DCGAN generator", 16, 128, 3, (32, 32), 4, 2, padding=1),
    _layer("cyclegan.1", "CycleGAN generator", 1, 256, 128, (64, 64), 3, 2, padding=1, output_padding=1),
    _layer("cyclegan.2", "CycleGAN generator", 1, 128, 64, (128, 128), 3, 2, padding=1, output_padding=1),
    _layer("unet.1", "U-Net decoder", 1, 1024, 512, (32, 32), 2, 2),
    _layer("unet.4", "U-Net decoder", 1, 128, 64, (256, 256), 2, 2),
    _layer("sam.1", "Segment Anything mask decoder", 1, 256, 64, (64, 64), 2, 2),
    _layer("sam.2", "Segment Anything mask decoder", 1, 64, 32, (128, 128), 2, 2),
    _layer("pose.3", "SimpleBaseline pose estimation", 8, 256, 256, (32, 24), 4, 2, padding=1),
    _layer("fcn8s", "FCN-8s", 1, 21, 21, (64, 64), 16, 8, padding=4),
    _layer("fcn32s", "FCN-32s", 1, 21, 21, (16, 16), 64, 32, padding=16),
    _layer("dlaup.dw", "DLA up-sampling, depthwise", 1, 256, 256, (64, 64), 4, 2, padding=1, groups=256),
    _layer("fcn.dw", "FCN, depthwise", 1, 21, 21, (64, 64), 16, 8, padding=4, groups=21),
    _layer("fsrcnn", "FSRCNN", 1, 56, 1, (256, 256), 9, 2, padding=4, output_padding=1),
    _layer("hifigan.1", "HiFi-GAN vocoder", 1, 512, 256, (256,), 16, 8, padding=4),
    _layer("hifigan.2", "HiFi-GAN vocoder", 1, 256, 128, (2048,), 16, 8, padding=4),
    _layer("hifigan.4", "HiFi-GAN vocoder", 1, 64, 32, (32768,), 4, 2, padding=1),
    _layer("dac.1", "Descript audio codec", 1, 1536, 768, (256,), 16, 8, padding=4),
    _layer("nnunet3d", "nnU-Net decoder", 1, 64, 32, (48, 48, 48), 2, 2),
    _layer("3dgan.3", "3D-GAN generator", 1, 128, 64, (16, 16, 16), 4, 2, padding=1),
    _layer("dil.2", "dilated decoder", 1, 64, 64, (64, 64), 3, 2, padding=2, output_padding=1, dilation=2),
    _layer("s1.3x3", "stride 1", 1, 64, 64, (128, 128), 3, 1, padding=1),
    _layer("istft", "inverse STFT as a layer", 1, 1026, 1, (224,), 1024, 256),
)
"""Of published networks, at their own sizes."""

UNTUNED = (
    _layer("few.1", "one channel, as on a depth map", 1, 1, 1, (480, 640), 4, 2, padding=1),
    _layer("few.3", "three channels, as on a picture", 1, 3, 3, (256, 256), 3, 2, padding=1, output_padding=1),
    _layer("few.8", "eight channels", 2, 8, 8, (128, 128), 4, 2, padding=1),
    _layer("wide.out", "few channels in, many out", 1, 4, 96, (64, 64), 4, 2, padding=1),
    _layer("odd.a", "odd sizes and channels", 1, 45, 27, (37, 53), 4, 2, padding=1),
    _layer("odd.b", "odd sizes and channels", 3, 50, 70, (29, 31), 3, 2, padding=1, output_padding=1),
    _layer("group.4", "groups of 4 channels", 1, 128, 128, (56, 56), 4, 2, padding=1, groups=32),
    _layer("group.32", "groups of 32 channels", 1, 128, 128, (56, 56), 4, 2, padding=1, groups=4),
    _layer("rect.1x2", "wider only, as for spectrograms", 1, 64, 48, (80, 120), (1, 4), (1, 2), padding=(0, 1)),
    _layer("rect.2x1", "higher only", 1, 64, 48, (80, 120), (4, 3), (2, 1), padding=(1, 1)),
    _layer("rect.3x2", "unequal strides", 1, 48, 32, (50, 70), (5, 4), (3, 2), padding=(1, 1)),
    _layer("line.short", "1-D, short", 4, 96, 64, (50,), 4, 2, padding=1),
    _layer("line.long", "1-D, long", 1, 16, 8, (100_000,), 8, 4, padding=2),
    _layer("line.k25", "1-D, stride 5", 1, 48, 24, (6000,), 25, 5, padding=10),
    _layer("space.122", "3-D, not along the first axis", 1, 48, 32, (16, 40, 40), (1, 2, 2), (1, 2, 2)),
    _layer("space.odd", "3-D, odd sizes", 1, 24, 20, (9, 21, 23), 3, 2, padding=1, output_padding=1),
    _layer("k5s2", "odd kernel", 1, 64, 32, (64, 64), 5, 2, padding=2, output_padding=1),
    _layer("k6s3", "stride 3", 1, 64, 32, (48, 48), 6, 3, padding=1),
    _layer("k3s3", "stride 3, no overlap", 1, 64, 32, (60, 60), 3, 3),
    _layer("k7s4", "stride 4, uneven phases", 1, 64, 32, (48, 48), 7, 4, padding=2, output_padding=1),
    _layer("k2s3", "stride above the kernel: holes", 1, 64, 32, (60, 60), 2, 3),
    _layer("dil.3", "dilation 3", 1, 32, 32, (60, 60), 3, 2, padding=3, output_padding=1, dilation=3),
    _layer("batch.2x2", "a batch of tiny inputs", 32, 256, 128, (2, 2), 4, 2, padding=1),
    _layer("batch.7x7", "a batch of small inputs", 32, 96, 64, (7, 7), 3, 2, padding=1, output_padding=1),
    _layer("deep.7x7", "many channels at 7x7", 1, 1024, 512, (7, 7), 4, 2, padding=1),
    _layer("k4s2.f64", "float64", 1, 64, 32, (48, 48), 4, 2, padding=1),
    _layer("k2s2.f64", "float64, no overlap", 1, 64, 32, (96, 96), 2, 2),
    _layer("line.f64", "float64, 1-D", 1, 64, 32, (4096,), 8, 4, padding=2),
)
"""Of no network: few channels, odd sizes, groups, unequal strides. A kernel fitted to LAYERS would fall behind here."""


def chosen(names: list[str] | tuple[str, ...] = (), *, untuned: bool = False, everything: bool = False) -> list[Layer]:
    """Layers by name or by how their names begin; without names all of a list.

    >>> [layer.name for layer in chosen(["unet", "few.1"])]
    ['unet.1', 'unet.4', 'few.1']

    Errors: GeometryError for a name that no layer begins with.
    """
    if not names:
        return [*(LAYERS if everything or not untuned else ()), *(UNTUNED if everything or untuned else ())]
    every = (*LAYERS, *UNTUNED)
    for name in names:
        if not any(layer.name.startswith(name) for layer in every):
            raise GeometryError(
                "no layer is called so", f"{name!r}", f"use one of {', '.join(layer.name for layer in every)}"
            )
    # A whole name means that layer alone: dil.2 is not the beginning of another.
    return [layer for layer in every if layer.name in names or any(_begins(layer.name, name) for name in names)]


def _begins(layer: str, name: str) -> bool:
    return layer.startswith(name) and not any(other.name == name for other in (*LAYERS, *UNTUNED))
