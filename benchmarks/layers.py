"""Layers of published networks, by name: what benchmarks are measured on."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from deconvs import ConvTranspose


@dataclass(frozen=True)
class Layer:
    """A transposed convolution in a network, with its batch and input size."""

    name: str
    source: str
    batch: int
    c_in: int
    c_out: int
    size: tuple[int, ...]
    geometry: ConvTranspose

    @property
    def useful_flops(self) -> int:
        """Two for each product that reaches the output."""
        costs = self.geometry.plan("scatter").at(self.size, channels=(self.c_in, self.c_out), batch=self.batch)
        return 2 * costs.useful_macs

    @property
    def bytes(self) -> int:
        """Of x, w and y once each, in float32."""
        x = self.batch * self.c_in * prod(self.size)
        y = self.batch * self.c_out * prod(self.geometry.output_size(self.size))
        w = self.c_in * self.c_out // self.geometry.groups * prod(self.geometry.kernel_size)
        return 4 * (x + y + w)


def _layer(
    name: str, source: str, batch: int, c_in: int, c_out: int, size: tuple[int, ...], k: int, s: int, **rest: int
) -> Layer:
    return Layer(name, source, batch, c_in, c_out, size, ConvTranspose(k, s, ndim=len(size), **rest))


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
