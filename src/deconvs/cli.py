"""The command line: argument parsing and printing only. Errors are one line on stderr, exit code 2; see terminal.py."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main

from . import __version__, cli_bench, cli_convert, cli_doctor, cli_draw, cli_gallery, cli_values
from .arguments import integer
from .errors import GeometryError
from .programs import LANGUAGES
from .terminal import WRONG, tell

app = typer.Typer(
    name="deconvs",
    help="Transposed convolution (deconvolution, fractionally strided convolution): see it, prove it, run it.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

# Typer has brought its own copy of Click since 0.2x and takes the installed one before: ask it for the class.
_CommandLineError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")

Kernel = Annotated[str, typer.Option("--kernel-size", "-k", help="Taps per axis: 3 or 3x4.")]
Stride = Annotated[str, typer.Option("--stride", "-s", help="2 or 2x1.")]
Padding = Annotated[str, typer.Option("--padding", "-p", help="1, 1x2, or begin:end as in 0:1x-1:0.")]
OutputPadding = Annotated[str, typer.Option("--output-padding", "-o", help="1 or 1x0.")]
Dilation = Annotated[str, typer.Option("--dilation", "-d", help="2 or 2x1.")]
Groups = Annotated[str, typer.Option("--groups", "-g", metavar="INTEGER", help="Channel groups.")]
Channels = Annotated[str | None, typer.Option("--channels", "-c", help="C_in,C_out; by default one a group.")]
_LAYER = ("kernel_size", "stride", "padding", "output_padding", "dilation", "groups", "channels")
"""The options that say a layer."""
Json = Annotated[bool, typer.Option("--json", help="Print data instead of text.")]


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        print(f"deconvs {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(WRONG)


@app.command()
def tour(
    out: Annotated[Path, typer.Option(help="Folder for the pictures and the page.", readable=False)] = Path(
        "deconvs-tour"
    ),
    image: Annotated[
        Path | None, typer.Option(help="A PNG or JPEG to upsample, not the test card.", readable=False)
    ] = None,
) -> None:
    """Show that every deconvolution is padding or zero-inserting, then a convolution: numbers, pictures, a page.

    Example: deconvs tour --out tour --image photo.jpg
    """
    from .tour import run

    raise typer.Exit(run(out, image))


@app.command()
def explain(
    input_size: Annotated[str, typer.Argument(help="Input size, such as 4x4; its length is the number of axes.")],
    kernel_size: Kernel = "3",
    stride: Stride = "1",
    padding: Padding = "0",
    output_padding: OutputPadding = "0",
    dilation: Dilation = "1",
    groups: Groups = "1",
    channels: Channels = None,
    batch: Annotated[str, typer.Option("--batch", "-n", metavar="INTEGER", help="Images in a batch.")] = "1",
    view: Annotated[str | None, typer.Option(help="Show the plan of one view, step by step, instead.")] = None,
    native: Annotated[
        bool, typer.Option("--native", help="Show which native kernel computes it on this machine, and why, instead.")
    ] = False,
    dtype: Annotated[str | None, typer.Option(help="With --native: float32 or float64.")] = None,
    threads: Annotated[
        str | None, typer.Option(metavar="INTEGER", help="With --native: threads; by default all usable CPUs.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain one layer at one input size: sizes, names, views and their costs, coverage.

    Examples: deconvs explain 8x8 -k 4 -s 2 -p 1; deconvs explain 64x64 -k 4 -s 2 -p 1 -c 256,128 --native
    """
    from .report import explain as explained

    if native and view is not None:
        raise GeometryError("one thing at a time", f"--native and --view {view}", "leave one out")
    if not native and (dtype is not None or threads is not None):
        given = "--dtype" if dtype is not None else "--threads"
        raise GeometryError("only the native kernels depend on it", f"{given} given", "add --native")
    sizes = cli_values.sizes("input_size", input_size)
    geometry = cli_values.geometry(len(sizes), kernel_size, stride, padding, output_padding, dilation, groups)
    pair = None if channels is None else cli_values.channels("channels", channels)
    images = cli_values.integer("batch", batch)
    if native:
        from .run.explain import explain_native

        workers = None if threads is None else cli_values.integer("threads", threads)
        found = explain_native(geometry, sizes, channels=pair, batch=images, dtype=dtype or "float32", threads=workers)
        _print_json(found.as_dict()) if as_json else print(found)
        return
    if view is None:
        told = explained(geometry, sizes, channels=pair, batch=images)
        colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        _print_json(told.as_dict()) if as_json else print(told.text(colour=colour))
        return
    plan = geometry.plan(cli_values.shortened(view))
    costs = plan.at(sizes, channels=pair, batch=images)
    _print_json(costs.as_dict()) if as_json else print(f"{plan}\n\n{costs}")


