"""Nothing crosses a workspace: every store method that is given one sees and changes rows of that one alone."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from tests.vault.rows import (
    NOW,
    Place,
    audit_line,
    bound_session,
    key,
    make_confirmation,
    make_connection,
    make_flow,
    make_place,
    make_policy,
    make_result,
    make_token,
    new_client,
    new_session,
    signed_in,
)

from connectory.errors import BadInput, ConnectoryError
from connectory.vault.credentials import Credentials
from connectory.vault.entities import (
    ApiToken,
    AuditLine,
    Confirmation,
    Connection,
    ConnectSession,
    Grant,
    GrantStatus,
    KeptResult,
    OAuthFlow,
    PolicyEffect,
    PolicyRule,
    Role,
    StoredClient,
    WorkspaceId,
)
from connectory.vault.sealed_link import hash_link
from connectory.vault.tables import metadata
from connectory.vault.vault import Vault


@dataclass(frozen=True)
class Planted:
    """W1 with a row of every kind, and W2, in whose name the methods are called with W1's ids."""

    vault: Vault
    first: Place
    other: WorkspaceId
    token: ApiToken
    connection: Connection
    grant: Grant
    session: ConnectSession
    flow: OAuthFlow
    client: StoredClient
    confirmation: Confirmation
    result: KeptResult
    rule: PolicyRule
    line: AuditLine
    web_session: str


@pytest.fixture
async def planted(vault: Vault) -> Planted:
    first, second = await make_place(vault), await make_place(vault, "w2", "eve")
    await vault.workspaces.set_member(second.workspace_id, first.user_id, Role.MEMBER)  # the same person in both
    token, connection = await make_token(vault, first), await make_connection(vault, first)
    session = await bound_session(vault, new_session(first, alias="next"))
    flow, client = await make_flow(vault, session, poll_at=NOW - timedelta(seconds=1)), new_client(first)
    await vault.oauth_clients.put(client)
    await vault.nango_integrations.put(first.workspace_id, "github", "oauth", "github-of-w1")
    confirmation = await make_confirmation(vault, first, connection)
    result = await make_result(vault, first, connection)
    rule, line = await make_policy(vault, first), audit_line(first, connection_id=connection.id, outcome="ok")
    grant = await vault.grants.get(first.workspace_id, connection.grant_id)
    assert grant is not None
    assert await vault.grants.take_lease(grant, "process 1", until=NOW)  # over, and not given back
    await vault.audit.write([line])
    return Planted(
        vault,
        first,
        second.workspace_id,
        token,
        connection,
        grant,
        session,
        flow,
        client,
        confirmation,
        result,
        rule,
        line,
        await vault.web_sessions.start(
            workspace_id=first.workspace_id,
            user_id=first.user_id,
            token_id=None,
            way="link",
            browser="",
            lasts=timedelta(hours=1),
        ),
    )


async def dump(vault: Vault, workspace_id: WorkspaceId) -> dict[str, object]:
    return {
        table.name: await vault.database.rows(sa.select(table).where(table.c.workspace_id == workspace_id))
        for table in metadata.sorted_tables
        if "workspace_id" in table.c
    }


Call = Callable[[Planted], Awaitable[object]]
NEW_KEY: Credentials = key("planted by w2")

