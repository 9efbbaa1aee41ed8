"""Tools of the suite that need several rounds (MCP 2026-07-28). Their states are sealed and opened by our own seals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import mcp_types as t

from connectory.mcp.caller import principal_of_request
from connectory.mcp.rounds import Round, RoundSeals
from connectory.testing.conformance.material import ask_form
from connectory.testing.conformance.precedence import CallAnswer, Context, ToolFixture, make_tool, say

NAME = ask_form("What is your name?", name={"type": "string"})
COLOUR = ask_form("What is your favourite colour?", color={"type": "string"})
CONFIRM = ask_form("Please confirm.", ok={"type": "boolean"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One round of a call: what the client sent, and how it is asked for more."""

    ctx: Context
    answers: t.InputResponses
    this: Round | None
    seal: Callable[[Round], str]

    def ask(self, requests: t.InputRequests, note: str = "") -> t.InputRequiredResult:
        """Ask, and have `note` come back in the state."""
        state = self.seal(Round(self.this.number + 1 if self.this else 1, note))
        return t.InputRequiredResult(input_requests=requests, request_state=state)

    def text(self, key: str, field: str) -> str | None:
        """What was typed into a field of a form; None where that form was not answered."""
        answer = self.answers.get(key)
        return str((answer.content or {}).get(field)) if isinstance(answer, t.ElicitResult) else None


def round_tools(seals: RoundSeals) -> list[ToolFixture]:
    """Return the tools."""
    steps: dict[str, Callable[[Asked], CallAnswer]] = {
        "test_input_required_result_elicitation": _elicit,
        "test_streaming_elicitation": _elicit,
        "test_input_required_result_sampling": _sample,
        "test_input_required_result_list_roots": _list_roots,
        "test_input_required_result_request_state": _keep_state,
        "test_input_required_result_tampered_state": _keep_state,
        "test_input_required_result_multiple_inputs": _ask_all,
        "test_input_required_result_multi_round": _go_on,
        "test_input_required_result_capabilities": _ask_what_is_declared,
    }
    return [
        ToolFixture(make_tool(name, "Asks in rounds."), partial(_take, seals, step)) for name, step in steps.items()
    ]


async def _take(
    seals: RoundSeals, step: Callable[[Asked], CallAnswer], ctx: Context, params: t.CallToolRequestParams
) -> CallAnswer:
    principal, arguments = await principal_of_request(ctx), params.arguments or {}
    state = params.request_state
    this = None if state is None else seals.open(principal, params.name, arguments, state)
    return step(Asked(ctx, params.input_responses or {}, this, partial(seals.seal, principal, params.name, arguments)))


def _elicit(asked: Asked) -> CallAnswer:
    name = asked.text("user_name", "name")
    return asked.ask({"user_name": NAME}) if name is None else say(f"Hello, {name}!")


def _sample(asked: Asked) -> CallAnswer:
    answer = asked.answers.get("capital_question")
    if isinstance(answer, t.CreateMessageResult) and answer.content.type == "text":
        return say(f"Model said: {answer.content.text}")
    return asked.ask({"capital_question": _sampling("What is the capital of France?")})


def _list_roots(asked: Asked) -> CallAnswer:
    answer = asked.answers.get("client_roots")
    if isinstance(answer, t.ListRootsResult):
        return say(f"Client exposed {len(answer.roots)} root(s).")
    return asked.ask({"client_roots": t.ListRootsRequest()})


def _keep_state(asked: Asked) -> CallAnswer:
    is_confirmed = "confirm" in asked.answers and asked.this is not None
    return say(f"state-ok: {asked.this}") if is_confirmed else asked.ask({"confirm": CONFIRM})


def _ask_all(asked: Asked) -> CallAnswer:
    if {"user_name", "greeting", "client_roots"} <= asked.answers.keys():
        return say("All inputs received.")
    return asked.ask(
        {"user_name": NAME, "greeting": _sampling("Generate a greeting"), "client_roots": t.ListRootsRequest()}
    )


def _go_on(asked: Asked) -> CallAnswer:
    name, colour = asked.text("step1", "name"), asked.text("step2", "color")
    if asked.this is not None and asked.this.number == 1 and name is not None:
        return asked.ask({"step2": COLOUR}, note=name)
    if asked.this is not None and asked.this.number == 2 and colour is not None:
        return say(f"{asked.this.link} likes {colour}.")
    return asked.ask({"step1": NAME})


def _ask_what_is_declared(asked: Asked) -> CallAnswer:
    declared = asked.ctx.session.client_capabilities
    questions: dict[str, t.InputRequest] = {}
    if declared and declared.sampling is not None:
        questions["sample"] = _sampling("Say hello")
    if declared and declared.elicitation is not None:
        questions["user_name"] = NAME
    return asked.ask(questions)


def _sampling(text: str) -> t.CreateMessageRequest:
    message = t.SamplingMessage(role="user", content=t.TextContent(type="text", text=text))
    return t.CreateMessageRequest(params=t.CreateMessageRequestParams(messages=[message], max_tokens=100))
