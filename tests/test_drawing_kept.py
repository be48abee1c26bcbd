"""The pictures that the repository keeps are those that the code draws now."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tools import make_images

from deconvs.drawing import (
    NAMED,
    Film,
    render_named,
    to_moving_svg,
)


def test_named_pictures_are_written_and_current(tmp_path: Path, root: Path) -> None:
    written = render_named(tmp_path)
    names = {f"{name}{suffix}" for name in NAMED for suffix in (".gif", ".png", ".svg")}
    assert {path.name for path in written} == {path.name for path in tmp_path.iterdir()} == names
    for path in written:
        if path.suffix == ".svg":
            kept = root / "img" / path.name
            assert hash_of(kept) == hash_of(path), f"{kept} is out of date: make images"


def test_pictures_of_the_documents_are_current(root: Path) -> None:
    """Shapes and words: a picture that would look otherwise has other text."""
    for name, picture in make_images.pictures().items():
        assert (root / "img" / name).read_text() == picture._repr_svg_(), f"{name} is out of date: make images"
    for entry in make_images.SHOWN:
        film = entry.draw()
        assert isinstance(film, Film)
        kept = (root / "img" / "gallery" / f"{entry.name}.svg").read_text()
        assert kept == to_moving_svg(film), f"{entry.name}.svg is out of date: make images"
    assert (root / "docs" / "gallery.md").read_text() == make_images.gallery_page()


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_named_pictures_are_what_their_names_say() -> None:
    def sizes(film: Film) -> list[tuple[int, ...]]:
        return [max(film.still.cells(grid)) for grid in ("input", "padded", "output")]

    assert sizes(NAMED["padded-convs"]()) == [(1, 1), (5, 5), (3, 3)]
    assert sizes(NAMED["fractionally-strided-convs"]()) == [(1, 1), (6, 6), (4, 4)]
    matrix = NAMED["deconvs-as-matrix"]().still
    assert [max(matrix.cells(grid)) for grid in ("image", "result", "matrix", "transposed")] == [
        (3, 3), (1, 1), (3, 15), (15, 3),
    ]  # fmt: skip
