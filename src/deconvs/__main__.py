"""``python -m deconvs``, the same as the ``deconvs`` command."""

from .cli import main

if __name__ == "__main__":
    main()
