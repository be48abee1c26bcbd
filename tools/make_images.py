"""Draws the pictures under img/ anew, and writes docs/gallery.md, which shows those of the gallery.

python -m tools.make_images
"""

from __future__ import annotations

from pathlib import Path

from deconvs import ConvTranspose, Picture, draw
from deconvs.drawing import render_named
from deconvs.drawing.gallery import GALLERY, Entry, render_gallery
from deconvs.files import write_all

ROOT = Path(__file__).parents[1]
SHOWN = [entry for entry in GALLERY.values() if entry.view == "isometric"]
"""Of the gallery: the guide's animations, and the one that it lacks."""

HEAD = """# Gallery

The animations of V. Dumoulin and F. Visin, *A guide to convolution arithmetic for deep learning* (2016/2018),
drawn anew, each from its geometry. The short side is blue and the long one green, whichever way the layer goes.
Dashed is padding, grey are inserted zeros, hatched is what no window reaches. These files move, and stand still
for who asks for reduced motion.

    deconvs gallery --out DIR

draws them in any format, light or dark, with the guide's static figures, the three demonstrations, and what the
guide lacks: one axis, three, groups, unequal and negative padding, output padding, rectangles. This page is
written by `make images`.

![All pictures of the gallery with their names.](../img/gallery/contact-sheet.png)
"""


def pictures() -> dict[str, Picture]:
    """What the README shows beside the three demonstrations: file name -> picture."""
    layer = ConvTranspose((3, 3), stride=2, padding=1, output_padding=1)
    return {
        "morph.svg": draw(ConvTranspose((3,), stride=2), 4, "morph"),
        "isometric.svg": draw(layer, (3, 3), "isometric"),
        "isometric-dark.svg": draw(layer, (3, 3), "isometric", theme="dark"),
    }


def gallery_page() -> str:
    """docs/gallery.md: two pictures in a row, each with its sizes and what was corrected."""
    cells = [_cell(entry) for entry in SHOWN]
    rows = [f"| {' | '.join(cells[at : at + 2])} |" for at in range(0, len(cells), 2)]
    return "\n".join([HEAD, rows[0], "|---|---|", *rows[1:], ""])


def _cell(entry: Entry) -> str:
    where = f"figure {entry.figure}" if entry.figure else "not in the guide"
    words = [f"**{entry.title}** ({where})", f"`{entry.geometry}`", entry.arithmetic, entry.correction]
    picture = f"![{entry.title}: {entry.arithmetic}.](../img/gallery/{entry.name}.svg)"
    return "<br>".join([picture, *filter(None, words)]).replace("|", "\\|")


def main() -> None:
    """Write them all, and their sizes."""
    written = list(render_named(ROOT / "img"))
    for name, picture in pictures().items():
        picture.save(ROOT / "img" / name)
        written.append(ROOT / "img" / name)
    folder = ROOT / "img" / "gallery"
    # The sheet shows all, the folder keeps only what the page shows.
    made = render_gallery(folder, formats=["png"])
    sheet = (folder / "contact-sheet.png").read_bytes()
    for path in made:
        path.unlink()
    render_gallery(folder, only=[entry.name for entry in SHOWN], formats=["svg"])
    (folder / "index.html").unlink()
    page = ROOT / "docs" / "gallery.md"
    write_all({page: gallery_page().encode(), folder / "contact-sheet.png": sheet})
    written += [*sorted(folder.iterdir()), page]
    for path in written:
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
