"""The one public error: what is wrong, which values, how to fix it."""

from __future__ import annotations


class GeometryError(ValueError):
    """A request that has no exact answer, said before anything is computed.

    >>> print(GeometryError("stride is too small", "stride=0", "use an integer of at least 1"))
    stride is too small: stride=0; use an integer of at least 1

    The three parts are kept as ``what``, ``values`` and ``fix``, for programs that show them apart.
    """

    def __init__(self, what: str, values: str, fix: str) -> None:
        # All three go to Exception.args, so that the error survives pickling (process pools, xdist).
        super().__init__(what, values, fix)
        self.what = what
        self.values = values
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.what}: {self.values}; {self.fix}"
