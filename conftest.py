"""README and docs are tests: their Python examples run, and their results are compared."""

from __future__ import annotations

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()], patterns=["README.md", "CONTRIBUTING.md", "docs/*.md"]
).pytest()
