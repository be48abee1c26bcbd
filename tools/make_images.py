"""Draws the pictures under img/ anew.

python -m tools.make_images
"""

from __future__ import annotations

from pathlib import Path

from deconvs.drawing import render_named

FOLDER = Path(__file__).parents[1] / "img"

if __name__ == "__main__":
    for path in render_named(FOLDER):
        print(f"{path.relative_to(FOLDER.parent)}: {path.stat().st_size:,} bytes")
