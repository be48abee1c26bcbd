"""The project itself: quick import, import rules, lint, versions, what README shows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import deconvs as dc

IMPORT = """
import sys, time
before = set(sys.modules)
start = time.process_time()
import deconvs
print(time.process_time() - start)
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names))
"""


def test_import_is_quick_and_loads_nothing_but_itself() -> None:
    """Under 100 ms of processor time, to which other work adds little; `make bench` prints the wall's."""
    seconds = []
    for _ in range(5):
        result = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
        used, loaded = result.stdout.splitlines()
        assert loaded == "deconvs"
        seconds.append(float(used))
    assert min(seconds) < 0.1, seconds


def test_every_public_name_is_there_and_documented_with_an_example() -> None:
    assert set(dc.__all__) <= set(dir(dc))
    for name in dc.__all__:
        value = getattr(dc, name)
        if callable(value) and name not in ("GeometryError", "Phase"):
            assert value.__doc__ is not None, name
            assert ">>>" in value.__doc__, name
    with pytest.raises(AttributeError, match="module 'deconvs' has no attribute 'nonsense'"):
        dc.nonsense  # noqa: B018


def test_no_module_bears_the_name_of_a_public_function(root: Path) -> None:
    modules = {path.stem for path in (root / "src/deconvs").iterdir()}
    assert modules & {*dc.__all__, "draw", "solve", "check", "convert", "explore", "rewrite"} == set()


@pytest.mark.parametrize(
    "tool",
    ["ruff check .", "ruff format --check .", "mypy", "lint-imports --no-logo"],
)
def test_lint(tool: str, root: Path) -> None:
    command = [str(Path(sys.executable).parent / shlex.split(tool)[0]), *shlex.split(tool)[1:]]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_version_is_said_once(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    assert project["version"] == dc.__version__
    assert f"## {dc.__version__}" in (root / "CHANGELOG.md").read_text()


def test_every_dependency_is_pinned_in_constraints(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + [d for extra in project["optional-dependencies"].values() for d in extra]
    pinned = {re.split("==", line)[0].lower().replace("_", "-") for line in lines(root / "constraints.txt")}
    for requirement in wanted:
        name = re.split(r"[\[<>=]", requirement)[0].lower().replace("_", "-")
        assert name in pinned | {"deconvs"}, requirement
    assert "torch==2.13.0" in lines(root / "constraints.txt")


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def commands(path: Path) -> list[tuple[str, str]]:
    """(command, what the page shows below it) of every console block."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", path.read_text(), re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            found.append((command, shown.strip("\n")))
    return found


def test_readme_commands_print_what_readme_shows(root: Path, tmp_path: Path) -> None:
    shown = commands(root / "README.md")
    assert len(shown) >= 2
    for command, expected in shown:
        words = shlex.split(command)
        assert words[0] == "deconvs", command
        result = subprocess.run(
            [sys.executable, "-m", *words], cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert result.returncode == 0, result.stderr
        assert result.stdout.strip("\n") == expected, command


def test_readme_links_and_pictures_exist(root: Path) -> None:
    text = (root / "README.md").read_text()
    targets = re.findall(r"\]\(([^)#]+)\)", text) + re.findall(r'src="([^"]+)"', text)
    local = [target for target in targets if not target.startswith("http")]
    assert len(local) >= 4
    for target in local:
        assert (root / target).is_file(), target
    for reference in ("https://doi.org/10.1109/CVPR.2010.5539957", "http://arxiv.org/abs/1603.07285"):
        assert reference in text
    for alt, target in re.findall(r"!\[(.*?)\]\((.*?)\)", text):
        assert len(alt) > 20, target
