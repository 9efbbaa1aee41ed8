"""39. Sealed state: what a client keeps of a call in rounds comes back changed, from elsewhere, or late."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx2
import pytest
from mcp import MCPError
from mcp_types import INVALID_PARAMS
from tests.attacks.face import FLEET, Face, make_face, result_in, rpc
from tests.auth.making import Clock

from connectory.cli.faces import make_app
from connectory.identity.principal import Principal
from connectory.mcp.rounds import Round, RoundSeals
from connectory.testing.application import make_principal
from connectory.vault.entities import Role, TokenId, UserId, WorkspaceId
from connectory.vault.keys import KeyRing

OLD, NEW = b"o" * 32, b"n" * 32
ANN = Principal(WorkspaceId("ws_1"), UserId("us_1"), Role.OWNER, TokenId("tk_1"))
NOTES = {"connector": "notes", "alias": "work"}
THIS = Round(3, "the-link-of-a-person")


def seals(*keys: bytes, now: Clock | None = None) -> RoundSeals:
    return RoundSeals(KeyRing(keys or [OLD]), now or Clock())


def decoded(state: str) -> bytes:
    return base64.urlsafe_b64decode(state + "=" * (-len(state) % 4))


def encoded(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def test_attack_39_nothing_secret_is_readable_in_a_state() -> None:
    state = seals().seal(ANN, "connect", NOTES, THIS)
    for readable in (state.encode(), decoded(state)):
        assert not [part for part in (b"link", b"ws_1", b"us_1", b"notes", b"work") if part in readable]


def test_attack_39_one_changed_bit_is_refused_wherever_it_is() -> None:
    state = seals().seal(ANN, "connect", NOTES, THIS)
    sealed = decoded(state)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(MCPError, match="requestState"):
            seals().open(ANN, "connect", NOTES, encoded(bytes(changed)))


def test_attack_39_another_way_to_write_the_same_bytes_is_refused_too() -> None:
    state = seals().seal(ANN, "connect", NOTES, Round(3, "an odd length, so that the last character has room"))
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [state[:-1] + letter for letter in alphabet if letter != state[-1]]
    same = [other for other in others if decoded(other) == decoded(state)]
    assert same
    for other in (*same, f"{state}=", f" {state}", state[:9] + "\n" + state[9:], "é", "", "A", "{}", "A" * 100_000):
        with pytest.raises(MCPError):
            seals().open(ANN, "connect", NOTES, other)


@pytest.mark.parametrize(
    ("principal", "tool", "arguments"),
    [
        (replace(ANN, user_id=UserId("us_2")), "connect", NOTES),
        (replace(ANN, workspace_id=WorkspaceId("ws_2")), "connect", NOTES),
        (replace(ANN, token_id=TokenId("tk_2")), "connect", NOTES),
        (replace(ANN, token_id=None), "connect", NOTES),
        (ANN, "disconnect", NOTES),
        (ANN, "connect", {**NOTES, "alias": "home"}),
        (ANN, "connect", {"connector": "notes"}),
    ],
)
def test_attack_39_a_state_opens_for_its_own_call_alone(
    principal: Principal, tool: str, arguments: dict[str, Any]
) -> None:
    state = seals().seal(ANN, "connect", NOTES, THIS)
    with pytest.raises(MCPError):
        seals().open(principal, tool, arguments, state)


@pytest.mark.parametrize(("minutes", "opens"), [(0, True), (9.9, True), (10, False), (11, False)])
def test_attack_39_a_state_is_good_for_ten_minutes(minutes: float, opens: bool) -> None:
    clock = Clock()
    state = seals(now=clock).seal(ANN, "connect", NOTES, THIS)
    clock.pass_by(minutes=minutes)
    if opens:
        assert seals(now=clock).open(ANN, "connect", NOTES, state) == THIS
        return
    with pytest.raises(MCPError):
        seals(now=clock).open(ANN, "connect", NOTES, state)


def test_attack_39_a_good_state_opens_on_every_replica_and_after_a_change_of_the_key() -> None:
    state = seals(OLD).seal(ANN, "connect", NOTES, THIS)
    backwards = dict(reversed(NOTES.items()))
    assert seals(OLD).open(ANN, "connect", backwards, state) == THIS
    assert seals(NEW, OLD).open(ANN, "connect", NOTES, state) == THIS
    with pytest.raises(MCPError):
        seals(NEW).open(ANN, "connect", NOTES, state)


@dataclass(frozen=True)
class Asked:
    """A face, and what it answers when the client declares URL elicitation."""

    face: Face

    async def call(self, token: str, tool: str = "connect", **params: Any) -> dict[str, Any]:
        body, headers = rpc("tools/call", name=tool, **{"arguments": {"connector": "notes"}, **params})
        body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"elicitation": {"url": {}}}
        answer = await self.face.client.post("/mcp", json=body, headers={**headers, "Authorization": f"Bearer {token}"})
        message = result_in(answer)
        result: dict[str, Any] = message.get("result", message)
        return result


def is_refused(answer: dict[str, Any]) -> bool:
    error = answer.get("error", {})
    return error.get("code") == INVALID_PARAMS and "requestState" in error["message"]


async def test_attack_39_through_the_face_a_state_serves_nobody_else() -> None:
    async with make_face() as face:
        asked = Asked(face)
        ann = await make_principal(face.application)
        eve = await make_principal(face.application, user="eve")
        mine, again, hers = await face.token_of(ann), await face.token_of(ann), await face.token_of(eve)
        first = await asked.call(mine)
        state = first["requestState"]
        assert first["resultType"] == "input_required"
        link = first["inputRequests"]["open"]["params"]["url"].rpartition("/")[2]
        assert link not in state
        assert not re.search(r"notes|rs_|cs_|\{", state)

        refused: list[Callable[[], Any]] = [
            lambda: asked.call(hers, requestState=state),
            lambda: asked.call(again, requestState=state),
            lambda: asked.call(mine, "list_connections", requestState=state),
            lambda: asked.call(mine, "notes_list_notes", requestState=state),
            lambda: asked.call(mine, requestState=state, arguments={"connector": "notes", "alias": "work"}),
            lambda: asked.call(mine, requestState="A" * 120),
        ]
        for attempt in refused:
            assert is_refused(await attempt())
        after = await asked.call(mine, requestState=state, inputResponses={"open": {"action": "accept"}})
        assert after["resultType"] == "input_required"
        assert after["requestState"] != state


async def test_attack_39_another_replica_goes_on_with_the_state() -> None:
    async with make_face() as face:
        token = await face.token_of(await make_principal(face.application))
        state = (await Asked(face).call(token))["requestState"]
        other = make_app(face.application)  # nothing in common but the vault and its keys
        async with (
            other.router.lifespan_context(other),
            httpx2.AsyncClient(transport=httpx2.ASGITransport(app=other), base_url=FLEET["APP_URL"]) as client,
        ):
            after = await Asked(replace(face, app=other, client=client)).call(token, requestState=state)
        assert after["resultType"] == "input_required"
