"""`deconvs doctor`: what is installed and what it runs on."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print data instead of text.")] = False) -> None:
    """What computes here, the native core or NumPy, on what machine; how to get the core. Exit code 1 without it.

    Example: deconvs doctor. What can be set: docs/speed.md.
    """
    from .doctor import examine

    found = examine()
    print(json.dumps(found.as_dict(), indent=2) if as_json else found.text())
    raise typer.Exit(0 if found.healthy else 1)