# Every method that takes a workspace, called with W2 and W1's ids: nothing comes back, or an error.
CALLS: dict[str, Call] = {
    "workspaces.role_of": lambda p: p.vault.workspaces.role_of(WorkspaceId("ws_none"), p.first.user_id),
    "tokens.create": lambda p: p.vault.tokens.create(
        workspace_id=WorkspaceId("ws_none"), user_id=p.first.user_id, name="x", prefix="x", hash="x", read_only=False,
        expires_at=None,
    ),
    "tokens.holder": lambda p: p.vault.tokens.holder(p.other, p.token.id),
    "tokens.list": lambda p: p.vault.tokens.list(p.other, p.first.user_id),
    "tokens.revoke": lambda p: p.vault.tokens.revoke(p.other, p.token.id),
    "web_sessions.start": lambda p: p.vault.web_sessions.start(
        workspace_id=p.other,
        user_id=p.first.user_id,
        token_id=p.token.id,
        way="token",
        browser="",
        lasts=timedelta(hours=1),
    ),
    "web_sessions.list": lambda p: p.vault.web_sessions.list([p.other], p.first.user_id),
    "web_sessions.end_listed": lambda p: p.vault.web_sessions.end_listed(
        p.other, p.first.user_id, [hash_link(p.web_session)]
    ),
    "sign_in_links.make": lambda p: p.vault.sign_in_links.make(
        workspace_id=WorkspaceId("ws_none"), user_id=p.first.user_id, lasts=timedelta(hours=1)
    ),
    "grants.get": lambda p: p.vault.grants.get(p.other, p.grant.id),
    "grants.set_status": lambda p: p.vault.grants.set_status(
        p.other, p.grant.id, GrantStatus.NEEDS_RECONNECT, if_version=None
    ),
    "grants.forget": lambda p: p.vault.grants.forget(
        replace(p.grant, workspace_id=p.other, status=GrantStatus.REVOKING)
    ),
    "grants.unreadable": lambda p: p.vault.grants.unreadable(p.other),
    "grants.open_credentials": lambda p: p.vault.grants.open_credentials(replace(p.grant, workspace_id=p.other)),
    "grants.replace_credentials": lambda p: p.vault.grants.replace_credentials(
        replace(p.grant, workspace_id=p.other), NEW_KEY, expires_at=None
    ),
    "grants.take_lease": lambda p: p.vault.grants.take_lease(
        replace(p.grant, workspace_id=p.other), "process 2", until=NOW + timedelta(minutes=1)
    ),
    "grants.end_lease": lambda p: p.vault.grants.end_lease(replace(p.grant, workspace_id=p.other), "process 1"),
    "grants.note_failure": lambda p: p.vault.grants.note_failure(
        replace(p.grant, workspace_id=p.other), retry_at=NOW + timedelta(minutes=1)
    ),
    "grants.note_success": lambda p: p.vault.grants.note_success(replace(p.grant, workspace_id=p.other)),
    "grants.of_backend": lambda p: p.vault.grants.of_backend("direct", p.other),
    "connections.get": lambda p: p.vault.connections.get(p.other, p.connection.id),
    "connections.list": lambda p: p.vault.connections.list(p.other, owners=[p.first.user_id, p.first.workspace_id]),
    "connections.list_all": lambda p: p.vault.connections.list_all(p.other),
    "connections.rename": lambda p: p.vault.connections.rename(p.other, p.connection.id, "taken-over"),
    "connections.set_labels": lambda p: p.vault.connections.set_labels(p.other, p.connection.id, {"by": "w2"}),
    "connections.delete": lambda p: p.vault.connections.delete(p.other, p.connection.id),
    "sessions.create": lambda p: p.vault.sessions.create(
        replace(new_session(p.first), workspace_id=p.other, connection_id=p.connection.id)
    ),
    "sessions.get": lambda p: p.vault.sessions.get(p.other, p.session.id),
    "sessions.open_for": lambda p: p.vault.sessions.open_for(
        p.other, p.first.user_id, "github", "next", owner=p.session.owner
    ),
    "sessions.connected_for": lambda p: p.vault.sessions.connected_for(
        p.other, p.first.user_id, "github", "default", owner=p.session.owner, since=NOW
    ),
    "sessions.finish": lambda p: p.vault.sessions.finish(replace(p.session, workspace_id=p.other), signed_in()),
    "sessions.expire": lambda p: p.vault.sessions.expire(replace(p.session, workspace_id=p.other)),
    "sessions.set_labels": lambda p: p.vault.sessions.set_labels(
        replace(p.session, workspace_id=p.other), {"by": "w2"}
    ),
    "sessions.note_problem": lambda p: p.vault.sessions.note_problem(
        replace(p.session, workspace_id=p.other), "noted by w2"
    ),
    "oauth_flows.leave": lambda p: p.vault.oauth_flows.leave(
        replace(p.session, workspace_id=p.other), "github", "state of w2", b"x", expires_at=NOW + timedelta(minutes=1)
    ),
    "oauth_flows.of_session": lambda p: p.vault.oauth_flows.of_session(replace(p.session, workspace_id=p.other)),
    "oauth_flows.take": lambda p: p.vault.oauth_flows.take(replace(p.flow, workspace_id=p.other)),
    "oauth_flows.take_poll": lambda p: p.vault.oauth_flows.take_poll(
        replace(p.flow, workspace_id=p.other), next_at=NOW + timedelta(seconds=5)
    ),
    "oauth_flows.hurry": lambda p: p.vault.oauth_flows.hurry(replace(p.flow, workspace_id=p.other)),
    "oauth_flows.rewrite": lambda p: p.vault.oauth_flows.rewrite(replace(p.flow, workspace_id=p.other), b"x"),
    "oauth_flows.hold": lambda p: p.vault.oauth_flows.hold(
        replace(p.flow, workspace_id=p.other), b"x", until=NOW + timedelta(minutes=1)
    ),
    "oauth_flows.end": lambda p: p.vault.oauth_flows.end(replace(p.flow, workspace_id=p.other)),
    "oauth_clients.put": lambda p: p.vault.oauth_clients.put(
        replace(p.client, workspace_id=p.other, client_id="client of w2")
    ),
    "oauth_clients.of_family": lambda p: p.vault.oauth_clients.of_family(p.other, p.client.family),
    "oauth_clients.list": lambda p: p.vault.oauth_clients.list(p.other),
    "oauth_clients.families": lambda p: p.vault.oauth_clients.families(p.other),
    "oauth_clients.delete": lambda p: p.vault.oauth_clients.delete(replace(p.client, workspace_id=p.other)),
    "nango_integrations.put": lambda p: p.vault.nango_integrations.put(
        WorkspaceId("ws_none"), "github", "oauth", "github-of-w2"
    ),
    "nango_integrations.of": lambda p: p.vault.nango_integrations.of(p.other),
    "nango_integrations.delete": lambda p: p.vault.nango_integrations.delete(p.other, "github", "oauth"),
    "confirmations.create": lambda p: make_confirmation(
        p.vault, Place(replace(p.first.workspace, id=p.other), p.first.user), p.connection
    ),
    "confirmations.find": lambda p: p.vault.confirmations.find(p.other, p.first.user_id, None, "d1"),
    "results.keep": lambda p: make_result(
        p.vault, Place(replace(p.first.workspace, id=p.other), p.first.user), p.connection
    ),
    "results.get": lambda p: p.vault.results.get(p.other, p.first.user_id, None, p.result.id),
    "results.list": lambda p: p.vault.results.list(p.other, p.first.user_id, None),
    "policies.list": lambda p: p.vault.policies.list(p.other),
    "policies.add": lambda p: p.vault.policies.add(
        workspace_id=p.other, user_id=None, token_id=p.token.id, effect=PolicyEffect.ALLOW, pattern="*"
    ),
    "policies.remove": lambda p: p.vault.policies.remove(p.other, p.rule.id),
    "policies.clear": lambda p: p.vault.policies.clear(p.other, None, None),
    "audit.list": lambda p: p.vault.audit.list(p.other),
    "audit.last_used": lambda p: p.vault.audit.last_used(p.other),
    "audit.newest": lambda p: p.vault.audit.newest(p.other),
}  # fmt: skip
# Those of them that answer nothing: in the own workspace they change something.
SILENT = [
    "grants.end_lease", "sessions.note_problem", "oauth_flows.leave", "oauth_flows.rewrite", "oauth_flows.hold",
    "oauth_flows.end", "oauth_flows.hurry", "oauth_clients.put",
]  # fmt: skip

