"""42. IDOR: whatever id stands in whatever place of a tool or page, another's is answered as one that nobody has.

The places are read from the tools' schemas and the app's routes: a new one fails here until it is listed.
"""

from __future__ import annotations

import inspect
import re
import string
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any

import pytest
from starlette.routing import Mount, Route
from tests.attacks.face import FLEET, Face, make_face, result_in
from tests.attacks.test_42_foreign_ids_at_the_services import ATTEMPTS, NO_IDS
from tests.web.browsing import Browser, sign_in, token_of

from connectory.gateway.confirmations import Confirmations
from connectory.gateway.gateway import Gateway
from connectory.identity.principal import Principal
from connectory.mcp.fixed_tools import FIXED_TOOLS
from connectory.testing.application import connect, make_principal
from connectory.testing.provider import FakeProvider, answers
from connectory.vault.entities import PolicyEffect, Role, new_id
from connectory.wiring import Application

Arguments = Callable[[str], dict[str, Any]]
Request = Callable[[str], tuple[str, dict[str, Any]]]
LIST = {"action": "notes_list_notes", "arguments": {"book": "b"}}

# (tool, argument) -> a call with the id in that place. An action's tool has `connection` and `cursor` for all actions.
PLACES: dict[tuple[str, str], Arguments] = {
    ("disconnect", "connection"): lambda i: {"connection": i},
    ("call_action", "connection"): lambda i: {**LIST, "connection": i},
    ("call_action", "arguments"): lambda i: {**LIST, "arguments": {"book": "b", "connection": i}},
    ("request", "connection"): lambda i: {"connection": i, "method": "DELETE", "path": "/books/b"},
    ("read_result", "result"): lambda i: {"result": i},
    ("notes_list_notes", "connection"): lambda i: {"book": "b", "connection": i},
    ("notes_list_notes", "cursor"): lambda i: {"book": "b", "cursor": i, "connection": "notes/default"},
}
NO_ID = {
    ("list_connectors", "query"), ("list_connectors", "category"), ("list_connectors", "connected"),
    ("connect", "connector"), ("connect", "alias"), ("connect", "backend"), ("connect", "scopes"),
    ("connect", "shared"), ("list_connections", "connector"), ("search_actions", "query"),
    ("search_actions", "connector"), ("search_actions", "limit"), ("call_action", "action"), ("request", "method"),
    ("request", "path"), ("request", "server"), ("request", "query"), ("request", "body"), ("request", "headers"),
    ("read_result", "path"), ("read_result", "offset"), ("read_result", "limit"), ("notes_list_notes", "book"),
    ("notes_list_notes", "state"), ("notes_list_notes", "tags"), ("notes_list_notes", "limit"),
    ("notes_list_notes", "fields"),
}  # fmt: skip

# Template variable or prompt argument -> a request with the id in that place.
ADDRESSES: dict[tuple[str, str], Request] = {
    ("connectory://connections/{connector}/{alias}", "connector"): lambda i: _read(f"connections/{i}/default"),
    ("connectory://connections/{connector}/{alias}", "alias"): lambda i: _read(f"connections/notes/{alias_of(i)}"),
    ("connectory://results/{id}", "id"): lambda i: _read(f"results/{i}"),
    ("connectory://actions/{action}", "action"): lambda i: _read(f"actions/{i}"),
    ("connect_service", "connector"): lambda i: _prompt("connect_service", connector=i),
    ("connect_service", "alias"): lambda i: _prompt("connect_service", connector="notes", alias=alias_of(i)),
    ("what_can_you_do", "connector"): lambda i: _prompt("what_can_you_do", connector=i),
}

PAGES = {("GET", "/connect/{link}"), ("POST", "/connect/{link}"), ("GET", "/connect/{link}/done"),
         ("GET", "/connect/{link}/waiting"), ("GET", "/confirm/{link}"), ("POST", "/confirm/{link}")}  # fmt: skip
# None of them has a workspace in its path, so attack 43 does not apply: the principal alone says which one it is.
NO_ID_ROUTES = {("GET", "/"), ("GET", "/healthz"), ("GET", "/open/{secret}"), ("GET", "/signin"), ("POST", "/signin"),
                ("POST", "/signout")}  # fmt: skip
