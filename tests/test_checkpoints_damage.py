"""Files of checkpoints that are damaged, lie about themselves, or do not fit in memory: one error, and nothing written."""

from __future__ import annotations

import io
import os
import pickle
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

import deconvs as dc
from deconvs import memory
from deconvs.checkpoints import files, npz
from deconvs.checkpoints import safetensors as ours
from deconvs.checkpoints.files import read_npy

from .checkpoint_fuzz import run_headers
from .test_checkpoints import CONFIG, TENSORS, folder
from .test_checkpoints_errors import refused

__all__ = ["folder"]


def npy(header: bytes, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    """A .npy file of this header."""
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + data


def zipped(**members: bytes) -> bytes:
    """A .npz file of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return out.getvalue()


def header(text: str, data: bytes = b"") -> bytes:
    """A .safetensors file of this header."""
    return len(text.encode()).to_bytes(8, "little") + text.encode() + data


ONE = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
DAMAGED = "the file is damaged, or is not what its name says: "
FILES = [
    ("x.npz", b"", "'x.npz': File is not a zip file"),
    ("x.npz", pickle.dumps(7), "'x.npz': File is not a zip file"),
    ("x.npz", b"#!" + zipped(), "'x.npz': it does not begin as a zip archive"),
    ("x.npz", zipped(a=b"nonsense"), "'a': it has no .npy header"),
    ("x.npz", zipped(a=npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,)}\n")), "'a': shape (1000000000000,) of float32 needs 4000000000000 bytes, 0 are there"),
    ("x.npz", zipped(a=npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -1)}\n", bytes(4))), "'a': its shape has an axis of a negative size"),
    ("x.npz", zipped(a=npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"1," * 65 + b")}\n", bytes(4))), "'a': its shape has 65 axes, of up to 64"),
    ("x.npz", zipped(a=npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': (0x" + b"f" * 4000 + b", 0x" + b"f" * 4000 + b")}\n")), "'a': its shape has an axis of 2**63 elements or more"),
    ("x.npz", zipped(a=npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': ()}\n", bytes(8))), "'a': shape () of float32 needs 4 bytes, 8 are there"),
    ("x.npz", zipped(a=npy(b"(" * 900)), "'a': it has no .npy header"),
    ("x.npz", zipped(a=npy(b"", version=b"\x03\x00")), "'a': version 3.0 of .npy, which is for records"),
    ("x.safetensors", b"", "'x.safetensors': the length of its header is wrong"),
    ("x.safetensors", b"\xff" * 20, "'x.safetensors': the length of its header is wrong"),
    ("x.safetensors", header("[]"), "'x.safetensors': its header is not a JSON object"),
    ("x.safetensors", header("{{"), "'x.safetensors': its header is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
    ("x.safetensors", header(ONE + ',"a":1}'), "'x.safetensors': its header has 'a' twice"),
    ("x.safetensors", header('{"a":' + "[" * 100_000), "'x.safetensors': its header is not JSON (nested too deeply)"),
    ("x.safetensors", header(ONE + "}", bytes(4)), "'x.safetensors': its tensors end at byte 70, the file at 66"),
    ("x.safetensors", header(ONE + "}", bytes(12)), "'x.safetensors': its tensors end at byte 70, the file at 74"),
    ("x.safetensors", header(ONE.replace("F32", "F33") + "}", bytes(8)), "'x.safetensors': the type 'F33' of 'a' is not known"),
    ("x.safetensors", header(ONE.replace("[2]", "[3]") + "}", bytes(8)), "'x.safetensors': the bytes of 'a' are not those of shape (3,) and F32"),
    ("x.safetensors", header(ONE.replace("[2]", "[true]") + "}", bytes(8)), "'x.safetensors': its header does not tell dtype, shape and data_offsets of 'a'"),
    ("x.safetensors", header(ONE.replace("[0,8]", "[8,0]") + "}", bytes(8)), "'x.safetensors': the bytes of 'a' are not those of shape (2,) and F32"),
    ("x.safetensors", header('{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,1]}}', bytes(1)), "'x.safetensors': the bytes of 'a' are not those of shape (3,) and F4"),
    ("x.safetensors", header('{"a":{"dtype":"F32","shape":[0' + ",1" * 99 + '],"data_offsets":[0,0]}}'), "'x.safetensors': 'a' has 100 axes, of up to 64"),
    ("x.safetensors", header('{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}'), "'x.safetensors': array is too big; `arr.size * arr.dtype.itemsize` is larger than the maximum possible size."),
    ("x.safetensors", header(ONE.replace("[0,8]", "[-0,8]") + "}", bytes(8)), "'x.safetensors': its header does not tell dtype, shape and data_offsets of 'a'"),
    ("x.safetensors", header('{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}'), "'x.safetensors': its header does not tell dtype, shape and data_offsets of 'a'"),
    ("x.safetensors", header(ONE + ',"__metadata__":{},"__metadata__":{}}', bytes(8)), "'x.safetensors': its header has '__metadata__' twice"),
    ("x.safetensors", header(ONE + ',"__metadata__":[]}', bytes(8)), "'x.safetensors': its metadata is not words with texts"),
    ("x.safetensors", header(ONE.replace('"a"', '"\\ud800"') + "}", bytes(8)), "'x.safetensors': its header is not JSON ('utf-8' codec can't encode character '\\ud800' in position 2: surrogates not allowed)"),
    ("x.safetensors", header(ONE + ',"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}', bytes(12)), "'x.safetensors': the bytes of 'b' are not those of shape (2,) and F32"),
    ("x.safetensors", header(ONE + ',"__metadata__":{"a":1}}', bytes(8)), "'x.safetensors': its metadata is not words with texts"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "why"), FILES, ids=[f"{number} {why[:50]}" for number, (_, _, why) in enumerate(FILES)]
)
def test_damaged_files(name: str, data: bytes, why: str, folder: Path) -> None:
    Path(name).write_bytes(data)
    refused(f"{DAMAGED}{why}; save it again", name, {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras")


def test_the_package_refuses_these_files_too(folder: Path) -> None:
    for name, data, _ in FILES:
        if name.endswith(".safetensors"):
            with pytest.raises(Exception):  # noqa: B017, PT011
                safetensors.numpy.load(data)


STRICTER = [
    # What the package reads, and which of two it means would be a guess, or what it passes over would be lost.
    (header("{" + ONE[1:] + "," + ONE[1:] + "}", bytes(8)), f"{DAMAGED}'x.safetensors': its header has 'a' twice; save it again"),
    (header(ONE + ',"__metadata__":{"b":"1","c":"2","b":"3"}}', bytes(8)), f"{DAMAGED}'x.safetensors': its header has 'b' twice; save it again"),
    (header(ONE[:-1] + ',"scale":2}}', bytes(8)), "the file says more of a tensor than is understood here: 'x.safetensors': 'a' has 'scale' beside dtype, shape and data_offsets; load it with the package safetensors, which passes over these, and save it again"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "message"), STRICTER, ids=["tensor twice", "word twice", "more words"])
def test_what_the_package_reads_and_nobody_should_guess(data: bytes, message: str, folder: Path) -> None:
    assert list(safetensors.numpy.load(data)) == ["a"]
    Path("x.safetensors").write_bytes(data)
    refused(message, "x.safetensors", {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras")


def test_metadata_that_are_null_are_none(folder: Path) -> None:
    data = header(ONE + ',"__metadata__":null}', np.ones(2, "<f4").tobytes())
    Path("x.safetensors").write_bytes(data)
    report = dc.convert_checkpoint(
        "x.safetensors", {"framework": "torch", "keep": ["a"]}, "y.safetensors", target="keras"
    )
    assert "metadata" not in report.config
    assert np.array_equal(safetensors.numpy.load(data)["a"], safetensors.numpy.load_file("y.safetensors")["a"])


def test_random_damage_that_the_package_refuses_is_refused() -> None:
    counts = run_headers(2000, 0)
    assert counts["read by both"] > 300
    assert counts["refused by both"] > 800
    assert 0 < counts["read by the package only"] < 300


NO_BYTES = "elements of no bytes are not read: 'a' has dtype {}; save it without this array"


@pytest.mark.parametrize("descr", ["|S0", "|V0", "<U0", [], ("<f4", (0,))], ids=str)
@pytest.mark.parametrize("shape", [(10**12,), (2**62, 2), (10**9, 10**9), (0,), ()], ids=str)
def test_elements_of_no_bytes(descr: Any, shape: tuple[int, ...], folder: Path) -> None:
    """As many of them as one likes fit into a file of 300 bytes."""
    array = npy(f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}\n".encode())
    Path("x.npz").write_bytes(zipped(a=array))
    keep = {"framework": "torch", "keep": ["*"]}
    said = descr if descr in ("|S0", "<U0") else "|V0"
    refused(NO_BYTES.format(said), "x.npz", keep, "b.npz", target="keras")
    Path("a.npy").write_bytes(array)
    with pytest.raises(dc.GeometryError, match="elements of no bytes"):
        read_npy("a.npy")


def test_shapes_without_elements_are_kept(folder: Path) -> None:
    """Long axes beside one of no length: nothing is stored, and nothing iterated."""
    empty = {"a": np.zeros((10**12, 0), "f4"), "b": np.zeros((0, 2**40), "?")}
    np.savez("z.npz", **empty)
    for name in ("b.npz", "b.safetensors"):
        dc.convert_checkpoint("z.npz", {"framework": "torch", "keep": ["*"]}, name, target="keras")
    assert {name: array.shape for name, array in np.load("b.npz").items()} == {"a": (10**12, 0), "b": (0, 2**40)}
    assert files.read(Path("b.safetensors")).tensors["a"].shape == (10**12, 0)


def test_shapes_of_very_many_axes_take_no_time(folder: Path) -> None:
    """Their product would have millions of digits."""
    data = header('{"a":{"dtype":"U8","shape":[' + f"{2**63 - 1}," * 400_000 + '2],"data_offsets":[0,0]}}')
    Path("x.safetensors").write_bytes(data)
    refused(
        f"{DAMAGED}'x.safetensors': 'a' has 400,001 axes, of up to 64; save it again",
        "x.safetensors", {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras",
    )  # fmt: skip


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_members_that_unpack_to_more_than_they_say(how: int, folder: Path) -> None:
    """No more is unpacked than the directory says; the ways of packing that cannot be stopped are refused."""
    array = npy(b"{'descr': '|u1', 'fortran_order': False, 'shape': (8,)}\n", bytes(8))
    whole, out = array + bytes(2**28), io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        archive.writestr("a.npy", whole)
    data = out.getvalue()
    for number in (len, zlib.crc32):
        data = data.replace(number(whole).to_bytes(4, "little"), number(array).to_bytes(4, "little"))
    del whole, out
    Path("x.npz").write_bytes(data)
    keep = {"framework": "torch", "keep": ["*"]}
    if how == zipfile.ZIP_DEFLATED:
        tracemalloc.start()
        dc.convert_checkpoint("x.npz", keep, "b.npz", target="keras")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**23
        assert np.load("b.npz")["a"].shape == (8,)
    else:
        message = f"{DAMAGED}'x.npz': it is packed in a way that NumPy does not use: 'a.npy'; save it again"
        refused(message, "x.npz", keep, "b.npz", target="keras")


def test_python_objects_are_never_unpickled(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return os.mkdir, ("sprung",)

    np.savez("p.npz", a=np.array([Trap()], dtype=object))
    refused(
        "Python objects are not read, because pickle can run any code: 'a' has dtype object; save it as numbers",
        "p.npz", {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras",
    )  # fmt: skip
    torch.save({"a": torch.ones(2)}, "model.npz")  # a zip archive too, with a pickle inside
    refused(
        f"{DAMAGED}'model.npz': it holds other things than arrays: 'model/data.pkl', 'model/.format_version', "
        "'model/.storage_alignment', 'model/byteorder' and 3 more; save it again",
        "model.npz", {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras",
    )  # fmt: skip
    assert not Path("sprung").exists()


def test_two_members_of_one_name(folder: Path) -> None:
    zero = npy(b"{'descr': '<f4', 'fortran_order': False, 'shape': ()}\n", bytes(4))
    with zipfile.ZipFile("t.npz", "w") as archive:
        archive.writestr("a.npy", zero)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.npy", zero)
    message = f"{DAMAGED}'t.npz': it holds two of 'a.npy'; save it again"
    refused(message, "t.npz", {"framework": "torch", "keep": ["*"]}, "b.npz", target="keras")


def test_what_does_not_fit_in_memory_is_refused_before_it_is_loaded(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small archive that unpacks to much, by what its directory says."""
    with zipfile.ZipFile("bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(100 * 2**20))
    assert Path("bomb.npz").stat().st_size < 2**20
    monkeypatch.setattr(memory, "available_memory", lambda: 2**28)
    keep = {"framework": "torch", "keep": ["*"]}
    refused(
        "the checkpoint 'bomb.npz' does not fit in memory: 1 tensors: 300.0 MiB needed, 256.0 MiB free; convert it "
        "where there is more memory",
        "bomb.npz", keep, "b.npz", target="keras",
    )  # fmt: skip
    with Path("big.safetensors").open("wb") as big:
        big.truncate(2**27)
    refused(
        "the checkpoint 'big.safetensors' does not fit in memory: as a file: 384.0 MiB needed, 256.0 MiB free; convert "
        "it where there is more memory",
        "big.safetensors", keep, "b.npz", target="keras",
    )  # fmt: skip
    # A header is many times longer as Python's objects, and many small members take more than what they hold.
    text = ",".join(f'"t{number}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}' for number in range(120_000))
    Path("many.safetensors").write_bytes(header("{" + text + "}"))
    size = Path("many.safetensors").stat().st_size
    needed = f"{(51 * size - 48 * 8) / 2**20:.1f} MiB"
    refused(
        f"the checkpoint 'many.safetensors' does not fit in memory: as a file: {needed} needed, 256.0 MiB free; "
        "convert it where there is more memory",
        "many.safetensors", keep, "b.npz", target="keras",
    )  # fmt: skip
    monkeypatch.setattr(npz, "_OF_MEMBER", 2**27)
    refused(
        "the checkpoint 'a.npz' does not fit in memory: 5 tensors: 640.0 MiB needed, 256.0 MiB free; convert it where "
        "there is more memory",
        "a.npz", keep, "b.npz", target="keras",
    )  # fmt: skip


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_many_small_tensors_take_what_is_asked_for(suffix: str, folder: Path) -> None:
    """Peak of Python's memory from reading to writing, against what is required before."""
    count = 4000
    path = Path(f"many{suffix}")
    if suffix == ".npz":
        np.savez(path, **{f"t{number}": np.zeros(1) for number in range(count)})
    else:
        safetensors.numpy.save_file({f"t{number}": np.zeros(1) for number in range(count)}, path)
    asked = []
    dc.convert_checkpoint(path, {"framework": "torch", "keep": ["*"]}, f"warm{suffix}", target="keras")
    with pytest.MonkeyPatch.context() as patch:
        for module in (npz, ours):
            patch.setattr(module, "require_bytes", lambda what, values, needed: asked.append(needed))
        tracemalloc.start()
        dc.convert_checkpoint(path, {"framework": "torch", "keep": ["*"]}, f"b{suffix}", target="keras")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert 0.25 * asked[0] < peak < asked[0]


@pytest.mark.parametrize("name", ["a.npz", "s.safetensors"])
def test_files_that_cannot_be_read(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told as such, not as damaged."""
    safetensors.numpy.save_file(TENSORS, "s.safetensors")

    def failing(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", failing)
    monkeypatch.setattr(Path, "read_bytes", failing)
    with pytest.raises(dc.GeometryError) as caught:
        dc.convert_checkpoint(name, CONFIG, "b.npz", target="keras")
    assert str(caught.value) == (f"the file cannot be read: '{name}': Permission denied; give a file that can be read")
