"""`deconvs tour`: the three demonstrations in the terminal, as pictures, and as a page that tells the story."""

from __future__ import annotations

from pathlib import Path

from ..drawing import NAMED, coverage_scene, to_gif, to_png, to_svg
from ..errors import GeometryError
from ..files import make_folder, write_whole
from ..geometry import ConvTranspose
from ..relationships import check_all
from ..verdicts import table
from ..views import VIEWS
from . import numbers, page, photos, told
from .progress import Steps

MARK = '<meta name="generator" content="deconvs tour">'
PAGE = "index.html"


def run(out: Path, image: Path | None) -> int:
    """Tell, check, draw, write; returns 0, or 1 if anything that must be equal was not."""
    picture = photos.test_card() if image is None else photos.load(image)
    _check_folder(out, image)
    demo = numbers.DEMONSTRATIONS
    told.matrix(demo)
    told.three_names(demo)
    equal = {view: all(demo.views(g)[view] for g in (demo.unit, demo.strided)) for view in VIEWS}
    told.views(equal)
    # Whatever fails is told and written into the page as well; the exit code says so in the end.
    right = all(equal.values())
    with Steps() as steps:
        found = check_all(progress=steps.start("relationships of the guide"))
        told.relationships(found)
        right = right and not any(failed for _, _, failed in found)

        peer = numbers.compare_with_peer(steps.start("comparison with PyTorch"))
        told.peer(peer)
        right = right and peer.right

        detail = photos.telling_detail(picture)
        up = [photos.upsample(picture, kernel, detail) for kernel in steps.each("upsampling", photos.KERNELS)]
        told.checkerboard(up)

        films = {name: film() for name, film in steps.each("drawing", NAMED.items())}
        files: dict[str, bytes] = {}
        figures = {}
        for name, film in steps.each("animating", films.items()):
            files[f"{name}.gif"] = moving = to_gif(film)
            files[f"{name}.png"] = still = to_png(film.still)
            files[f"{name}.svg"] = to_svg(film.still).encode()
            figures[name] = page.Figure(moving, still, film.description, told.CAPTIONS[name], round(film.still.width))
        cards = []
        for result in steps.each("pictures", up):
            files[f"upsampled-{result.kernel.name}.png"] = whole = photos.png(result.pixels)
            kernel, scene = result.kernel, coverage_scene(_one_channel(result.kernel.geometry), (4, 4))
            enlarged = photos.png(result.detail, enlarged=8)
            cards.append(page.Photo(kernel.title, whole, enlarged, to_svg(scene), scene.description, kernel.remark))
        written = page.write(
            figures=figures,
            demo=demo,
            names=table(range(1, 5), range(1, 4), range(2), 2),
            equal=equal,
            relationships=found,
            photos=cards,
            peer=peer,
        )
    make_folder(out)
    for name, content in files.items():
        write_whole(content, out / name)
    # Last, so that a page that is there has all its files.
    write_whole(written.encode(), out / PAGE)
    told.written(out, files, out / PAGE, right)
    return 0 if right else 1


def _one_channel(g: ConvTranspose) -> ConvTranspose:
    return ConvTranspose(g.kernel_size, g.stride, g.crop, 0, g.dilation)


def _check_folder(out: Path, image: Path | None) -> None:
    """Before any work: never write over a page that is not the tour's, nor over the picture that was given."""
    existing = out / PAGE
    try:
        foreign = existing.exists() and MARK not in existing.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise GeometryError(
            "the folder cannot be used", f"{out}: {error.strerror}", "choose another folder with --out"
        ) from None
    if foreign:
        raise GeometryError(
            "the folder holds another page", f"{existing} was not made by deconvs tour", "choose another with --out"
        )
    if image is not None and image.resolve().parent == out.resolve() and image.name.startswith("upsampled-"):
        raise GeometryError("the picture would be overwritten", f"{image}", "choose another folder with --out")
    make_folder(out)
