"""README and docs are tests: their Python examples run, and their results are compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

PAGES = [
    "README.md",
    "docs/architecture.md",
    "docs/benchmarks.md",
    "docs/gallery.md",
    "docs/porting.md",
    "docs/speed.md",
    "CONTRIBUTING.md",
]


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_do_what_they_show(page: str, root: Path) -> None:
    """One test a page, because examples use what those before them have defined."""
    document = Sybil(parsers=[PythonCodeBlockParser()], path=str(root)).parse(root / page)
    for example in document.examples():
        example.evaluate()


def test_no_page_is_forgotten_and_readme_has_examples(root: Path) -> None:
    found = {str(path.relative_to(root)) for path in (*root.glob("*.md"), *root.glob("docs/**/*.md"))}
    assert found - {"CHANGELOG.md"} == set(PAGES)
    document = Sybil(parsers=[PythonCodeBlockParser()], path=str(root)).parse(root / "README.md")
    assert len(list(document.examples())) >= 20
