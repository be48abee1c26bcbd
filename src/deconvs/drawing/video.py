"""Film -> MP4, by the system's ffmpeg: the one format that no Python library of ours writes."""

from __future__ import annotations

import shutil
import subprocess
from math import gcd
from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import GeometryError
from .raster import to_apng
from .scene import Film

MOST_A_SECOND = 50


def to_mp4(film: Film, *, scale: float = 1.0, width: int | None = None) -> bytes:
    """The film as an MP4 file (H.264, which everything plays), once through.

    ``scale`` and ``width`` as in `to_png`; odd sizes get a row or column of paper, which the format needs.
    Errors: GeometryError where ffmpeg is missing or fails.
    """
    ffmpeg = _ffmpeg()
    if ffmpeg is None:
        raise GeometryError(
            "MP4 is written by ffmpeg, which is not installed",
            "no ffmpeg on the PATH, and no package imageio-ffmpeg",
            "install one of them (apt install ffmpeg, pip install imageio-ffmpeg), or use .webp or .gif",
        )
    # Frames at a constant rate, which all durations are multiples of: at a variable one the last is cut short.
    rate = min(MOST_A_SECOND, 1000 / gcd(*film.durations_ms))
    even = f"pad=ceil(iw/2)*2:ceil(ih/2)*2:color=0x{film.paper[1:]}"
    with TemporaryDirectory() as folder:
        here = Path(folder)
        data = to_apng(film, scale=scale, width=width)
        (here / "film.png").write_bytes(data)
        moves = b"acTL" in data
        repeated = ["-loop", "1", "-t", f"{sum(film.durations_ms) / 1000:.3f}"]
        given = ["-f", "apng"] if moves else repeated
        command = [ffmpeg, "-v", "error", "-y", *given, "-i", "film.png"]
        command += ["-vf", f"{even},fps={rate:g},format=yuv420p", "-c:v", "libx264", "-crf", "16"]
        command += ["-movflags", "+faststart", "-metadata", f"title={film.title}", "film.mp4"]
        ran = subprocess.run(command, cwd=here, capture_output=True, check=False)
        if ran.returncode != 0:
            said = " ".join(ran.stderr.decode(errors="replace").split())[-300:]
            raise GeometryError("ffmpeg wrote no film", said or f"exit code {ran.returncode}", "use .webp or .gif")
        return (here / "film.mp4").read_bytes()


def _ffmpeg() -> str | None:
    """The program of the system, or that of the package imageio-ffmpeg."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError:
        return None
    try:
        return str(get_ffmpeg_exe())
    except RuntimeError:
        return None
