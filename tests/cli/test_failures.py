from __future__ import annotations

import pytest
import typer

from connectory.cli.failures import Commands, run_guarded
from connectory.errors import DatabaseFull

SECRET = "s3cret-in-an-exception"


def program(error: BaseException) -> typer.Typer:
    app = typer.Typer(cls=Commands, pretty_exceptions_enable=False, add_completion=False)

    @app.callback(invoke_without_command=True)
    def fail() -> None:
        raise error

    return app


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (
            DatabaseFull("The disk is full.", hint="Free some space."),
            1,
            "database_full: The disk is full. Free some space.\n",
        ),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=["one of ours", "Ctrl-C"],
)
def test_an_end_before_time_has_its_exit_code_and_no_traceback(
    error: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["connectory"])

    with pytest.raises(SystemExit) as ended:
        run_guarded(program(error))

    assert (ended.value.code, capsys.readouterr().err) == (code, said)


def test_an_unforeseen_failure_tells_type_and_place_but_never_its_text(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["connectory"])

    with pytest.raises(SystemExit) as ended:
        run_guarded(program(KeyError(SECRET)))

    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert said.startswith("internal_error: ")
    assert "KeyError" in said
    assert "failures.py:" in said
    assert SECRET not in said