# Whose routes tests of their own read from the app, so that a new one is attacked at once: where.
ATTACKED_ELSEWHERE = {
    "/workspaces/": "test_43_workspace_in_a_pages_path.py", "/static/": "files of ours, everybody's",
}  # fmt: skip
# A provider's redirect, and who we are for it: names of families, and a state (attacks 1 to 3).
CALLBACKS = {("GET", "/api/auth/callback/{family}"), ("GET", "/oauth/client/{family}")}
OF_CALLBACKS = {
    "/api/auth/callback/{id}?state=s&code=c", "/api/auth/callback/notes?state={id}&code=c",
    "/api/auth/callback/notes?state=s&code={id}", "/oauth/client/{id}",
}  # fmt: skip

# Application field -> where the methods of it that take an id are attacked.
SERVICES = {
    "auth": "services", "tokens": "services", "policies": "services", "workspaces": "services",
    "oauth_apps": "services", "clients": "no ids", "nango": "attack 102", "openid": "no ids",
    "web_sessions": "tests of the pages", "custom_connectors": "no ids", "activity": "tests/identity/test_activity.py",
    "gateway": "here, as tools", "confirmations": "here, as pages", "audit": "test_attack_42_audit_lines",
    "drafts": "no ids", "passing": "no ids: what it makes knows no connection",
    "settings": "no ids", "catalog": "no ids", "presence": "no ids", "vault": "tests/vault/test_isolation.py",
}  # fmt: skip
# Any method: what of it is a session of somebody else is attack 26.
MCP = {"/mcp", "/sse", "/sse/messages", "/api/openapi.json"}
# The last five take no id; `kept_result` is asked by resources.
GATEWAY = {
    "call_action", "request", "read_result", "kept_result", "kept_results", "callable_actions", "permit", "denied",
    "count_call",
}  # fmt: skip


@dataclass
class Scene:
    """U1 (a member of W1) has one of everything; U2 owns W1; the stranger owns W2."""

    face: Face
    provider: FakeProvider
    victim: Principal
    victim_token: str
    foreign: dict[str, str]
    tokens: dict[str, str]
    attackers: dict[str, Principal]


@asynccontextmanager
async def make_scene() -> AsyncIterator[Scene]:
    provider = FakeProvider(_pages)
    async with make_face(provider, {**FLEET, "CONNECTORY_RESULT_TOKENS": "200"}) as face:
        app = face.application
        colleague = await make_principal(app, "alpha", "uma")
        victim = await make_principal(app, "alpha", "vic", Role.MEMBER)
        stranger = await make_principal(app, "beta", "eve")
        foreign = await _plant(face, victim, colleague)
        token = foreign.pop("secret")
        for principal in (colleague, stranger):
            await connect(app, principal, token="attackers-own")
        tokens = {
            "stranger": await face.token_of(stranger),
            "stranger, read-only": await face.token_of(stranger, read_only=True),
            "colleague": await face.token_of(colleague),
            "colleague, read-only": await face.token_of(colleague, read_only=True),
        }
        who = {name: stranger if name.startswith("stranger") else colleague for name in tokens}
        provider.requests.clear()
        yield Scene(face, provider, victim, token, foreign, tokens, who)


def _pages(request: Any) -> Any:
    """Long pages, so that a result is kept and a cursor given."""
    notes = [{"id": number, "title": "x" * 200} for number in range(20)]
    following = f'<{request.url.copy_with(query=b"page=2")}>; rel="next"'
    return answers(200, notes, {"link": following})(request)


async def _plant(face: Face, victim: Principal, owner: Principal) -> dict[str, str]:
    """One of every kind of id that exists, all of them the victim's."""
    app = face.application
    made = await connect(app, victim, alias="qq7x")
    session = await app.auth.connect(victim, "notes", alias="open")
    record, secret = await app.tokens.create(victim, "laptop")
    listed = await face.call(secret, "notes_list_notes", book="b", limit=10)
    [rule] = await app.policies.add(owner, PolicyEffect.CONFIRM, ["notes_delete_note"], user="vic")
    asked = await face.call(secret, "notes_delete_note", book="b", id=1)
    return {
        "secret": secret,
        "connection": made.id,
        "connection name": made.name,
        "grant": made.grant_id,
        "connect session": session.id,
        "connect link": token_of(app.auth.link_url(session)),
        "confirmation link": asked.text.partition("/confirm/")[2].split()[0],
        "result": listed.text.partition("result=")[2].partition(",")[0],
        "cursor": listed.text.rpartition("cursor=")[2].split()[0],
        "token": record.id,
        "policy": rule.id,
        "audit line": (await face.audit(victim))[0].id,
        "workspace": victim.workspace_id,
        "user": victim.user_id,
    }


