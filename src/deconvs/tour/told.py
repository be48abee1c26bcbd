"""What the tour prints. Plain text, so that it reads the same in a terminal, a log and a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ..drawing.figures.words import size_of
from ..relationships import Relationship
from ..words import per_axis_text, size_text
from .numbers import Demonstrations, Peer
from .photos import Upsampled


def captions(demo: Demonstrations) -> dict[str, str]:
    """What the page says below each named figure."""
    small, padded, stretched, output = map(
        size_of,
        (
            demo.size,
            demo.direct(demo.unit)[0].shape,
            demo.direct(demo.strided)[0].shape,
            demo.output(demo.strided).shape,
        ),
    )
    return {
        "deconvs-as-matrix": "C fills row by row while the kernel moves over the image; "
        "its rows are the columns of Cᵀ.",
        "padded-convs": f"Stride {per_axis_text(demo.unit.stride)}: the {small} input is padded to {padded}; "
        f"the turned kernel gives {size_of(demo.image)}.",
        "fractionally-strided-convs": f"Stride {per_axis_text(demo.strided.stride)}: zeros between and around make "
        f"{stretched} of {small}; the turned kernel gives {output}.",
    }


def matrix(demo: Demonstrations) -> None:
    """C as a table, first of all."""
    c = demo.c()
    print(
        f"C, {size_text(c.shape)}: a {size_text(demo.unit.kernel_size)} convolution of a {size_text(demo.image)} image "
        f"as a matrix (weights {demo.weight.min()} to {demo.weight.max()}, · is a zero of the pattern)\n"
    )
    print(_array(c, zero="·"))


def three_names(demo: Demonstrations) -> None:
    """The three demonstrations in numbers."""
    small, back = demo.ones()
    image, size = size_text(demo.image), size_text(demo.size)
    print(f"\n1. Transposed convolution. C leads from {image} to {size}, its transpose Cᵀ back to {image}. All ones:\n")
    print(_beside("C applied to ones", small, "Cᵀ applied to that", back))
    weights = f"weights {demo.weight.min()} to {demo.weight.max()}"
    print(f"\n   Ones hide how the kernel is turned. With {demo.x[0].tolist()} and {weights}:\n")
    print(_array(demo.output(demo.unit)))

    padded, result = demo.direct(demo.unit)
    print("\n2. Padded convolution. The same from an ordinary convolution with the kernel turned by 180 degrees:\n")
    print(_beside(f"input padded to {size_text(padded.shape)}", padded, "convolved", result))
    print(f"\n   {_equal(demo.convolves(demo.unit))}")

    stretched, result = demo.direct(demo.strided)
    stride, made = per_axis_text(demo.strided.stride), size_text(stretched.shape)
    print(f"\n3. Fractionally strided convolution. At stride {stride}, zeros also go between the elements:\n")
    print(_beside(f"inserted and padded to {made}", stretched, "convolved", result))
    print(f"\n   {_equal(demo.convolves(demo.strided))}")
    told, output = f"{demo.size} into {stretched.shape}", size_text(result.shape)
    print(f'   Often told as "{told}": {made} is the zero-inserted, padded input, the output is {output}.')


def views(equal: Mapping[str, bool]) -> None:
    """Whether all six agree."""
    wrong = [view for view, same in equal.items() if not same]
    print(f"\nsix views: {'equal' if not wrong else 'NOT EQUAL: ' + ', '.join(wrong)} ({', '.join(equal)})")


def relationships(found: Sequence[tuple[Relationship, int, int]]) -> None:
    """Whether the guide's relationships hold."""
    failing = [str(r.number) for r, _, failed in found if failed]
    checks = sum(tried for _, tried, _ in found)
    verdict = "hold" if not failing else f"FAIL in number {', '.join(failing)}"
    print(f"the guide's fifteen relationships, and the one it leaves out: {verdict}, on {checks:,} cases")


def peer(found: Peer) -> None:
    """What PyTorch says."""
    print(found.sentence)


def checkerboard(results: Sequence[Upsampled]) -> None:
    """Upsampling, kernel by kernel."""
    print("\nA picture upsampled by two, by four kernels:\n")
    for result in results:
        height, width = result.pixels.shape[:2]
        print(f"   {result.kernel.title}, {width}x{height}\n      {result.kernel.remark}")


def written(out: Path, pictures: Sequence[str], page: Path, right: bool) -> None:
    """Where everything is; the page's path is the last line."""
    print(f"\n{len(pictures)} pictures in {out}: {', '.join(pictures)}")
    if not right:
        print("Something that must be equal was NOT: see above.")
    print("The story as a page:")
    print(page.resolve())


def _equal(right: bool) -> str:
    return "equal to the transposed convolution" if right else "NOT EQUAL to the transposed one"


def _array(values: NDArray[Any], zero: str = "0") -> str:
    cells = [[zero if value == 0 else str(value) for value in row] for row in values.tolist()]
    width = max(len(cell) for row in cells for cell in row)
    return "\n".join("   " + " ".join(cell.rjust(width) for cell in row) for row in cells)


def _beside(left_title: str, left: NDArray[Any], right_title: str, right: NDArray[Any]) -> str:
    """Two arrays side by side, middle against middle, with their titles above."""
    first, second = _array(left).splitlines(), _array(right).splitlines()
    height = max(len(first), len(second))
    first, second = (
        [""] * ((height - len(lines)) // 2) + lines + [""] * (height - len(lines) - (height - len(lines)) // 2)
        for lines in (first, second)
    )
    width = max(len(left_title) + 3, *map(len, first)) + 4
    arrow = height // 2
    rows = [f"   {left_title}".ljust(width) + f"      {right_title}"]
    for number, (a, b) in enumerate(zip(first, second, strict=True)):
        rows.append((a.ljust(width) + ("-> " if number == arrow else "   ") + b).rstrip())
    return "\n".join(rows)