# They take a workspace to name it, as the thing they are about.
ABOUT_A_WORKSPACE = {
    "workspaces.get", "workspaces.delete", "workspaces.revision", "workspaces.revisions", "workspaces.set_member",
    "workspaces.remove_member",
    "workspaces.members", "workspaces.empty",
}  # fmt: skip
# They take an object or a secret that was found with its workspace, or serve whoever runs the server.
BY_SECRET_OR_SERVER_WIDE = {
    "workspaces.ensure_default", "workspaces.create", "workspaces.by_slug", "workspaces.list",
    "workspaces.list_for_user", "workspaces.create_user", "workspaces.get_user", "workspaces.find_users",
    "workspaces.list_users", "workspaces.delete_user", "tokens.find", "tokens.touch",
    "web_sessions.find", "web_sessions.note_use", "web_sessions.end", "sign_in_links.spend", "sessions.by_link",
    "sessions.bind", "confirmations.by_link", "confirmations.decide", "confirmations.spend", "results.expire",
    "audit.write", "audit.finish", "grants.revoking", "grants.count_uses", "oauth_flows.by_state",
    "workspaces.bump_all",
    "identities.find", "identities.bind", "identities.keep_roles", "identities.is_bound", "oauth_clients.count_entered",
}  # fmt: skip


