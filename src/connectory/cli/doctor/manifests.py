"""Manifests: every problem, with file and line."""

from __future__ import annotations

from pathlib import Path

from connectory.catalog.catalog import load_catalog
from connectory.catalog.problems import ManifestProblem
from connectory.cli.doctor.finding import Finding, ok, wrong
from connectory.settings import Settings
from connectory.wiring import manifest_folders

GROUP = "manifests"


def check_manifests(settings: Settings) -> list[Finding]:
    """Read all of them, without the compiled index."""
    folders = manifest_folders(settings)
    catalog = load_catalog(folders, index_dir=None)
    if catalog.problems:
        return [_describe(problem) for problem in catalog.problems]
    own = sum(len(_files(folder)) for folder in folders[1:])
    return [
        ok(GROUP, f"All are good: {len(catalog.connectors)} connectors{f', {own} of them your own' if own else ''}.")
    ]


def _describe(problem: ManifestProblem) -> Finding:
    where = f"{problem.file}:{problem.line}" if problem.line else problem.file
    key = f"{problem.key}: " if problem.key else ""
    repeat = f"`connectory manifest check {problem.file}` repeats this check." if Path(problem.file).is_file() else ""
    return wrong(GROUP, f"{where}: {key}{problem.message} It is left out.", f"{problem.hint} {repeat}".strip())


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.suffix in (".yaml", ".yml") and file.name[0] != "."]
