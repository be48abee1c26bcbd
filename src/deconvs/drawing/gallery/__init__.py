"""The gallery: every figure of the guide but for pooling (1.5, 1.6) drawn anew, and what the guide lacks.

>>> from deconvs.drawing.gallery import GALLERY
>>> GALLERY["padding_strides_transposed"].geometry
ConvTranspose(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))
"""

from __future__ import annotations

from .entry import Entry
from .render import FORMATS, render_gallery
from .table import GALLERY

__all__ = ["FORMATS", "GALLERY", "Entry", "render_gallery"]
