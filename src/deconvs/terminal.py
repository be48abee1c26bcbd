"""Standard output and error as a command needs them: any encoding, full, closed, interrupted; and its exit codes."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

WRONG = 2
"""Exit code after an error that was told in one line."""
INTERRUPTED = 130
BROKEN_PIPE = 141
"""What shells show for a command that wrote to a reader that had gone (128 + SIGPIPE)."""

_PLAIN = {
    "×": "x",
    "·": ".",
    "→": "->",
    "−": "-",
    "±": "+-",
    "°": " degrees",
    "′": "'",
    "≈": "~",
    "⌊": "floor(",
    "⌋": ")",
    "░": ".",
    "▒": ":",
    "▓": "*",
    "█": "#",
}


class OutputLostError(Exception):
    """Standard output takes no more. Not an OSError: Click and Rich turn those into exit code 1 on their own."""

    def __init__(self, number: int | None, reason: str) -> None:
        super().__init__(number, reason)
        self.number = number
        self.reason = reason


def guarded(work: Callable[[], int]) -> int:
    """Run the command ``work`` on streams that take any text; its exit code, or that of what cut it short."""
    sys.stdout = _stream(sys.stdout, needed=True)
    sys.stderr = _stream(sys.stderr, needed=False)
    try:
        code = work()
        sys.stdout.flush()
    except KeyboardInterrupt:
        _abandon_output()
        return tell("interrupted", INTERRUPTED)
    except OutputLostError as lost:
        _abandon_output()
        if lost.number == errno.EPIPE:
            return BROKEN_PIPE
        return tell(f"the output cannot be written: {lost.reason}; send it to a file or a program that takes it")
    return code


def tell(message: str, code: int = WRONG) -> int:
    """One line on standard error; returns the exit code that goes with it."""
    print(f"deconvs: {' '.join(message.split())}", file=sys.stderr)
    return code


def plain(text: str) -> str:
    """``text`` in ASCII, for encodings that lack its characters.

    >>> plain("Cᵀ 2×2 → 5×5 │░█ ²")
    'CT 2x2 -> 5x5 |.# 2'
    """
    return "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    import unicodedata

    if character in _PLAIN:
        return _PLAIN[character]
    name = unicodedata.name(character, "")
    if name.startswith("BOX DRAWINGS"):
        if " AND " in name:
            return "+"
        return "-" if name.endswith("HORIZONTAL") else "|" if name.endswith("VERTICAL") else "+"
    # Superscripts, subscripts, the ellipsis. A letter with an accent comes apart into more than ASCII: no guess there.
    simple = unicodedata.normalize("NFKD", character)
    return simple if simple.isascii() else "?"


def _plain_error(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain(error.object[error.start : error.end]), error.end


codecs.register_error("deconvs.plain", _plain_error)


class _Bytes(io.BufferedIOBase):
    """The bytes of a standard stream. Where they cannot be written: OutputLostError if needed, else silence."""

    def __init__(self, stream: TextIO | None, needed: bool) -> None:
        self._below: BinaryIO | None = None if stream is None else stream.buffer
        self._needed = needed
        self.name = "a standard stream" if stream is None else stream.name

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._below is not None and self._below.isatty()

    def fileno(self) -> int:
        if self._below is None:
            raise io.UnsupportedOperation("fileno")
        return self._below.fileno()

    def write(self, data: ReadableBuffer, /) -> int:
        with self._telling():
            if self._below is None:
                raise OSError(errno.EBADF, "it is closed")
            self._below.write(data)
        return memoryview(data).nbytes

    def flush(self) -> None:
        if self._below is not None:
            with self._telling():
                self._below.flush()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._needed:
                raise OutputLostError(error.errno, error.strerror or str(error)) from None


def _stream(stream: TextIO | None, *, needed: bool) -> TextIO:
    """A stream for the same file. Python gives None for one that was closed when it started."""
    if stream is not None and not hasattr(stream, "buffer"):
        return stream  # put there by whoever runs this in their own process
    return io.TextIOWrapper(
        _Bytes(stream, needed),
        encoding="utf-8" if stream is None else stream.encoding,
        errors="deconvs.plain",
        line_buffering=stream is not None and bool(stream.line_buffering),
        write_through=bool(getattr(stream, "write_through", False)),
    )


def _abandon_output() -> None:
    """What is still in buffers must not be written when Python exits: that would fail, or wait, once more."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
