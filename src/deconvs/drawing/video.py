"""Film -> MP4, by the system's ffmpeg: the one format that no Python library of ours writes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from ..errors import GeometryError
from .raster import to_png
from .scene import Film


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
    with TemporaryDirectory() as folder:
        here = Path(folder)
        lines = ["ffconcat version 1.0"]
        for turn, (scene, duration) in enumerate(zip(film.scenes, film.durations_ms, strict=True)):
            name = f"{turn:04}.png"
            (here / name).write_bytes(to_png(scene, scale=scale, width=width))
            lines += [f"file {name}", f"duration {duration / 1000:.3f}"]
        # The last duration counts only if another frame follows.
        lines.append(lines[-2])
        (here / "frames.txt").write_text("\n".join(lines), encoding="utf-8")
        command = [ffmpeg, "-v", "error", "-y", "-f", "concat", "-i", "frames.txt"]
        command += ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white,format=yuv420p", "-fps_mode", "vfr"]
        command += ["-c:v", "libx264", "-crf", "16", "-movflags", "+faststart", "-metadata", f"title={film.title}"]
        ran = subprocess.run([*command, "film.mp4"], cwd=here, capture_output=True, check=False)
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
