"""What a person reads once `serve` runs."""

from __future__ import annotations

import pytest

from connectory.cli.registering import explain_serve
from connectory.settings import load_settings

WITHOUT = "without a token for every program on this machine"


def test_no_auth_promises_nothing_for_the_process_that_serves_now() -> None:
    settings = load_settings({})

    assert WITHOUT in explain_serve(settings, no_auth=True)
    following = explain_serve(settings, no_auth=True, is_following=True)
    assert WITHOUT not in following
    assert "takes over when that one ends, and then no program on this machine needs a token" in following
    assert "needs a token" not in explain_serve(settings, is_following=True)


@pytest.mark.parametrize(
    ("environment", "is_asked_for"),
    [
        ({}, False),
        ({"CONNECTORY_HOST": "0.0.0.0"}, True),
        ({"CONNECTORY_HOST": "172.17.0.1"}, False),
        ({"CONNECTORY_HOST": "0.0.0.0", "APP_URL": "https://connect.example.com"}, False),
    ],
)
def test_app_url_is_asked_for_where_links_lead_nowhere_for_others(
    environment: dict[str, str], is_asked_for: bool
) -> None:
    assert ("set APP_URL" in explain_serve(load_settings(environment))) is is_asked_for
