"""Saving: files appear whole or not at all, several of them together; what does not work is said."""

from __future__ import annotations

import os
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

import deconvs as dc
from deconvs import files
from deconvs.drawing import (
    coverage_scene,
    direct_film,
    direct_scene,
    save,
    to_gif,
    to_moving_svg,
    to_png,
    to_svg,
)

from .test_drawing_cases import CASES
from .test_drawing_pixels import pixels

G = dc.ConvTranspose((3, 3), stride=2)


def test_every_case_can_be_written() -> None:
    for g, n in CASES:
        for scene in (direct_scene(g, n), coverage_scene(g, n)):
            ElementTree.fromstring(to_svg(scene))
            assert pixels(to_png(scene, scale=0.5)).std() > 1


def test_save_by_suffix(tmp_path: Path) -> None:
    film = direct_film(dc.ConvTranspose((2,)), 2)
    save(film, tmp_path / "a.svg")
    save(film.still, str(tmp_path / "b.PNG"))
    save(film, tmp_path / "c.gif")
    save(film.still, tmp_path / "d.gif")
    save(film.still, tmp_path / "e.svg")
    assert (tmp_path / "a.svg").read_text(encoding="utf-8") == to_moving_svg(film)
    assert (tmp_path / "b.PNG").read_bytes() == to_png(film.still)
    assert (tmp_path / "c.gif").read_bytes() == to_gif(film)
    with Image.open(tmp_path / "d.gif") as image:
        assert getattr(image, "n_frames", 1) == 1
    assert (tmp_path / "e.svg").read_text(encoding="utf-8") == to_svg(film.still)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg", "b.PNG", "c.gif", "d.gif", "e.svg"]


def test_saved_files_have_the_usual_rights(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    save(direct_scene(G, (2, 2)), tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("failing", ["fsync", "replace", "interrupted"])
def test_a_failing_write_leaves_the_old_file(failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "figure.svg"
    target.write_bytes(b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    if failing == "replace":
        monkeypatch.setattr(Path, "replace", full)
    else:
        monkeypatch.setattr(os, "fsync", full if failing == "fsync" else interrupted)
    expected = KeyboardInterrupt if failing == "interrupted" else dc.GeometryError
    with pytest.raises(expected) as caught:
        save(direct_scene(G, (2, 2)), target)
    if failing != "interrupted":
        assert str(caught.value) == (
            f"the file cannot be written: '{target}': No space left on device; save somewhere that can be written"
        )
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_several_files_are_written_all_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (tmp_path / name for name in ("b", "a", "c"))
    second.write_bytes(b"old")
    sync, replace, calls = os.fsync, Path.replace, []

    def full_at_the_third(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    contents = {first: b"1", second: b"2", third: b"3"}
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full_at_the_third)
        with pytest.raises(dc.GeometryError) as caught:
            files.write_all(contents)
    assert str(caught.value) == (
        f"the file cannot be written: '{third}': No space left on device; save somewhere that can be written"
    )
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {second: b"old"}

    moved = []
    monkeypatch.setattr(Path, "replace", lambda self, target: (moved.append(target), replace(self, target)))
    files.write_all(contents)
    assert moved == [first, second, third]
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == contents


def test_folders_that_were_made_go_again_if_the_work_fails_and_they_are_empty(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir()

    def interrupted_in(folder: Path, kept: Path | None) -> None:
        with files.folder_for_work(folder) as made:
            assert made.is_dir()
            if kept:
                kept.touch()
            raise KeyboardInterrupt

    for folder in (there, there / "a", there / "a/b"):
        with pytest.raises(KeyboardInterrupt):
            interrupted_in(folder, None)
        assert list(tmp_path.rglob("*")) == [there]
    with pytest.raises(KeyboardInterrupt):
        interrupted_in(there / "a/b", there / "a/mine")
    assert sorted(tmp_path.rglob("*")) == [there, there / "a", there / "a/mine"]
    with files.folder_for_work(there / "c"):
        pass
    assert (there / "c").is_dir()


def test_folders_that_are_missing_or_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = direct_scene(G, (2, 2))
    with pytest.raises(dc.GeometryError) as missing:
        save(scene, tmp_path / "none" / "a.svg")
    assert str(missing.value) == (
        f"the folder does not exist: '{tmp_path / 'none'}'; create it, or save somewhere else"
    )

    def closed(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    with pytest.raises(dc.GeometryError) as refused:
        save(scene, tmp_path / "a.svg")
    assert str(refused.value) == (
        f"the file cannot be written: '{tmp_path / 'a.svg'}': Permission denied; save somewhere that can be written"
    )
    assert not list(tmp_path.iterdir())
