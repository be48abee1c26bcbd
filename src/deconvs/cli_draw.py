"""`deconvs draw`: one layer as a picture, in the format that the file's name asks for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from . import cli_values
from .arguments import integer
from .errors import GeometryError

if TYPE_CHECKING:
    from .drawing.figures.words import Values


def draw(
    input_size: Annotated[
        str, typer.Argument(help="Input size, such as 4x4; its length is the number of axes, 1 to 3.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            help="The file: .svg, .gif, .apng, .webp and .mp4 move, .html has play, pause and step, .png is a still.",
            readable=False,
        ),
    ],
    kernel_size: Annotated[str, typer.Option("--kernel-size", "-k", help="Taps per axis: 3 or 3x4.")] = "3",
    stride: Annotated[str, typer.Option("--stride", "-s", help="2 or 2x1.")] = "1",
    padding: Annotated[str, typer.Option("--padding", "-p", help="1, 1x2, or begin:end as in 0:1x-1:0.")] = "0",
    output_padding: Annotated[str, typer.Option("--output-padding", "-o", help="1 or 1x0.")] = "0",
    dilation: Annotated[str, typer.Option("--dilation", "-d", help="2 or 2x1.")] = "1",
    groups: Annotated[str, typer.Option("--groups", help="Groups of channels.")] = "1",
    channels: Annotated[
        str | None, typer.Option("--channels", "-c", help="C_in,C_out, shown as stacks; one of each group by default.")
    ] = None,
    convolution: Annotated[
        bool, typer.Option("--convolution", help="Draw the ordinary convolution of these parameters instead.")
    ] = False,
    view: Annotated[
        str,
        typer.Option(
            help="scatter, matrix, direct, polyphase, subpixel, gemm, coverage, isometric or morph."
            " A convolution has direct and isometric."
        ),
    ] = "direct",
    values: Annotated[
        str | None, typer.Option(help="numbers, symbols or hidden; by default what suits the view.")
    ] = None,
    theme: Annotated[str, typer.Option(help="light or dark.")] = "light",
    layout: Annotated[str, typer.Option(help="wide, or narrow to be read where it is 300 pixels wide.")] = "wide",
    x: Annotated[str | None, typer.Option(help="Numbers of the input, as JSON: [[1, 2], [3, 4]].")] = None,
    weight: Annotated[str | None, typer.Option(help="Numbers of the kernel, as JSON.")] = None,
    width: Annotated[str | None, typer.Option(metavar="INTEGER", help="Pixels, for formats that have pixels.")] = None,
) -> None:
    """Draw a layer number by number: its stamps, its zeros and the kernel sliding over them, its matrix, its coverage.

    Examples: deconvs draw 2x2 -k 3 -s 2 --out layer.svg; deconvs draw 5 -k 4 -s 2 -p 1 --view scatter --out stamps.gif
    """
    from .drawing import draw as drawn

    sizes = cli_values.sizes("input_size", input_size)
    layer = (len(sizes), kernel_size, stride, padding, output_padding, dilation, groups)
    geometry = cli_values.convolution(*layer) if convolution else cli_values.geometry(*layer)
    pixels = None if width is None else integer("width", cli_values.integer("width", width), minimum=1)
    picture = drawn(
        geometry,
        sizes,
        cli_values.shortened(view),
        x=_numbers("x", x),
        weight=_numbers("weight", weight),
        channels=None if channels is None else cli_values.channels("channels", channels),
        values=None if values is None else cast("Values", cli_values.shortened(values)),
        theme=cli_values.shortened(theme),
        layout=cli_values.shortened(layout),
    )
    picture.save(out, width=pixels)
    print(f"{out}: {picture.shown.title}")


def _numbers(name: str, text: str | None) -> Any:
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if found is None:
        raise GeometryError(
            f"{name} is not JSON", f"{name}={cli_values.shortened(text)!r}", "write nested lists: [[1, 2], [3, 4]]"
        )
    return found
