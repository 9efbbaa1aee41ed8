"""What is installed is pinned, hashed, and names no place to fetch it from: any mirror of the index will do."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
WISHED = sorted([*ROOT.glob("requirements*.in"), *ROOT.glob("tests/*/requirements/*.in")])
PINNED = sorted([*ROOT.glob("requirements*.txt"), *ROOT.glob("tests/*/requirements/*.txt")])
IMPORTED_AS = {"pyyaml": "yaml", "graphql-core": "graphql", "markdown-it-py": "markdown_it"}
COME_ALONG = {"pydantic_core": "pydantic pins its exact version"}
A_PLACE = re.compile(r"://|^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b|\bfile:/", re.MULTILINE)


def entries(path: Path) -> dict[str, list[str]]:
    """Map "name==version" to its hashes."""
    joined = path.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.split("#")[0].split() for line in joined.splitlines()]
    return {words[0]: [word for word in words if word.startswith("--hash=")] for words in lines if words}


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_its_hashes(path: Path) -> None:
    for requirement, hashes in entries(path).items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", requirement), requirement
        assert hashes, f"{requirement} has no hash"
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", item) for item in hashes), requirement


@pytest.mark.parametrize("path", [*PINNED, *WISHED], ids=lambda path: path.name)
def test_no_requirements_file_names_a_place_to_fetch_from(path: Path) -> None:
    assert not A_PLACE.search(path.read_text(encoding="utf-8"))


def test_the_pinned_versions_satisfy_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = dict(entry.split("==") for entry in entries(ROOT / "requirements.txt"))
    for requirement in map(Requirement, project["dependencies"]):
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_test_environment_agrees_with_the_runtime() -> None:
    runtime = dict(entry.split("==") for entry in entries(ROOT / "requirements.txt"))
    tools = dict(entry.split("==") for entry in entries(ROOT / "requirements-dev.txt"))
    assert {name: tools[name] for name in runtime.keys() & tools.keys()} == {
        name: runtime[name] for name in runtime.keys() & tools.keys()
    }


def test_the_package_declares_what_it_imports_and_no_more() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    always, optional = declared(project["dependencies"]), declared(extras)
    imported = imports_of_the_package() - set(sys.stdlib_module_names) - {"connectory"}
    assert imported <= always | optional | COME_ALONG.keys()
    assert always <= imported


def declared(requirements: list[str]) -> set[str]:
    """The modules that the requirements bring, by the name they are imported under."""
    names = [canonicalize_name(Requirement(line).name) for line in requirements]
    return {IMPORTED_AS.get(name, name.replace("-", "_")) for name in names}


def imports_of_the_package() -> set[str]:
    found = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found