def _read(path: str) -> tuple[str, dict[str, Any]]:
    return "resources/read", {"uri": f"connectory://{path}"}


def _prompt(prompt: str, **arguments: str) -> tuple[str, dict[str, Any]]:
    return "prompts/get", {"name": prompt, "arguments": arguments}


def _completion(what: str, argument: str, typed: str, connector: str = "notes") -> tuple[str, dict[str, Any]]:
    ref = {"type": "ref/resource", "uri": what} if "://" in what else {"type": "ref/prompt", "name": what}
    value = {"name": argument, "value": typed}
    return "completion/complete", {"ref": ref, "argument": value, "context": {"arguments": {"connector": connector}}}


def _without(said: str, known: str) -> str:
    return said.replace(known, "ID").replace(alias_of(known), "ID")


def alias_of(known: str) -> str:
    """The alias in a connection's name; of any other id the whole."""
    return known.rpartition("/")[2]


NEXT_ONES = str.maketrans(
    "".join((string.ascii_lowercase, string.ascii_uppercase, string.digits)),
    "".join(one[1:] + one[0] for one in (string.ascii_lowercase, string.ascii_uppercase, string.digits)),
)


def like(known: str) -> str:
    """An id of the same kind and shape that nobody has: what looks like a key is answered as one."""
    if "/" in known:
        return "notes/zz8y"
    prefix, _, rest = known.partition("_")
    if len(prefix) == 2 and rest:
        return new_id(prefix)  # type: ignore[arg-type] # the prefix was read from an id
    return known.translate(NEXT_ONES)


def test_attack_42_a_new_argument_route_or_service_fails_until_it_is_listed() -> None:
    of_tools = {(tool.name, name) for tool in FIXED_TOOLS for name in tool.input_schema["properties"]}
    listed = PLACES.keys() | NO_ID
    assert {place for place in listed if place[0] != "notes_list_notes"} == of_tools
    assert not PLACES.keys() & NO_ID
    assert {field.name for field in fields(Application)} == set(SERVICES)
    public = {name for name, _ in inspect.getmembers(Gateway, inspect.iscoroutinefunction) if name[0] != "_"}
    assert public == GATEWAY
    asking = {name for name, _ in inspect.getmembers(Confirmations, inspect.iscoroutinefunction) if name[0] != "_"}
    # The first two take no id but what the gateway found, the third what the fourth has returned.
    assert asking == {"require", "spend", "hindrance", "open", "decide"}
    assert {name.partition(".")[0] for name in NO_IDS | set(ATTEMPTS)} == {
        "AuthManager", "SignIn", "ConnectionChanges", "OAuthApps", "Tokens", "Policies", "Workspaces"
    }  # fmt: skip


async def test_attack_42_a_new_route_or_action_argument_fails_until_it_is_listed() -> None:
    async with make_scene() as scene:
        every = scene.face.app.routes
        routes = {
            (method, route.path)
            for route in every
            if isinstance(route, Route) and not route.path.startswith(tuple(ATTACKED_ELSEWHERE))
            for method in (route.methods or set()) - {"HEAD"}
        }
        mounts = [one.path for one in every if isinstance(one, Mount)]
        assert mounts == ["/api/workspace"]  # test_43_workspace_at_the_api.py
        assert len(every) == len([one for one in every if isinstance(one, Route | Mount)])
        assert routes == PAGES | NO_ID_ROUTES | CALLBACKS
        assert {route.path for route in scene.face.app.routes if isinstance(route, Route) and not route.methods} == MCP
        tools = {tool["name"]: tool for tool in await scene.face.tools(scene.victim_token)}
        takes = {("notes_list_notes", name) for name in tools["notes_list_notes"]["inputSchema"]["properties"]}
    assert takes == {place for place in PLACES.keys() | NO_ID if place[0] == "notes_list_notes"}


