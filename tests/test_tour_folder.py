"""Where the tour writes: folders that cannot be, what stands in the way, and what is left when it is cut short."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from deconvs.cli import run
from deconvs.tour import photos, place

from .tour_cases import quick, saved

__all__ = ["quick"]


def refused(capsys: pytest.CaptureFixture[str], out: Path | str, *more: str) -> str:
    """What is told on standard error where the tour is refused; it must be before any work."""
    assert run(["tour", "--out", str(out), *more]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err.removeprefix("deconvs: ").removesuffix("\n")


def test_folders_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fix = "choose a folder that can be written"
    file, dangling, loop = tmp_path / "file", tmp_path / "dangling", tmp_path / "loop"
    file.write_text("mine")
    dangling.symlink_to(tmp_path / "nowhere")
    loop.symlink_to(loop)
    assert refused(capsys, file) == f"not a folder: '{file}' is a file; {fix}"
    assert refused(capsys, file / "below") == f"the folder cannot be made: '{file / 'below'}': Not a directory; {fix}"
    assert refused(capsys, dangling) == f"not a folder: '{dangling}' is a link that leads nowhere; {fix}"
    assert refused(capsys, dangling / "a") == f"not a folder: '{dangling}' is a link that leads nowhere; {fix}"
    assert refused(capsys, loop) == (
        f"the folder cannot be used: '{loop}': Too many levels of symbolic links; choose another folder with --out"
    )
    assert sorted(tmp_path.iterdir()) == [dangling, file, loop]
    assert file.read_text() == "mine"


@pytest.mark.parametrize("name", place.names())
def test_nothing_of_anyone_else_is_overwritten(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / name
    mine.write_text("mine")
    said = (
        f"the folder holds another page: '{mine}' was not made by deconvs tour"
        if name == "index.html"
        else f"a file would be overwritten: '{mine}' is not from a tour"
    )
    assert refused(capsys, tmp_path) == f"{said}; choose another folder with --out"
    assert mine.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [mine]


@pytest.mark.parametrize("kind", ["folder", "link", "dangling link"])
@pytest.mark.parametrize("name", ["index.html", "padded-convs.gif"])
def test_what_is_no_file_is_in_the_way_even_in_a_folder_of_the_tour(
    kind: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / ("elsewhere.html" if name == "index.html" else "index.html")
    own.write_text(place.MARK)
    way = tmp_path / name
    if kind == "folder":
        way.mkdir()
    else:
        way.symlink_to(own if kind == "link" else tmp_path / "nothing")
    assert refused(capsys, tmp_path) == (
        f"something is in the way: '{way}' is not a regular file; choose another folder with --out"
    )
    assert sorted(tmp_path.iterdir()) == sorted([own, way])


def test_a_pipe_in_place_of_the_page_is_not_waited_for(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    os.mkfifo(page)
    command = [sys.executable, "-m", "deconvs", "tour", "--out", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        f"deconvs: something is in the way: '{page}' is not a regular file; choose another folder with --out\n"
    )


@pytest.mark.usefixtures("quick")
def test_an_empty_out_is_the_current_folder_if_nothing_else_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    for out in ("", ".", "./"):
        assert refused(capsys, out) == (f"the current folder holds other files: '{tmp_path}'; name a folder with --out")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    (tmp_path / "notes.txt").unlink()
    assert run(["tour", "--out", "."]) == 0
    (tmp_path / "notes.txt").write_text("mine")
    assert run(["tour", "--out", "."]) == 0  # it is the tour's by now
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", *place.names()}


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("earlier", [False, True], ids=["new", "again"])
@pytest.mark.parametrize(("cut", "code"), [(full, 2), (interrupted, 130)], ids=["full", "interrupted"])
def test_a_tour_that_is_cut_short_leaves_what_was_there_before(
    cut: Any, code: int, earlier: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "made" / "here"
    if earlier:
        assert run(["tour", "--out", str(out)]) == 0
    before = {path: path.read_bytes() if path.is_file() else None for path in tmp_path.rglob("*")}
    assert bool(before) is earlier
    own = saved(tmp_path / "own.png", Image.new("RGB", (5, 5), (1, 2, 3)))  # so that other files would be written
    written = 0
    sync = os.fsync

    def cut_late(descriptor: int) -> None:
        nonlocal written
        written += 1
        sync(descriptor) if written < 9 else cut()

    monkeypatch.setattr(os, "fsync", cut_late)
    assert exit_code("tour", "--out", str(out), "--image", str(own)) == code
    assert written == 9
    own.unlink()
    assert {path: path.read_bytes() if path.is_file() else None for path in tmp_path.rglob("*")} == before


def exit_code(*arguments: str) -> int:
    """The exit code of a command in this process, also where the interruption comes through to its caller."""
    try:
        return run(list(arguments))
    except KeyboardInterrupt:
        return 130


@pytest.mark.usefixtures("quick")
def test_a_tour_interrupted_before_it_writes_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    monkeypatch.setattr(photos, "png", interrupted)
    assert exit_code("tour", "--out", str(tmp_path / "there/made/here")) == 130
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]


@pytest.mark.usefixtures("quick")
def test_a_tour_killed_between_two_files_does_not_stand_in_the_way_of_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = 0
    replace = Path.replace

    def killed(self: Path, target: Path) -> Path:
        nonlocal moved
        moved += 1
        if moved > 3:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        assert exit_code("tour", "--out", str(tmp_path)) == 130
    assert [name for name in place.names() if (tmp_path / name).exists()] == list(place.names()[:3])
    assert run(["tour", "--out", str(tmp_path)]) == 0


def test_a_folder_without_write_permission(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    if os.access(closed, os.W_OK):  # root may write anywhere: say for it what the system says to others
        monkeypatch.setattr("deconvs.files.os.access", lambda *_: False)
    assert run(["tour", "--out", str(closed)]) == 2
    assert capsys.readouterr().err == (
        f"deconvs: the folder cannot be written: '{closed}'; choose a folder that can be written\n"
    )


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("given", ["itself", "link", "hard link"])
def test_the_picture_itself_is_never_overwritten(
    given: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert run(["tour", "--out", str(out)]) == 0
    capsys.readouterr()
    mine = out / "padded-convs.png"
    before = mine.read_bytes()
    path = {"itself": tmp_path / "out" / ".." / "out" / mine.name}.get(given, tmp_path / "mine.png")
    if given == "link":
        path.symlink_to(mine)
    elif given == "hard link":
        path.hardlink_to(mine)
    assert refused(capsys, out, "--image", str(path)) == (
        f"the picture would be overwritten: '{path}'; choose another folder with --out"
    )
    assert mine.read_bytes() == before
    # Another picture of that folder is welcome.
    assert run(["tour", "--out", str(out), "--image", str(saved(out / "own.png", Image.new("RGB", (5, 5))))]) == 0
