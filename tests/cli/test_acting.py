from __future__ import annotations

import pytest
from starlette.applications import Starlette
from tests.cli.terminal import Terminal
from tests.web.ports import free_port, serving

from connectory.cli.acting import acting
from connectory.errors import PageUnavailable
from connectory.settings import load_settings
from connectory.vault.keys import load_key_ring
from connectory.web.guard import guard_middleware
from connectory.web.health import HealthPage


def test_a_read_only_token_changes_nothing_by_whatever_command(demo: Terminal) -> None:
    token = demo.run("token", "create", "t", "--read-only", "--json").json["token"]

    for words in (
        ["call", "demo_create_task", "--arg", "title=x"],
        ["connect", "demo", "--alias", "other"],
        ["disconnect", "demo/default", "--yes"],
        ["workspace", "create", "sales"],
        ["user", "create", "ann"],
        ["token", "create", "wider"],
        ["policy", "set", "--allow", "*"],
    ):
        outcome = demo.run(*words, CONNECTORY_TOKEN=token)
        assert (outcome.code, outcome.err.partition(":")[0]) == (1, "policy_denied"), words
    assert demo.run("call", "demo_list_tasks", CONNECTORY_TOKEN=token).code == 0


def test_a_token_acts_in_its_own_workspace_alone(demo: Terminal) -> None:
    demo.run("workspace", "create", "sales")
    token = demo.run("token", "create", "t", "--workspace", "sales", "--json").json["token"]

    assert demo.run("connections", "--json", CONNECTORY_TOKEN=token).json == []
    assert demo.run("connections", "--workspace", "default", CONNECTORY_TOKEN=token).err.startswith("not_found: ")


def test_a_token_that_is_not_ours_is_refused_and_not_repeated(terminal: Terminal) -> None:
    outcome = terminal.run("connections", CONNECTORY_TOKEN="some-other-programs-token")

    assert outcome.err.startswith("unauthenticated: ")
    assert "some-other" not in outcome.err


@pytest.mark.parametrize("host", ["::1", "127.0.0.2", "127.0.0.1", None])
async def test_a_page_is_seen_at_the_address_it_is_served_at(
    host: str | None, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"CONNECTORY_DATA_DIR": str(terminal.folder), "CONNECTORY_PORT": str(free_port())}
    given |= {"CONNECTORY_HOST": host} if host else {}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings(given)

    async def is_well() -> None:
        """The database."""

    app = Starlette(routes=HealthPage(is_well, load_key_ring(settings)).routes(), middleware=guard_middleware(settings))
    async with acting() as (application, _):
        with pytest.raises(PageUnavailable):
            await application.presence()
        async with serving(app, settings):
            await application.presence()
