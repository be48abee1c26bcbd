"""How everything looks, in one place: a colour for each role, sizes, spacing. Light background.

The roles keep their colours in every picture, whichever way it is read: the short side (the input of a transposed
convolution, the result of the convolution) is blue, the kernel amber, the long side green. Strong where it takes
part, pale where it does not. The hues are apart for every kind of colour vision, the strong ones also in grey. Zeros
have no hue: inserted ones are filled, padding is a dashed outline, what is cropped is crossed out by a pattern. Text
has a contrast of at least 4.5 : 1.
"""

from __future__ import annotations

from dataclasses import dataclass

PAPER = "#FFFFFF"
INK = "#17212B"
MUTED = "#4D5966"
FAINT = "#CBD3DC"

BLUE, BLUE_PALE, BLUE_EDGE = "#1D5FA9", "#B4D0EE", "#7FAEDF"
AMBER, AMBER_PALE, AMBER_EDGE, AMBER_TEXT = "#F2B134", "#FDE9BC", "#E3B557", "#7A4200"
GREEN, GREEN_PALE, GREEN_EDGE, GREEN_TEXT = "#46B595", "#C4E8DA", "#82C9B0", "#0B6650"
AMBER_ON_BLUE = "#FFE3A3"
"""A weight over a lit input."""
FOCUS = "#8F4E00"
"""The frame of the window, and of the output it computes."""

# Text sizes
TITLE, SUBTITLE, LABEL, CAPTION, LEGEND = 22.0, 15.0, 16.0, 19.0, 14.0
PLANE = 12.0
"""Of the names of planes: channels, slices of depth."""
LEGEND_LINE = 28.0
"""From a line of a legend to the next."""
LINE = 1.45
"""Distance of baselines, in text sizes."""

HALF_CAPITAL = 0.364
"""From the middle of digits and capitals to their baseline, in text sizes."""

# Spacing
MARGIN = 32.0
GUTTER = 48.0
"""Between panels; an arrow fits in."""
LABEL_GAP = 12.0
PITCHES = (42, 40, 36, 32, 28, 25, 22, 20, 18, 16, 14, 12)
"""Distances of neighbouring cells, largest first."""
LEGIBLE_PITCH = 25
"""At this pitch numbers of one or two digits are legible."""


@dataclass(frozen=True, slots=True)
class Look:
    """The look of a cell; ``pattern`` and ``dashed`` tell kinds apart without colour."""

    fill: str
    text: str
    edge: str | None = None
    pattern: str | None = None
    dashed: bool = False


# (kind of cell, state): "" at rest, "covered" by the window, "lit" where it takes part.
_LOOKS = {
    ("input", ""): Look(BLUE_PALE, INK, BLUE_EDGE),
    ("input", "lit"): Look(BLUE, PAPER),
    ("inserted", ""): Look("#E3E8EE", MUTED),
    ("inserted", "covered"): Look(AMBER_PALE, MUTED),
    ("padding", ""): Look(PAPER, MUTED, "#A9B4C0", dashed=True),
    ("padding", "covered"): Look(AMBER_PALE, MUTED, "#B07A1E", dashed=True),
    ("cropped", ""): Look(PAPER, MUTED, FAINT, "cross", dashed=True),
    ("kernel", ""): Look(AMBER_PALE, INK, AMBER_EDGE),
    ("kernel", "lit"): Look(AMBER, INK, "#D9971A"),
    ("output", ""): Look(GREEN_PALE, INK, GREEN_EDGE),
    ("output", "lit"): Look(GREEN, INK),
    ("product", ""): Look("#EFEAF6", INK, "#BDAFD6"),
    ("product", "lit"): Look("#C9B8E4", INK, "#9C84C6"),
    ("unknown", ""): Look(PAPER, MUTED, FAINT),
    ("zero", ""): Look("#F5F7F9", MUTED),
    ("hole", ""): Look(PAPER, MUTED, FAINT, "hatch"),
}

PHASES = (
    Look("#CFE0F4", INK, "#7FA8D6"),
    Look("#FBE0B8", INK, "#D9A24A", "hatch"),
    Look("#C9E8DA", INK, "#74BB9C", "cross"),
    Look("#F1D3E2", INK, "#C987A8", "back"),
    Look("#E1DBF2", INK, "#9C8CCB", "dots"),
    Look("#F3EEB4", INK, "#BDB04E", "rows"),
    Look("#CDEBF0", INK, "#6FB3BF", "columns"),
    Look("#E9DACB", INK, "#B39375", "plus"),
    Look("#DADFE5", INK, "#97A3B0"),
)
"""Looks of phases, of which a pattern tells those apart whose colours may look alike."""

_HEAT = ("#EFF8F4", "#4DA488")
"""Few and many products; INK is legible on both ends and between."""


def look(kind: str, state: str = "") -> Look:
    """The look of a cell of this kind in this state."""
    return _LOOKS[kind, state]


def phase(number: int) -> Look:
    """The look of taps and outputs of one phase."""
    return PHASES[number]


def heat(part: float) -> Look:
    """A sequential scale of one hue, 0 pale to 1 strong; lightness falls evenly, so it also reads in grey."""
    pale, strong = (bytes.fromhex(colour[1:]) for colour in _HEAT)
    mixed = bytes(round(a + (b - a) * part) for a, b in zip(pale, strong, strict=True))
    return Look(f"#{mixed.hex().upper()}", INK, GREEN_EDGE)
