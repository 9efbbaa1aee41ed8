"""`manifest new`, `check`, `try` and `schema`: for those who write connectors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectory.cli import manifest_new, manifest_try
from connectory.cli.options import AsJson
from connectory.cli.output import show_json, show_text

if TYPE_CHECKING:
    from connectory.catalog.problems import ManifestProblem

manifests = typer.Typer(no_args_is_help=True, help="Manifests: one YAML file per connector.")

manifests.command("new")(manifest_new.new)
manifests.command("try", cls=manifest_try.ConnectCommand)(manifest_try.try_action)

SUFFIXES = frozenset({".yaml", ".yml"})


@manifests.command("check")
def check(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Manifests, or folders of them.")],
    strict: Annotated[bool, typer.Option("--strict", help="Advice fails too: exit code 1.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check manifests, beside the packaged ones; exit code 1 where anything is wrong. Advice keeps no manifest out."""
    from connectory.catalog.catalog import packaged_folder
    from connectory.catalog.gathering import check_files
    from connectory.catalog.loading import read_advice

    files = list(dict.fromkeys(file for path in paths for file in _files(path)))
    problems = check_files(files, [packaged_folder()])
    advice = [one for file in files for one in read_advice(file)]
    if as_json:
        show_json(
            {
                "checked": [str(file) for file in files],
                "problems": [_describe(problem) for problem in problems],
                "advice": [_describe(one) for one in advice],
            }
        )
    else:
        for text in (*map(str, problems), *(f"advice: {one}" for one in advice)):
            show_text(text)
        good = len(files) - len({problem.file for problem in problems})
        show_text(f"{good} of {len(files)} {'manifest is' if len(files) == 1 else 'manifests are'} good.")
    if problems or not files or (strict and advice):
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