@app.command()
def names(
    kernel: Annotated[str, typer.Option("--kernel", "-k", help="Kernel sizes, such as 3 or 1..5.")] = "1..5",
    stride: Annotated[str, typer.Option("--stride", "-s", help="Strides, such as 2 or 1..3.")] = "1..3",
    padding: Annotated[str, typer.Option("--padding", "-p", help="Paddings, such as 0 or 0..2.")] = "0..2",
    ndim: Annotated[str, typer.Option(metavar="INTEGER", help="Spatial axes.")] = "2",
    as_json: Json = False,
) -> None:
    """Which name each kernel, stride and padding earns, with the reason: the question the project began with.

    Example: deconvs names --kernel 2..4 --stride 1..2 --padding 0
    """
    from .names_text import as_data, as_text

    ranges = (
        cli_values.span("kernel", kernel, 1),
        cli_values.span("stride", stride, 1),
        cli_values.span("padding", padding, 0),
    )
    axes = cli_values.integer("ndim", ndim)
    _print_json(as_data(*ranges, axes)) if as_json else print(as_text(*ranges, axes))


@app.command()
def check(
    context: typer.Context,
    input_size: Annotated[str, typer.Argument(help="Input size, such as 4x4; with --config a checkpoint's path.")],
    kernel_size: Kernel = "3",
    stride: Stride = "1",
    padding: Padding = "0",
    output_padding: OutputPadding = "0",
    dilation: Dilation = "1",
    groups: Groups = "1",
    channels: Channels = None,
    config: Annotated[
        Path | None,
        typer.Option(help="JSON: the layers of a .safetensors or .npz file, as for convert.", readable=False),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option("--target", "-t", help="A framework or deployment target that must take the layer; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """What may go wrong with a layer or a checkpoint, with reasons and fixes. Exit code 1 if there is more than notes.

    Examples: deconvs check 8x8 -k 3 -s 2 --target tflite --target coreml;
    deconvs check unet.safetensors --config layers.json
    """
    from . import lint_text as texts
    from .checking import checked

    if config is not None:
        given = [name for name in _LAYER if getattr(context.get_parameter_source(name), "name", "") != "DEFAULT"]
        if given:
            raise GeometryError(
                "the layers of a checkpoint are in its config",
                f"--{given[0].replace('_', '-')} given too",
                "leave it out, or --config",
            )
        layers = checked(input_size, config, None, target or None)
    elif Path(input_size).suffix in (".npz", ".safetensors"):
        raise GeometryError(
            "a checkpoint needs a config that names its layers", f"{input_size!r} alone", "add --config layers.json"
        )
    else:
        sizes = cli_values.sizes("input_size", input_size)
        geometry = cli_values.geometry(len(sizes), kernel_size, stride, padding, output_padding, dilation, groups)
        pair = None if channels is None else cli_values.channels("channels", channels)
        layers = checked(geometry, sizes, pair, target or None)
    _print_json(texts.layers_as_data(layers)) if as_json else print(texts.layers_text(layers))
    raise typer.Exit(texts.exit_code(layers))


@app.command()
def solve(
    input_size: Annotated[str, typer.Argument(help="Input size, such as 7x7.")],
    output_size: Annotated[str | None, typer.Argument(help="Output size, such as 14x14; not with --undo.")] = None,
    kernel_size: Annotated[
        str | None, typer.Option("--kernel-size", "--kernel", "-k", help="Allowed kernels, such as 4 or 2..6.")
    ] = None,
    stride: Annotated[str | None, typer.Option("--stride", "-s", help="Allowed strides, such as 2 or 1..3.")] = None,
    padding: Annotated[str | None, typer.Option("--padding", "-p", help="Allowed paddings, such as 1 or 0..2.")] = None,
    output_padding: Annotated[
        str | None, typer.Option("--output-padding", "-o", help="Allowed output paddings, such as 0.")
    ] = None,
    dilation: Annotated[str, typer.Option("--dilation", "-d", help="Allowed dilations, such as 1 or 1..2.")] = "1",
    even: Annotated[bool, typer.Option("--even", help="Only layers that cover their output evenly.")] = False,
    chain: Annotated[str | None, typer.Option(metavar="INTEGER", help="That many layers, one after the other.")] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="The layer that undoes a convolution of this kernel, stride and padding.")
    ] = False,
    most: Annotated[str, typer.Option(metavar="INTEGER", help="How many to show.")] = "10",
    framework: Annotated[str, typer.Option(help=f"Whose code to show: {', '.join(LANGUAGES)}.")] = "torch",
    as_json: Json = False,
) -> None:
    """Which layers lead from one size to another: all of a box of parameters, best first. Exit code 1 without any.

    Examples: deconvs solve 7x7 14x14 --even; deconvs solve 4x4 64x64 --chain 4;
    deconvs solve 15x15 --undo -k 3 -s 2 -p 1
    """
    from . import solver_text as texts
    from .chains import solve_chain
    from .geometry import Conv
    from .solver import solve as solved

    if framework not in LANGUAGES:
        raise GeometryError("no such framework", f"{framework!r}", f"use one of {', '.join(LANGUAGES)}")
    inputs = cli_values.sizes("input_size", input_size)
    limit = integer("most", cli_values.integer("most", most), minimum=1)
    if undo:
        if output_size is not None or chain is not None or even or output_padding is not None:
            raise GeometryError(
                "--undo takes a convolution", "output_size, --chain, --even or --output-padding given", "leave them out"
            )
        axes = len(inputs)
        conv = Conv(
            cli_values.one_or_each("kernel_size", kernel_size or "3", axes),
            cli_values.one_or_each("stride", stride or "1", axes),
            cli_values.padding("padding", padding or "0", axes),
            cli_values.one_or_each("dilation", dilation, axes),
        )
        text = texts.undone_text(conv, inputs, framework)
        _print_json(texts.undone_as_data(conv, inputs, framework)) if as_json else print(text)
        return
    if output_size is None:
        raise GeometryError("output_size is missing", f"input_size={input_size}", "write deconvs solve 7x7 14x14")
    outputs = cli_values.sizes("output_size", output_size)
    box = {
        name: None if text is None else cli_values.span(name, text, minimum)
        for name, text, minimum in (
            ("kernel_size", kernel_size, 1),
            ("stride", stride, 1),
            ("padding", padding, 0),
            ("output_padding", output_padding, 0),
        )
    }
    dilations = cli_values.span("dilation", dilation, 1)
    if chain is not None:
        layers = cli_values.integer("chain", chain)
        chains = solve_chain(inputs, outputs, layers, **box, dilation=dilations, even=even, most=limit)
        text = texts.chains_text(chains, inputs, outputs, layers, framework)
        _print_json(texts.chains_as_data(chains, framework)) if as_json else print(text)
        raise typer.Exit(0 if chains else 1)
    found = solved(inputs, outputs, **box, dilation=dilations, even=even)
    text = texts.solutions_text(found, inputs, outputs, limit, framework)
    _print_json(texts.as_data(found, inputs, framework)) if as_json else print(text)
    raise typer.Exit(0 if found else 1)


app.command()(cli_bench.bench)
app.command()(cli_convert.convert)
app.command()(cli_doctor.doctor)
app.command()(cli_draw.draw)
app.command()(cli_gallery.gallery)


def run(arguments: list[str]) -> int:
    """Run the command line; returns the exit code."""
    # Not app(): its own main turns interrupts, readers that have gone and help into texts and exit codes of its own.
    command = typer.main.get_command(app)
    try:
        with command.make_context("deconvs", list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as finished:
        return finished.exit_code
    except GeometryError as error:
        return tell(str(error))
    except _CommandLineError as error:
        at = getattr(error, "ctx", None)
        hint = f" (see {at.command_path} --help)" if at else ""
        return tell(cli_values.shortened(error.format_message(), 200) + hint)
    except MemoryError:
        asked = cli_values.shortened(shlex.join(arguments))
        return tell(f"there is not enough memory: asked for {asked}; use smaller sizes")
    return 0


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=2))
