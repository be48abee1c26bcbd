"""What the tests of the tour share: a tour without its long parts, a picture in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deconvs import relationships
from deconvs.tour import numbers, photos

FEW = relationships.check_all(2)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tour without its long parts: no figures painted, few relationships, no PyTorch."""
    monkeypatch.setattr("deconvs.tour.to_gif", lambda film: b"GIF89a")
    monkeypatch.setattr("deconvs.tour.to_png", lambda scene: photos.png(np.full((2, 3, 3), 7, np.uint8)))
    monkeypatch.setattr("deconvs.tour.check_all", lambda progress: FEW)
    monkeypatch.setattr(numbers, "compare_with_peer", lambda progress: numbers.Peer(None))


def saved(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path
