"""`deconvs tour`: the three demonstrations in the terminal, as pictures, and as a page that tells the story."""

from __future__ import annotations

from pathlib import Path

from ..drawing import NAMED, coverage_scene, to_gif, to_png, to_svg
from ..files import folder_for_work, write_all
from ..geometry import ConvTranspose
from ..relationships import check_all
from ..verdicts import table
from ..views import VIEWS
from . import numbers, page, photos, place, told
from .progress import Steps


def run(out: Path, image: Path | None) -> int:
    """Tell, check, draw, write; returns 0, or 1 if anything that must be equal was not."""
    picture = photos.test_card() if image is None else photos.load(image)
    place.check(out, image)
    with folder_for_work(out):
        files, right = _made(picture)
        # All at once, the page before the others: see place.names.
        write_all({out / name: files[name] for name in place.names()})
    told.written(out, [name for name in files if name != place.PAGE], out / place.PAGE, right)
    return 0 if right else 1


def _made(picture: photos.Pixels) -> tuple[dict[str, bytes], bool]:
    """Every file by its name, and whether all was equal that must be."""
    demo = numbers.DEMONSTRATIONS
    told.matrix(demo)
    told.three_names(demo)
    shown = (demo.unit, demo.strided)
    equal = {view: all(demo.views(g)[view] for g in shown) for view in VIEWS}
    told.views(equal)
    # Whatever fails is told and written into the page as well; the exit code says so in the end.
    right = all(equal.values()) and all(map(demo.convolves, shown))
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
        captions = told.captions(demo)
        files: dict[str, bytes] = {}
        figures = {}
        for name, film in steps.each("animating", films.items()):
            files[place.figure(name, "gif")] = moving = to_gif(film)
            files[place.figure(name, "png")] = still = to_png(film.still)
            files[place.figure(name, "svg")] = to_svg(film.still).encode()
            figures[name] = page.Figure(moving, still, film.description, captions[name], round(film.still.width))
        cards = []
        for result in steps.each("pictures", up):
            files[place.upsampled(result.kernel.name)] = whole = photos.png(result.pixels)
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
    return {place.PAGE: written.encode(), **files}, right


def _one_channel(g: ConvTranspose) -> ConvTranspose:
    return ConvTranspose(g.kernel_size, g.stride, g.crop, 0, g.dilation)
