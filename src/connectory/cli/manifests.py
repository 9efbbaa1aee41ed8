"""`manifest check` and `manifest schema`: for those who write connectors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectory.cli.options import AsJson
from connectory.cli.output import show_json, show_text

if TYPE_CHECKING:
    from connectory.catalog.problems import ManifestProblem

manifests = typer.Typer(no_args_is_help=True, help="Manifests: one YAML file per connector.")

SUFFIXES = frozenset({".yaml", ".yml"})


@manifests.command("check")
def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Manifests, or folders of them.")],
    as_json: AsJson = False,
) -> None:
    """Check manifests; exit code 1 where anything is wrong."""
    from connectory.catalog.loading import read_manifest

    checked = {file: read_manifest(file)[1] for path in paths for file in _files(path)}
    problems = [problem for found in checked.values() for problem in found]
    if as_json:
        show_json(
            {"checked": [str(file) for file in checked], "problems": [_describe(problem) for problem in problems]}
        )
    else:
        for problem in problems:
            show_text(str(problem))
        good = sum(not found for found in checked.values())
        show_text(f"{good} of {len(checked)} {'manifest is' if len(checked) == 1 else 'manifests are'} good.")
    if problems or not checked:
        raise typer.Exit(1)


@manifests.command("schema")
def schema() -> None:
    """Write the JSON Schema of the format, for editors."""
    from connectory.catalog.schema import manifest_schema

    show_json(manifest_schema())


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.iterdir() if file.suffix in SUFFIXES) if path.is_dir() else [path]


def _describe(problem: ManifestProblem) -> dict[str, object]:
    return {
        "file": problem.file,
        "line": problem.line,
        "key": problem.key,
        "message": problem.message,
        "hint": problem.hint,
    }
