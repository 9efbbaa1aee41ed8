"""42: an id that is not yours is answered exactly as a random one, by every service beneath the faces."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest
from tests.auth.making import World, world
from tests.auth.test_ways import OAUTH, without_token

from connectory.auth.changes import ConnectionChanges
from connectory.auth.manager import AuthManager
from connectory.auth.oauth.apps import OAuthApps
from connectory.auth.oauth.clients import OAuthClients
from connectory.auth.signin import SignIn
from connectory.errors import ConnectoryError, SessionExpired, UnknownConnection, UnknownObject
from connectory.identity.policies import Policies
from connectory.identity.principal import Principal
from connectory.identity.record import no_record
from connectory.identity.tokens import Tokens
from connectory.identity.workspaces import Workspaces
from connectory.testing.connectors import make_connector
from connectory.vault.entities import (
    ConnectionId,
    ConnectSession,
    PolicyEffect,
    Prefix,
    Role,
    SessionId,
    TokenId,
    new_id,
)

SERVICES = (AuthManager, SignIn, ConnectionChanges, OAuthApps, Tokens, Policies, Workspaces)
NO_IDS = {
    "AuthManager.connect",  # makes; of what exists it finds only its own owner's
    "AuthManager.open_session",
    "AuthManager.list_connections",
    "AuthManager.supported_providers",  # of connectors, which are everybody's; the workspace's own clients count
    "AuthManager.ways",
    "AuthManager.ways_of",
    "AuthManager.provider_config",
    "AuthManager.validate_config",
    "SignIn.refuse_callback",  # on record for whoever came
    "OAuthApps.put",  # named by connector; each workspace has its own
    "OAuthApps.all",
    "OAuthApps.remove",
    "Tokens.list",
    "Tokens.renew",  # asks about the caller's own token
    "Policies.list",
    "Workspaces.create",
    "Workspaces.create_user",
    "Workspaces.delete_user",  # the operator's alone, for whom every user is theirs to see
    "Workspaces.list",
    "Workspaces.list_users",
    "Workspaces.members",
    "Workspaces.add_member",  # by an email, which finds users for the operator alone
}


@dataclass
class Services:
    """The services and what the victim has."""

    world: World
    tokens: Tokens
    policies: Policies
    workspaces: Workspaces
    session: ConnectSession
    foreign: dict[str, str]


Attempt = Callable[[Services, Principal, str], Awaitable[object]]


def _session(services: Services, session_id: str) -> ConnectSession:
    known = services.session
    same = {name: getattr(known, name) for name in known.__dataclass_fields__}
    return ConnectSession(**{**same, "id": SessionId(session_id)})


# Method -> kind of id, the attempt, what it must be answered with.
ATTEMPTS: dict[str, tuple[str, Attempt, type[ConnectoryError]]] = {
    "AuthManager.get_connection": (
        "connection",
        lambda s, p, i: s.world.auth.get_connection(p, ConnectionId(i)),
        UnknownConnection,
    ),
    "AuthManager.get_credentials": (
        "connection",
        lambda s, p, i: s.world.auth.get_credentials(p, ConnectionId(i)),
        UnknownConnection,
    ),
    "ConnectionChanges.rename": (
        "connection",
        lambda s, p, i: s.world.changes.rename(p, ConnectionId(i), "another"),
        UnknownConnection,
    ),
    "ConnectionChanges.label": (
        "connection",
        lambda s, p, i: s.world.changes.label(p, ConnectionId(i), {"customer": "c-17"}),
        UnknownConnection,
    ),
    "AuthManager.renew_connection": (
        "connection",
        lambda s, p, i: s.world.auth.renew_connection(p, ConnectionId(i)),
        UnknownConnection,
    ),
    "AuthManager.refresh_credentials": (
        "connection",
        lambda s, p, i: s.world.auth.refresh_credentials(p, ConnectionId(i)),
        UnknownConnection,
    ),
    "AuthManager.disconnect": (
        "connection",
        lambda s, p, i: s.world.auth.disconnect(p, ConnectionId(i)),
        UnknownConnection,
    ),
    "AuthManager.resolve": (
        "connection",
        lambda s, p, i: s.world.auth.resolve(p, i, connector="notes"),
        UnknownConnection,
    ),
    "AuthManager.choose": (
        "connection",
        lambda s, p, i: s.world.auth.choose(p, s.world.catalog.connector("notes"), i, writes=True),
        UnknownConnection,
    ),
    "AuthManager.made_by": (
        "connection",
        lambda s, p, i: s.world.auth.made_by(p, replace(s.session, connection_id=ConnectionId(i))),
        UnknownConnection,
    ),
    "AuthManager.wait": ("session", lambda s, p, i: s.world.auth.wait(p, _session(s, i), 0), SessionExpired),
    "Tokens.create": ("user", lambda s, p, i: s.tokens.create(p, "t", user=i), UnknownObject),
    "Tokens.revoke": ("token", lambda s, p, i: s.tokens.revoke(p, i), UnknownObject),
    "Policies.add": ("token", lambda s, p, i: s.policies.add(p, PolicyEffect.DENY, token=i), UnknownObject),
    "Policies.clear": ("token", lambda s, p, i: s.policies.clear(p, token=i), UnknownObject),
    "Policies.remove": ("policy", lambda s, p, i: s.policies.remove(p, i), UnknownObject),
    "Workspaces.set_role": ("user", lambda s, p, i: s.workspaces.set_role(p, i, Role.MEMBER), UnknownObject),
    "Workspaces.remove": ("user", lambda s, p, i: s.workspaces.remove(p, i), UnknownObject),
    "Workspaces.delete": ("workspace", lambda s, p, i: s.workspaces.delete(p, i), UnknownObject),
}
PREFIXES: dict[str, Prefix] = {
    "connection": "cn",
    "session": "cs",
    "token": "tk",
    "policy": "po",
    "user": "us",
    "workspace": "ws",
}


async def make_services(w: World) -> Services:
    """The victim, a member, has one of everything; the attacker has a connection too, so that names could be near."""
    session = await w.auth.connect(w.member, "notes", alias="open")
    done = await w.connected(w.member)
    await w.connected(w.stranger)
    await w.connected(w.owner)
    services = Services(
        w, Tokens(w.vault, w.clock), Policies(w.vault), Workspaces(w.vault, w.auth.withdraw), session, {}
    )
    token, _ = await services.tokens.create(w.member, "laptop")
    [rule] = await services.policies.add(w.owner, PolicyEffect.DENY, ["notes_*"], user="Mia")
    services.foreign = {
        "connection": done.connection.id, "session": session.id, "token": token.id, "policy": rule.id,
        "user": w.member.user_id, "workspace": w.member.workspace_id,
    }  # fmt: skip
    return services


def test_attack_42_a_new_method_fails_until_it_is_listed() -> None:
    taking_a_principal = {
        f"{service.__name__}.{name}"
        for service in SERVICES
        for name, method in inspect.getmembers(service, inspect.iscoroutinefunction)
        if not name.startswith("_") and "principal" in inspect.signature(method).parameters and name != "verify"
    }
    assert taking_a_principal == NO_IDS | set(ATTEMPTS)


@pytest.mark.parametrize("method", list(ATTEMPTS))
async def test_attack_42_another_workspace_s_id_is_as_unknown_as_a_random_one(method: str) -> None:
    kind, attempt, error = ATTEMPTS[method]
    async with world() as w:
        services = await make_services(w)
        await _assert_alike(services, attempt, error, w.stranger, services.foreign[kind], new_id(PREFIXES[kind]))


@pytest.mark.parametrize("method", [name for name, (kind, *_) in ATTEMPTS.items() if kind in ("connection", "session")])
@pytest.mark.parametrize("who", ["owner", "viewer"])
async def test_attack_42_a_private_connection_is_unknown_to_the_workspace_s_own_people(method: str, who: str) -> None:
    kind, attempt, error = ATTEMPTS[method]
    async with world() as w:
        await w.connected(w.owner, alias="shared", shared=True)
        services = await make_services(w)
        await _assert_alike(services, attempt, error, getattr(w, who), services.foreign[kind], new_id(PREFIXES[kind]))


async def test_attack_42_another_workspace_s_oauth_app_is_as_unknown_as_none() -> None:
    async with world(connectors=[make_connector(), without_token(OAUTH, name="memo")]) as w:
        apps = OAuthApps(w.vault, w.catalog, OAuthClients(w.vault, w.settings), no_record)
        with pytest.raises(UnknownObject) as none:
            await apps.remove(w.stranger, "memo")
        await apps.put(w.owner, "memo", "owners-app", "owners-secret")

        with pytest.raises(UnknownObject) as foreign:
            await apps.remove(w.stranger, "memo")

        assert foreign.value.text == none.value.text
        assert await apps.all(w.stranger) == []
        await apps.put(w.stranger, "memo", "strangers-app", None)
        assert [app.client_id for app in await apps.all(w.stranger)] == ["strangers-app"]
        assert [app.client_id for app in await apps.all(w.owner)] == ["owners-app"]


async def _assert_alike(
    services: Services, attempt: Attempt, error: type[ConnectoryError], attacker: Principal, foreign: str, random: str
) -> None:
    """Both are answered with the same words but for the id, and the victim still has everything."""
    texts = []
    for shown in (foreign, random):
        with pytest.raises(error) as refusal:
            await attempt(services, attacker, shown)
        texts.append(refusal.value.text.replace(shown, "ID"))
    assert texts[0] == texts[1]
    w = services.world
    assert [row.name for row, _ in await w.auth.list_connections(w.member) if not row.is_shared] == ["notes/default"]
    [token] = await services.tokens.list(w.member)
    assert (token.id, token.revoked_at) == (TokenId(services.foreign["token"]), None)
    assert [rule.id for rule in await services.policies.list(w.member)] == [services.foreign["policy"]]
