"""The native core, where there is one: nothing else imports it. And what to say where there is none."""

from __future__ import annotations

import json
import os
import shlex
import sys
import sysconfig
import warnings
from functools import lru_cache
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..errors import GeometryError

SWITCH = "DECONVS_NATIVE"
NEEDED = "a C++20 compiler, GCC or Clang: apt install g++, dnf install gcc-c++, or xcode-select --install"

_told = False


def load() -> Any:
    """The module ``deconvs._native``, or None.

    >>> core = load()
    >>> (core is None) == (why_not() is not None)
    True

    Imported at the first call. DECONVS_NATIVE=0 hides it, at any time. Errors: GeometryError.
    """
    return None if disabled() else _imported()[0]


def why_not() -> str | None:
    """In one line why `load` gives None; None where it gives the core."""
    return f"disabled by {SWITCH}=0" if disabled() else _imported()[1]


def disabled() -> bool:
    """Whether the user does without the core, by DECONVS_NATIVE=0."""
    value = os.environ.get(SWITCH, "")
    if value not in ("", "0", "1"):
        raise GeometryError(
            "the native core is either used or not", f"{SWITCH}={value}", "set it to 0 or 1, or not at all"
        )
    return value == "0"


def tell_once(stacklevel: int = 2) -> None:
    """Warn that NumPy computes for want of the core; once in a process, and not where that is the user's wish.

    stacklevel: whose line is shown; 1 that of the caller, 2 that of its caller, and so on.
    """
    global _told
    if _told or disabled() or (reason := _imported()[1]) is None:
        return
    _told = True
    warnings.warn(
        f"the native core of deconvs is missing, so NumPy computes, more slowly: {reason}; "
        "deconvs doctor says how to get it",
        UserWarning,
        stacklevel=stacklevel + 1,
    )


def how_to_get() -> str:
    """The command that builds the core for this installation, and fails if it cannot."""
    # pip keeps a wheel that it built without the core, and would take it again.
    words = [sys.executable, "-m", "pip", "install", "--verbose", "--no-deps", "--force-reinstall", "--no-cache-dir"]
    root = Path(__file__).parents[3]
    if (root / "native" / "CMakeLists.txt").is_file():
        words += ["--editable", str(root)]
    else:
        words += _source() or ["--no-binary", "deconvs", f"deconvs=={metadata.version('deconvs')}"]
    return f"DECONVS_REQUIRE_NATIVE=1 {shlex.join(words)}"


def _source() -> list[str] | None:
    """What pip was told to install, where that was a folder or a repository; None where it was an index."""
    told = metadata.distribution("deconvs").read_text("direct_url.json")
    direct = json.loads(told or "{}")
    if "dir_info" in direct:
        return [url2pathname(urlsplit(direct["url"]).path)]
    if "vcs_info" in direct:
        return [f"{direct['vcs_info']['vcs']}+{direct['url']}@{direct['vcs_info']['commit_id']}"]
    return None


@lru_cache(maxsize=1)
def _imported() -> tuple[Any, str | None]:
    """The core and None, or None and the reason."""
    if find_spec("deconvs._native") is None:
        others = [path.name for path in Path(__file__).parents[1].glob("_native.*") if path.suffix in (".so", ".pyd")]
        if others:
            wanted = sysconfig.get_config_var("EXT_SUFFIX")
            return None, f"it was built for another Python: {', '.join(sorted(others))}, not _native{wanted}"
        return None, "it was not built when deconvs was installed"
    try:
        return import_module("deconvs._native"), None
    except ImportError as error:
        return None, f"it cannot be loaded: {' '.join(str(error).split())}"