@pytest.mark.parametrize("method", CALLS)
async def test_a_workspace_neither_reads_nor_changes_the_rows_of_another(planted: Planted, method: str) -> None:
    before = await dump(planted.vault, planted.first.workspace_id)
    revision = await planted.vault.workspaces.revision(planted.first.workspace_id)

    try:
        answer = await CALLS[method](planted)
    except ConnectoryError as error:
        answer, text = None, error.text
    else:
        text = ""

    assert not answer
    assert planted.connection.id not in text
    assert await dump(planted.vault, planted.first.workspace_id) == before
    assert await planted.vault.workspaces.revision(planted.first.workspace_id) == revision


async def test_the_same_calls_in_the_own_workspace_meet_their_rows(planted: Planted) -> None:
    """Else the test above would pass for methods that never answer."""
    reading = [
        "tokens.list", "tokens.holder", "web_sessions.list", "web_sessions.end_listed",
        "grants.get", "grants.open_credentials",
        "connections.get", "connections.list", "connections.list_all", "sessions.get", "sessions.open_for",
        "sessions.connected_for", "confirmations.find", "results.get", "results.list", "policies.list", "audit.list",
        "audit.last_used", "audit.newest",
        "policies.remove", "oauth_flows.of_session", "oauth_flows.take_poll", "oauth_flows.take",
        "oauth_clients.of_family", "oauth_clients.list", "oauth_clients.families", "oauth_clients.delete",
        "nango_integrations.of", "nango_integrations.delete", "grants.of_backend", "grants.note_failure",
        "grants.note_success", "grants.take_lease", "grants.set_status", "sessions.set_labels", "sessions.expire",
        "tokens.revoke", "connections.rename", "connections.set_labels", "connections.delete", "grants.forget",
    ]  # fmt: skip
    own = replace(planted, other=planted.first.workspace_id)

    assert [method for method in reading if not await CALLS[method](own)] == []


@pytest.mark.parametrize("method", SILENT)
async def test_what_answers_nothing_changes_the_rows_of_the_own_workspace(planted: Planted, method: str) -> None:
    before = await dump(planted.vault, planted.first.workspace_id)

    await CALLS[method](replace(planted, other=planted.first.workspace_id))

    assert await dump(planted.vault, planted.first.workspace_id) != before


def test_every_store_method_is_listed_here() -> None:
    hints = inspect.get_annotations(Vault, eval_str=True)
    stores = {field.name: hints[field.name] for field in fields(Vault) if field.name not in ("database", "keys")}
    methods = {
        f"{name}.{method}"
        for name, store in stores.items()
        for method, function in inspect.getmembers(store, inspect.isfunction)
        if not method.startswith("_") and inspect.iscoroutinefunction(function)
    }

    assert methods == CALLS.keys() | ABOUT_A_WORKSPACE | BY_SECRET_OR_SERVER_WIDE


async def test_rows_cannot_point_into_another_workspace(planted: Planted) -> None:
    """The database itself refuses it, should a query ever be wrong."""
    second = await make_connection(planted.vault, await make_place(planted.vault, "w3", "zoe"))
    for table, column in (("connections", "grant_id"), ("kept_results", "connection_id"), ("policies", "token_id")):
        value = {"grant_id": second.grant_id, "connection_id": second.id, "token_id": "tk_none"}[column]
        change = sa.update(metadata.tables[table]).where(
            metadata.tables[table].c.workspace_id == planted.first.workspace_id
        )
        with pytest.raises(BadInput):
            await planted.vault.database.change(change.values({column: value}))


async def test_members_of_one_workspace_are_none_of_another(planted: Planted) -> None:
    eve = await planted.vault.workspaces.find_users("eve")

    assert eve[0].id not in {user.id for user, _ in await planted.vault.workspaces.members(planted.first.workspace_id)}
    assert await planted.vault.workspaces.role_of(planted.first.workspace_id, eve[0].id) is None
    assert [line.at for line in await planted.vault.audit.list(planted.first.workspace_id)] == [NOW]
