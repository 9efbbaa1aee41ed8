"""The command, and how its findings are shown."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from connectory import __version__
from connectory.cli.acting import run_to_end
from connectory.cli.options import AsJson, InWorkspace
from connectory.cli.output import show_json, show_text

if TYPE_CHECKING:
    from connectory.cli.doctor.finding import Finding
    from connectory.settings import Settings

WIDEST = 110  # columns: longer lines are hard to read
LABELS = {"ok": "ok", "note": "note", "wrong": "WRONG"}
INDENT = 20
COMMAND = re.compile(r"`[^`]+`")
HELD = "\0"  # a space at which no line ends


def doctor(
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the providers about connections.")] = False,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Look over this installation: what is wrong, and how to mend it. Exit code 1 where anything is wrong."""
    from connectory.cli.doctor.examination import examine
    from connectory.cli.doctor.settings import check_settings
    from connectory.cli.logging import configure_logging

    settings, findings = check_settings()
    configure_logging("error", settings)  # what is a warning elsewhere is a finding here
    findings += run_to_end(examine(settings, offline=offline, workspace=workspace))
    findings = [_masked(finding) for finding in findings]
    if as_json:
        _show_json(settings, findings)
    else:
        _show(settings, findings)
    if _count(findings, "wrong"):
        raise typer.Exit(1)


def _masked(finding: Finding) -> Finding:
    """No finding holds a secret; what a provider said goes through the log's fence all the same."""
    from dataclasses import replace

    from connectory.cli.logging import mask_shapes

    return replace(finding, message=mask_shapes(finding.message), cure=mask_shapes(finding.cure))


def _show_json(settings: Settings, findings: Sequence[Finding]) -> None:
    show_json(
        {
            "version": __version__,
            "data_dir": str(settings.data_dir),
            "is_well": not _count(findings, "wrong"),
            "findings": [
                {"group": one.group, "status": one.status.value, "message": one.message, "cure": one.cure or None}
                for one in findings
            ],
        }
    )


def _show(settings: Settings, findings: Sequence[Finding]) -> None:
    show_text(f"Connectory {__version__}, data folder {settings.data_dir}\n")
    for one in findings:
        show_text(_paragraph(f"{LABELS[one.status]:<6}{one.group:<14}", one.message))
        if one.cure:
            show_text(_paragraph(" " * INDENT + "-> ", one.cure))
    wrong, notes = _count(findings, "wrong"), _count(findings, "note")
    also = f" {_things(notes)} to know." if notes else ""
    show_text(f"\n{f'{_things(wrong)} to mend.' if wrong else 'All is well.'}{also}")


def _paragraph(head: str, text: str) -> str:
    """Commands and paths are not broken: they are there to be copied."""
    width = min(shutil.get_terminal_size().columns, WIDEST)
    wrapped = textwrap.fill(
        COMMAND.sub(lambda found: found[0].replace(" ", HELD), text),
        max(width, INDENT * 2),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return wrapped.replace(HELD, " ")


def _things(number: int) -> str:
    return f"{number} thing{'' if number == 1 else 's'}"


def _count(findings: Sequence[Finding], status: str) -> int:
    return sum(1 for one in findings if one.status == status)