@pytest.mark.parametrize(
    "who",
    [
        "stranger",
        "colleague",
        pytest.param("stranger, read-only", marks=pytest.mark.slow),
        pytest.param("colleague, read-only", marks=pytest.mark.slow),
    ],
)
async def test_attack_42_no_tool_tells_another_s_id_from_a_random_one(who: str) -> None:
    async with make_scene() as scene:
        face, token = scene.face, scene.tokens[who]
        before, lines = await face.rows(), len(await face.audit(scene.attackers[who]))
        asked = 0
        for (tool, argument), arguments in PLACES.items():
            for kind, known in scene.foreign.items():
                random = like(known)
                said = [await face.call(token, tool, **arguments(one)) for one in (known, random)]
                asked += 2
                where = (tool, argument, kind)
                assert all(one.failed for one in said), (where, said)
                assert said[0].text.replace(known, "ID") == said[1].text.replace(random, "ID"), where
                assert scene.victim_token not in said[0].text
        assert scene.provider.requests == []
        assert await face.rows() == before
        assert len(await face.audit(scene.attackers[who])) == lines + asked


@pytest.mark.parametrize("who", ["stranger", "colleague"])
async def test_attack_42_no_address_prompt_or_completion_tells_another_s_id_from_a_random_one(who: str) -> None:
    async with make_scene() as scene:
        face, token = scene.face, scene.tokens[who]
        before = await face.rows()
        for (what, argument), request in ADDRESSES.items():
            for kind, known in scene.foreign.items():
                random, said = like(known), []
                for one in (known, random):
                    asked = [
                        request(one),
                        _completion(what, argument, alias_of(one)),
                        _completion(what, "alias", "", one),
                    ]
                    answered = [result_in(await face.post(token, method, **params)) for method, params in asked]
                    said.append(_without(repr(answered), one))
                assert said[0] == said[1], (what, argument, kind)
                assert scene.victim_token not in said[0]
        assert scene.provider.requests == []
        assert await face.rows() == before


async def test_attack_42_the_victim_s_own_addresses_all_work() -> None:
    async with make_scene() as scene:
        face, token = scene.face, scene.victim_token
        alias = alias_of(scene.foreign["connection name"])
        for request in (
            _read(f"connections/notes/{alias}"),
            _read(f"results/{scene.foreign['result']}"),
            _read("actions/notes_list_notes"),
            _prompt("connect_service", connector="notes", alias=alias),
        ):
            assert "result" in result_in(await face.post(token, request[0], **request[1])), request
        template = "connectory://connections/{connector}/{alias}"
        method, params = _completion(template, "alias", "", "notes")
        assert result_in(await face.post(token, method, **params))["result"]["completion"]["values"] == [alias]


async def test_attack_42_a_new_template_variable_or_prompt_argument_fails_until_it_is_listed() -> None:
    async with make_scene() as scene:
        asked = {one: result_in(await scene.face.post(scene.victim_token, f"{one}/list"))["result"]
                 for one in ("resources/templates", "prompts")}  # fmt: skip
    variables = {(one["uriTemplate"], name) for one in asked["resources/templates"]["resourceTemplates"]
                 for name in re.findall(r"{(\w+)}", one["uriTemplate"])}  # fmt: skip
    arguments = {(one["name"], each["name"]) for one in asked["prompts"]["prompts"] for each in one["arguments"]}
    assert variables | arguments == set(ADDRESSES)


async def test_attack_42_without_a_token_every_tool_is_one_and_the_same_401() -> None:
    async with make_scene() as scene:
        before, lines = await scene.face.rows(), await scene.face.audit(scene.victim)
        for token in (None, "cny_" + "x" * 43, scene.victim_token[:-1], scene.foreign["token"]):
            answers = [
                await scene.face.post(token, "tools/call", name=tool, arguments=arguments(known))
                for (tool, _), arguments in PLACES.items()
                for known in scene.foreign.values()
            ]
            answers.append(await scene.face.post(token, "tools/list"))
            assert {answer.status_code for answer in answers} == {401}
            assert len({answer.content for answer in answers}) == 1
        assert scene.provider.requests == []
        assert await scene.face.rows() == before
        assert await scene.face.audit(scene.victim) == lines


