from __future__ import annotations

import logging
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from connectory.cli.logging import StderrHandler, configure_logging, mask_shapes
from connectory.errors import DatabaseLocked
from connectory.settings import load_settings

SECRET = "s3cret-9f8e7d6c"


@pytest.fixture(autouse=True)
def _configured() -> None:
    configure_logging("debug", load_settings({"CONNECTORY_TOKEN": SECRET}))


def test_lines_go_to_stderr_with_level_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("connectory.room").info("something happened", count=3, path=Path("/a b"))
    logging.getLogger("connectory.other").debug("and %s", "this")

    said = capsys.readouterr()
    assert said.out == ""
    assert 'info    connectory.room: something happened count=3 path="/a b"' in said.err
    assert "debug   connectory.other: and this" in said.err


def test_a_line_stays_one_line_and_no_terminal_obeys_it(capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("connectory").warning("a\nb", name="x\x1b[2J\r\nforged")

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "\x1b" not in said


@pytest.mark.parametrize("level", ["debug", "info"])
def test_what_other_libraries_say_below_a_warning_stays_out_whatever_their_level(
    level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = logging.getLogger("httpcore2.http11")
    foreign.setLevel(logging.DEBUG)
    try:
        getattr(foreign, level)("send_request_headers headers=[(b'Authorization', b'%s')]", SECRET)
    finally:
        foreign.setLevel(logging.NOTSET)

    assert capsys.readouterr().err == ""


def test_their_warnings_are_told_by_name_and_place_without_their_text(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("mcp.server").warning("Failed to validate request: input_value='unknown-planted-value'")

    said = capsys.readouterr().err
    assert "mcp.server: (text left out" in said
    assert "test_logging.py:" in said
    assert "unknown-planted-value" not in said


def test_an_exception_is_told_by_type_and_place_and_only_ours_by_text(capsys: pytest.CaptureFixture[str]) -> None:
    log = structlog.get_logger("connectory")
    try:
        try:
            raise KeyError("unknown-planted-value")
        except KeyError as error:
            raise DatabaseLocked("The database is locked.") from error
    except DatabaseLocked:
        log.exception("it failed")
    try:
        raise ValueError("unknown-planted-value")
    except ValueError:
        logging.getLogger("connectory.web").exception("this too")

    said = capsys.readouterr().err
    assert 'error="database_locked: The database is locked."' in said
    assert "cause=KeyError" in said
    assert "error=ValueError" in said
    assert "test_logging.py:" in said
    assert "unknown-planted-value" not in said


@pytest.mark.parametrize(
    "values",
    [
        {"access_token": "unknown-planted-value"},
        {"password": "unknown-planted-value"},
        {"link": "unknown-planted-value"},
        {"headers": {"Authorization": "unknown-planted-value"}},
        {"body": b"unknown-planted-value"},
        {"value": SecretStr("unknown-planted-value")},
    ],
    ids=lambda values: next(iter(values)),
)
def test_values_are_hidden_by_name_and_type(values: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("connectory").info("event", **values)

    assert "unknown-planted-value" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        "czNjcmV0LTlmOGU3ZDZj",  # the same in base64
        f"https://a.example/x?key={SECRET}",
    ],
)
def test_secrets_of_the_settings_are_masked_wherever_they_stand(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("connectory").info(f"sent {text}!")

    assert text not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Bearer abcdef0123456789", "Bearer ***"),
        ("Basic dXNlcjpwYXNz", "Basic ***"),
        ("cny_" + "a" * 43, "cny_***"),
        ("http://localhost:8765/connect/" + "b" * 43, "http://localhost:8765/connect/***"),
        ("postgresql://user:pa@ss@db/x", "postgresql://***@db/x"),
        ("GET /x?api_key=abc&page=2", "GET /x?api_key=***&page=***"),
        ("a plain sentence about a token and its bearer", "a plain sentence about a token and its bearer"),
    ],
)
def test_shapes_of_secrets_are_masked(text: str, shown: str) -> None:
    assert mask_shapes(text) == shown


def test_a_line_that_cannot_be_made_ends_nothing_and_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    handler = next(one for one in logging.getLogger().handlers if isinstance(one, StderrHandler))
    handler.handle(logging.LogRecord("connectory", logging.WARNING, "", 1, "%d", ("unknown-planted-value",), None))

    said = capsys.readouterr().err
    assert "could not be written" in said
    assert "unknown-planted-value" not in said
