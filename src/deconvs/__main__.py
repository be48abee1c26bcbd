"""The ``deconvs`` command, also as ``python -m deconvs``. Light: an interrupt while the rest loads is told too."""

from __future__ import annotations

import sys

from .terminal import guarded


def main() -> None:
    """The entry point of the `deconvs` command."""
    sys.exit(guarded(_run))


def _run() -> int:
    from .cli import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    main()