async def test_attack_42_a_read_only_token_of_one_s_own_changes_nothing() -> None:
    async with make_scene() as scene:
        token = await scene.face.token_of(scene.victim, read_only=True)
        before = await scene.face.rows()
        attempts: list[tuple[str, dict[str, Any]]] = [
            ("disconnect", {"connection": scene.foreign["connection"]}),
            ("connect", {"connector": "notes", "alias": "more"}),
            ("connect", {"connector": "notes", "alias": "open"}),
            ("request", {"connection": scene.foreign["connection"], "method": "DELETE", "path": "/books/b"}),
            ("notes_create_note", {"book": "b", "title": "t"}),
            ("call_action", {"action": "notes_delete_note", "arguments": {"book": "b", "id": 1}}),
        ]
        for tool, arguments in attempts:
            said = await scene.face.call(token, tool, **arguments)
            assert said.failed
            assert said.text.startswith("policy_denied: "), said
        other = await scene.face.call(token, "read_result", result=scene.foreign["result"])
        random = await scene.face.call(token, "read_result", result="rs_" + "0" * 32)
        assert other.failed
        assert other.text.replace(scene.foreign["result"], "ID") == random.text.replace("rs_" + "0" * 32, "ID")
        assert scene.provider.requests == []
        assert await scene.face.rows() == before


@pytest.mark.parametrize("who", ["stranger", "colleague", "nobody"])
async def test_attack_42_no_page_tells_another_s_link_from_a_random_one(who: str) -> None:
    async with make_scene() as scene, Browser(scene.face.app, "https://connect.example.com") as browser:
        if who != "nobody":
            await sign_in(browser, f"/connect/{'z' * 43}", scene.tokens[who])
        before = await scene.face.rows()
        for method, path in sorted(PAGES):
            for kind, known in scene.foreign.items():
                if "/" in known:
                    continue  # another path altogether
                random = like(known)
                seen = []
                for link in (known, random):
                    target = path.format(link=link)
                    if method == "GET":
                        answer = await browser.client.get(target, headers={"Accept": "text/html"})
                    else:
                        typed = {"method": "token", "value.token": "evil", "answer": "yes", "browser": "b" * 43}
                        answer = await browser.post(target, typed)
                    assert answer.status_code == (401 if who == "nobody" else 404), (method, path, kind)
                    seen.append(answer.text.replace(link, "ID"))
                assert seen[0] == seen[1], (method, path, kind)
        assert scene.provider.requests == []
        assert await scene.face.rows() == before


@pytest.mark.parametrize("who", ["stranger", "colleague", "nobody"])
async def test_attack_42_no_callback_tells_another_s_id_from_a_random_one(who: str) -> None:
    async with make_scene() as scene, Browser(scene.face.app, "https://connect.example.com") as browser:
        if who != "nobody":
            await sign_in(browser, f"/connect/{'z' * 43}", scene.tokens[who])
        before = await scene.face.rows()
        for path in sorted(OF_CALLBACKS):
            for kind, known in scene.foreign.items():
                random, seen = like(known), []
                for one in (known, random):
                    answer = await browser.client.get(path.format(id=one), headers={"Accept": "text/html"})
                    assert answer.status_code >= 400, (path, kind)
                    said = _without(answer.text, one).replace(one[:40], "ID")  # no more of it is repeated
                    seen.append((answer.status_code, said))
                assert seen[0] == seen[1], (path, kind)
        assert scene.provider.requests == []
        assert await scene.face.rows() == before


async def test_attack_42_the_victim_s_own_ids_all_work() -> None:
    """Else the tables above would pass by refusing everything."""
    async with make_scene() as scene, Browser(scene.face.app, "https://connect.example.com") as browser:
        face, token, foreign = scene.face, scene.victim_token, scene.foreign
        assert not (await face.call(token, "read_result", result=foreign["result"])).failed
        for name in (foreign["connection"], foreign["connection name"]):
            assert not (await face.call(token, "notes_list_notes", book="b", connection=name)).failed
        turned = {"book": "b", "limit": 10, "cursor": foreign["cursor"]}
        assert not (await face.call(token, "notes_list_notes", **turned)).failed
        page = await sign_in(browser, f"/connect/{foreign['connect link']}", token)
        assert page.status == 200
        assert (await browser.open(f"/confirm/{foreign['confirmation link']}")).status == 200
        gone = await face.call(token, "disconnect", connection=foreign["connection"])
        assert not gone.failed


async def test_attack_42_audit_lines_of_another_are_not_listed() -> None:
    async with make_scene() as scene:
        face, victim = scene.face, scene.victim
        await face.call(scene.tokens["stranger"], "read_result", result=scene.foreign["result"])
        mine = {line.id for line in await face.audit(victim)}
        theirs = await face.audit(scene.attackers["stranger"])
        assert scene.foreign["audit line"] in mine
        assert theirs
        assert not mine & {line.id for line in theirs}
        assert not [line for line in theirs if victim.user_id in repr(line)]
