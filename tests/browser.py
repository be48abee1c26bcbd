"""A browser without a window, for pages that are opened as a reader opens them: from a file, with no network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)


def program() -> str | None:
    """The browser of the system: DECONVS_BROWSER, or the first of NAMES on the PATH."""
    return os.environ.get("DECONVS_BROWSER") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def opened() -> Iterator[Browser]:
    """A browser with a profile of its own, closed at the end: of the system, or of Playwright."""
    with sync_playwright() as playwright:
        found = program() or playwright.chromium.executable_path
        assert Path(found).exists() or shutil.which(found), (
            f"no browser: none of {', '.join(NAMES)} is on the PATH, and nothing at {found}; install one (apt install"
            " chromium, or python -m playwright install chromium), or name it in DECONVS_BROWSER"
        )
        browser = playwright.chromium.launch(executable_path=found, args=list(OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def page(browser: Browser, path: Path, *, still: bool = False, width: int = 1000, height: int = 900) -> Iterator[Page]:
    """The file in a page of its own, whose errors fail the test; ``still``: its reader asks for reduced motion."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce" if still else "no-preference", offline=True
    )
    try:
        shown = context.new_page()
        said: list[str] = []
        shown.on("pageerror", lambda error: said.append(str(error)))
        shown.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        shown.goto(path.resolve().as_uri())
        yield shown
        assert not said, said
    finally:
        context.close()


if __name__ == "__main__":
    # For the Makefile: whether there is one already.
    with sync_playwright() as own:
        raise SystemExit(not (program() or Path(own.chromium.executable_path).exists()))
