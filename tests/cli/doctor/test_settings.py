from __future__ import annotations

import pytest
from tests.cli.doctor.reports import examine
from tests.cli.terminal import Terminal

SECRET = "sk-nango-6c1f0b7a95"


@pytest.mark.parametrize(
    ("variables", "status", "said"),
    [
        ({"AUTH_METHOD": "nango"}, "wrong", "NANGO_SECRET_KEY is not set"),
        ({"APP_URL": "http://connect.example.com", "CONNECTORY_TOKEN": "cny_x"}, "wrong", "in clear"),
        ({"CONNECTORY_HOST": "0.0.0.0", "CONNECTORY_TOKEN": "cny_x"}, "note", "others cannot open them"),
        ({"APP_URL": "http://localhost:1"}, "note", "Links lead to http://localhost:1"),
        ({"APP_URL": "https://connect.example.com"}, "note", "needs a token"),
        ({"NANGO_PUBLIC_KEY": SECRET}, "note", "NANGO_PUBLIC_KEY changes nothing"),
        ({"NANGO_HOST": "https://nango.example"}, "note", "NANGO_HOST changes nothing"),
        ({"NANGO_PUBLIC_SERVER_URL": "https://nango.example"}, "note", "NANGO_PUBLIC_SERVER_URL changes nothing"),
        ({"NANGO_WEBHOOK_SIGNING_KEY": SECRET}, "note", "NANGO_WEBHOOK_SIGNING_KEY changes nothing"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_settings_that_contradict_or_change_nothing_are_named(
    terminal: Terminal, variables: dict[str, str], status: str, said: str
) -> None:
    report = examine(terminal, "--offline", **variables)

    assert said in report.text("settings", status)
    assert SECRET not in str(report.findings)


def test_links_to_the_one_address_that_is_listened_on_need_no_other(terminal: Terminal) -> None:
    report = examine(terminal, "--offline", CONNECTORY_HOST="172.17.0.1", CONNECTORY_TOKEN="cny_x")

    assert "others cannot open them" not in report.text("settings")


def test_settings_that_fit_are_listed_by_name(terminal: Terminal) -> None:
    assert "CONNECTORY_MAX_TOOLS" in examine(terminal, "--offline", CONNECTORY_MAX_TOOLS="15").text("settings", "ok")
