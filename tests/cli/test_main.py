from __future__ import annotations

import subprocess
import sys

import pytest
from tests.cli.terminal import Terminal

from connectory import __version__

HEAVY = (
    "mcp",
    "mcp_types",
    "sqlalchemy",
    "structlog",
    "asyncio",
    "starlette",
    "httpx2",
    "jsonschema",
    "connectory.wiring",
)


@pytest.mark.parametrize("words", [["version"], ["--help"], ["token", "--help"]], ids=" ".join)
def test_a_word_about_itself_loads_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\nfrom connectory.cli.main import app\n"
        f"try: app({words!r})\nexcept SystemExit: pass\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == ""


def test_the_version_is_one_word_for_people_and_one_key_for_programs(terminal: Terminal) -> None:
    assert terminal.run("version").out == f"connectory {__version__}\n"
    assert terminal.run("--version").out == f"connectory {__version__}\n"
    assert terminal.run("version", "--json").json["version"] == __version__


@pytest.mark.parametrize(
    "words",
    [["conect"], ["call"], ["token", "create"], ["serve", "--port", "0"], ["call", "x", "--agr", "y"]],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2_and_leaves_stdout_alone(terminal: Terminal, words: list[str]) -> None:
    outcome = terminal.run(*words)

    assert outcome.code == 2
    assert outcome.out == ""
    assert "Error" in outcome.err


def test_a_misspelt_command_is_answered_with_the_nearest(terminal: Terminal) -> None:
    assert "connect" in terminal.run("conect").err


def test_a_wrong_setting_stops_every_command_with_its_likely_name(terminal: Terminal) -> None:
    outcome = terminal.run("connections", CONNECTORY_PROT="80")

    assert outcome.code == 1
    assert outcome.err.startswith("invalid_settings: CONNECTORY_PROT is not a setting (did you mean CONNECTORY_PORT?)")
    assert outcome.out == ""


def test_an_unusable_data_folder_is_a_sentence_and_no_traceback(terminal: Terminal) -> None:
    (terminal.folder / "file").write_text("")

    outcome = terminal.run("connections", CONNECTORY_DATA_DIR=str(terminal.folder / "file"))

    assert outcome.code == 1
    assert outcome.err.startswith("database_unusable: ")
    assert "Traceback" not in outcome.err
