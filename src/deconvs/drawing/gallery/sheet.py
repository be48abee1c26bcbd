"""The contact sheet: the stills of many pictures in a grid, each above its name."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from math import ceil

from .. import style
from ..raster import channels, nearest
from ..scene import Scene, Text
from ..svg import Writer, number
from ..theme import on

COLUMNS = 6
WIDTH, HEIGHT = 340.0, 260.0
"""Of the room for a picture."""
NAME, GAP, MARGIN = 13.0, 24.0, 32.0
ZOOM = 0.8
COLOURS = 256
"""Of its palette: the most used. A smooth edge takes the nearest."""


def contact_sheet(stills: Sequence[tuple[str, Scene]]) -> bytes:
    r"""All stills with their names, as a PNG file.

    >>> contact_sheet([("nothing", Scene(40, 20, (), "Nothing", "An empty picture."))])[:4]
    b'\x89PNG'
    """
    import numpy as np
    import resvg_py
    from PIL import Image

    png = resvg_py.svg_to_bytes(svg_string=sheet_svg(stills), skip_system_fonts=True, zoom=ZOOM)
    with Image.open(BytesIO(bytes(png))) as painted:
        rows = np.asarray(painted.convert("RGBA"))
    # Pillow's own quantize is not exact: it would make white paper grey.
    packed = rows.view(">u4")[..., 0] >> 8
    found, where, counts = np.unique(packed, return_inverse=True, return_counts=True)
    palette = found[np.argsort(-counts, kind="stable")[:COLOURS]]
    image = Image.fromarray(nearest(found, palette)[where.reshape(packed.shape)])
    image.putpalette(channels(palette).astype(np.uint8).tobytes())
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def sheet_svg(stills: Sequence[tuple[str, Scene]]) -> str:
    """The sheet as SVG: the shapes of every scene, made smaller."""
    columns = min(COLUMNS, len(stills))
    rows = ceil(len(stills) / columns)
    step_x, step_y = WIDTH + GAP, HEIGHT + NAME + 2 * GAP
    width, height = 2 * MARGIN + columns * step_x - GAP, 2 * MARGIN + rows * step_y - GAP
    paper = stills[0][1].paper
    writer = Writer("s")
    body = []
    for at, (name, scene) in enumerate(stills):
        left, top = MARGIN + at % columns * step_x, MARGIN + at // columns * step_y
        scale = min(WIDTH / scene.width, HEIGHT / scene.height)
        x, y = left + (WIDTH - scene.width * scale) / 2, top + (HEIGHT - scene.height * scale) / 2
        shapes = "".join(map(writer.shape, scene.shapes))
        body.append(f'<g transform="translate({number(x)} {number(y)})scale({number(scale, 4)})">{shapes}</g>')
        fill = on(paper, style.INK)
        body.append(writer.shape(Text(left + WIDTH / 2, top + HEIGHT + GAP, name, NAME, fill, "semibold", "middle")))
    size = f'width="{number(width)}" height="{number(height)}" viewBox="0 0 {number(width)} {number(height)}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size}>',
            "<defs>",
            *writer.definitions,
            "</defs>",
            f'<rect width="{number(width)}" height="{number(height)}" fill="{paper}"/>',
            *body,
            "</svg>",
        ]
    )
