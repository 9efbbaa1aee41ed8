"""What the MCP face leaves on record and in the log: each refusal once, no value anywhere."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.mcp.test_connect import desk
from tests.mcp.test_tools import BOTH_ERAS, Era, call, client_of

from connectory.errors import ConnectoryError, PageUnavailable
from connectory.testing.application import connect, make_application, make_principal
from connectory.vault.entities import AuditLine, PolicyEffect
from connectory.wiring import Application


async def lines_of(application: Application, action: str) -> list[AuditLine]:
    await application.audit.flush()
    [workspace] = await application.vault.workspaces.list()
    return list(await application.vault.audit.list(workspace.id, action=action))


@pytest.mark.parametrize(
    ("tool", "arguments", "code"),
    [
        ("connect", {"connector": "notes", "api_key": "sk_live_1"}, "secret_in_chat"),
        ("connect", {"connector": "nope"}, "unknown_connector"),
        ("list_connectors", {"querry": "sk_live_1"}, "invalid_arguments"),
        ("read_result", {"result": "\ud800"}, "invalid_arguments"),
        ("disconnect", {"connection": "notes/nope"}, "unknown_connection"),
        ("call_action", {"arguments": {"x": "sk_live_1"}}, "invalid_arguments"),
    ],
)
async def test_a_refused_call_of_a_fixed_tool_leaves_one_line(tool: str, arguments: dict[str, Any], code: str) -> None:
    async with desk() as d:
        with pytest.raises(ConnectoryError) as refusal:
            await d.call(tool, **arguments)

        [line] = await lines_of(d.application, tool)
        assert (line.outcome, line.code) == ("refused", code)
        assert refusal.value.code == code
        assert line.argument_names == tuple(sorted(arguments))
        assert "sk_live_1" not in repr(line) + refusal.value.text


async def test_a_disconnect_leaves_one_line_with_its_connection() -> None:
    async with desk() as d:
        connection = await connect(d.application, d.principal)

        await d.call("disconnect", connection="notes/default")

        [line] = await lines_of(d.application, "disconnect")
        assert (line.outcome, line.effect, line.connection_id) == ("ok", "destructive", connection.id)


async def test_a_disconnect_that_the_policy_denies_leaves_one_line() -> None:
    async with desk() as d:
        await connect(d.application, d.principal)
        await d.rule(PolicyEffect.DENY, "disconnect")

        with pytest.raises(ConnectoryError):
            await d.call("disconnect", connection="notes/default")

        [line] = await lines_of(d.application, "disconnect")
        assert (line.outcome, line.code) == ("refused", "policy_denied")


@BOTH_ERAS
async def test_what_only_the_operator_can_mend_is_logged_once_and_without_values(era: Era) -> None:
    async def nobody() -> None:
        raise PageUnavailable("PLANTED", hint="Start the page.")

    async with make_application(presence=nobody) as application:
        principal = await make_principal(application)
        async with client_of(application, principal, era) as client:
            with capture_logs() as logs:
                await call(client, "connect", connector="notes")
                await call(client, "list_connections", connector="nope")

    told = [log for log in logs if log["log_level"] == "error"]
    assert [(log["code"], log["hint"], log["what"]) for log in told] == [
        ("page_unavailable", "Start the page.", "connect")
    ]
    assert "PLANTED" not in repr(told)


@BOTH_ERAS
async def test_a_list_that_cannot_be_made_is_logged_too(era: Era) -> None:
    async with make_application() as application:
        principal = await make_principal(application)
        async with client_of(application, principal, era) as client:
            await application.vault.aclose()
            with capture_logs() as logs, pytest.raises(Exception, match="closed"):
                await client.list_tools()

    assert [(log["code"], log["what"]) for log in logs if log["log_level"] == "error"] == [
        ("database_unusable", "tools/list")
    ]
