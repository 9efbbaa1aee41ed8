"""Prompts: what a person picks from a menu, as words that make a model do the right calls in the right order.

What is known already, which accounts there are and what policies deny, is looked up here: a model need not find out.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import chain, count
from typing import Any

import mcp_types as t
from mcp import MCPError
from mcp.server.context import ServerRequestContext

from connectory.auth.connections import DEFAULT_ALIAS, Found, check_alias, describe_account
from connectory.catalog.connector import Connector
from connectory.errors import ConnectoryError
from connectory.gateway.policy import CONNECT
from connectory.identity.principal import Principal
from connectory.mcp import icons
from connectory.mcp.describing import renewing
from connectory.mcp.offers import Offers, check_given
from connectory.spelling import did_you_mean
from connectory.vault.entities import Connection, GrantStatus

Context = ServerRequestContext[Any]
MOST_TASKS = 5
CONNECT_SERVICE = t.Prompt(
    name="connect_service",
    title="Connect a service",
    description="Sign in to a service, so that the assistant can use it for you.",
    arguments=[
        t.PromptArgument(name="connector", title="Service", description="Which one, e.g. github.", required=True),
        t.PromptArgument(
            name="alias",
            title="Account name",
            description="For a further account, a name of your choice, e.g. work.",
            required=False,
        ),
    ],
    icons=[icons.CONNECT],
)
WHAT_CAN_YOU_DO = t.Prompt(
    name="what_can_you_do",
    title="What can you do?",
    description="Hear what the assistant can do with your services, or with one of them.",
    arguments=[
        t.PromptArgument(name="connector", title="Service", description="Only this one, e.g. github.", required=False)
    ],
    icons=[icons.POSSIBLE],
)
PROMPTS = {prompt.name: prompt for prompt in (CONNECT_SERVICE, WHAT_CAN_YOU_DO)}
_NO_SECRETS = (
    "I type passwords, keys and tokens on that page alone: never ask for one here, and do not use one I write."
)


class Prompts:
    """Answers what clients ask about prompts."""

    def __init__(self, offers: Offers, principal_of: Callable[[Context], Awaitable[Principal]]) -> None:
        self._offers, self._principal_of = offers, principal_of

    async def list(self, ctx: Context, _: t.PaginatedRequestParams | None) -> t.ListPromptsResult:
        """List the prompts that the principal can follow."""
        may_connect = await self._offers.may_connect(await self._principal_of(ctx))
        return t.ListPromptsResult(prompts=[CONNECT_SERVICE, WHAT_CAN_YOU_DO] if may_connect else [WHAT_CAN_YOU_DO])

    async def get(self, ctx: Context, params: t.GetPromptRequestParams) -> t.GetPromptResult:
        """Return a prompt filled in. Raises `MCPError` that says what is wrong with its name or arguments."""
        principal, prompt = await self._principal_of(ctx), named_prompt(params.name)
        given = {name: value for name, value in (params.arguments or {}).items() if value.strip()}
        write = self._connect_service if prompt is CONNECT_SERVICE else self._what_can_you_do
        try:
            takes = prompt.arguments or []
            needs = [argument.name for argument in takes if argument.required]
            check_given(prompt.name, given, [argument.name for argument in takes], needs)
            text = await write(principal, given)
        except ConnectoryError as error:
            raise MCPError(t.INVALID_PARAMS, error.text) from None
        content = t.TextContent(type="text", text=text)
        return t.GetPromptResult(
            description=prompt.description, messages=[t.PromptMessage(role="user", content=content)]
        )

    async def _connect_service(self, principal: Principal, given: Mapping[str, str]) -> str:
        await self._offers.gateway.permit(principal, CONNECT, {})
        connector = await self._offers.usable_one(principal, given["connector"])
        alias = check_alias(given["alias"].strip()) if "alias" in given else None
        await self._offers.auth.provider_config(
            principal, connector.name
        )  # raises where nobody could sign in to it here
        parts = self._offers.parts(connector)
        found = await self._offers.connections(principal, parts)
        same = [one for one in found if one[0].alias == (alias or DEFAULT_ALIAS) and not one[0].is_shared]
        is_there = len(same) == len(parts) and all(grant.status is GrantStatus.ACTIVE for _, grant in same)
        if is_there:
            return _already_there(connector, same, found, self._sign_in(connector, parts, None))
        call = {"connector": connector.name, **({"alias": alias} if alias else {})}
        further = f" as a further account called '{alias}'" if alias and found else ""
        return f"Connect {connector.title} for me{further}.\n{self._sign_in(connector, parts, call)}"

    def _sign_in(self, connector: Connector, parts: Sequence[Connector], call: Mapping[str, str] | None) -> str:
        """The steps of connecting; `call`: the arguments, where they are known."""
        asked = f"Call connect with {json.dumps(call)}." if call else "Call connect with what I chose."
        offer = f", for example {tasks}" if (tasks := _tasks(parts)) else ""
        return _steps(
            f"{asked} If it says at once that it is connected, go to step 4.",
            f"Give me the link in its answer, unchanged, and ask me to open it and sign in there. {_NO_SECRETS}",
            "Call connect with the same arguments again: it waits for me. If it still waits after three calls, stop and"
            " let me tell you when I am done.",
            f"Tell me which account of {connector.title} is connected now, and ask what I would like to do with"
            f" it{offer}. The answer of connect names the actions: call_action runs each of them at once, even if it"
            " is not among your tools yet.",
        )

    async def _what_can_you_do(self, principal: Principal, given: Mapping[str, str]) -> str:
        if "connector" in given:
            return await self._with_one(principal, await self._offers.usable_one(principal, given["connector"]))
        against = await self._offers.against_connecting(principal)
        if await self._offers.auth.list_connections(principal):
            return _with_all(against)
        return _with_nothing(against)

    async def _with_one(self, principal: Principal, connector: Connector) -> str:
        parts = self._offers.parts(connector)
        found = await self._offers.connections(principal, parts)
        searches = " and ".join(
            f"search_actions with {json.dumps({'query': '', 'connector': part.name, 'limit': 30})}" for part in parts
        )
        examples = f" Such things are asked there: {tasks}." if (tasks := _tasks(parts)) else ""
        return f"Tell me what you can do for me with {connector.title}.\n" + _steps(
            f"Call {searches}.",
            f"{_SUMMARY}{examples}",
            await self._state(principal, connector, found),
            _END,
        )

    async def _state(self, principal: Principal, connector: Connector, found: Sequence[Found]) -> str:
        """What to tell of the accounts."""
        if not found:
            if against := await self._offers.against_connecting(principal):
                return f"Say that {connector.title} is not connected, and that you may not connect it: {against}."
            if not (await self._offers.auth.ways(principal, connector.name)).is_possible:
                return (
                    f"Say that {connector.title} cannot be connected on this server, so that this is not possible yet."
                )
            call = json.dumps({"connector": connector.name})
            return f"Say that {connector.title} is not connected, and offer it; if I want it, call connect with {call}."
        accounts = ", ".join(f"{row.name} ({describe_account(grant)})" for row, grant in found)
        broken = [row for row, grant in found if grant.status is GrantStatus.NEEDS_RECONNECT]
        offers = [await self._renewal(principal, row) for row in broken]
        return " ".join([f"Connected are: {accounts}.", *offers])

    async def _renewal(self, principal: Principal, row: Connection) -> str:
        if against := await self._offers.against_renewing(principal, row):
            return f"{row.name} must be renewed, but not by you: {against}."
        return f"{row.name} must be renewed: offer it; if I want it, call connect with {json.dumps(renewing(row))}."


def named_prompt(name: str) -> t.Prompt:
    """Return the prompt. Raises `MCPError` for one that is not there."""
    if name not in PROMPTS:
        near = did_you_mean(name, PROMPTS, few=1) or f"There are: {', '.join(PROMPTS)}."
        raise MCPError(t.INVALID_PARAMS, f"There is no prompt {name[:100]!r}. {near}")
    return PROMPTS[name]


_SUMMARY = (
    "From that, in plain words and without the actions' names: what you can look up (effect read), what you can change"
    " (write), and what could not be undone (destructive). Leave out what is not callable."
)
_END = "End with three things that I could ask you now. Call no other tool before I have answered."


def _with_all(against: str) -> str:
    """`against`: why nothing more may be connected, as everywhere here; empty if it may."""
    more = (
        f"Say in a sentence that you may not connect more services: {against}."
        if against
        else "Say in a sentence that more services can be connected, and that I only need to name one."
    )
    return "Tell me what you can do for me with my services.\n" + _steps(
        f"Call list_connectors with {json.dumps({'connected': True})}. If an account needs to be reconnected, say so.",
        f"Call search_actions with {json.dumps({'query': '', 'connector': 'NAME', 'limit': 10})} for each NAME in that"
        " answer that has actions; if there are more than five, name them and ask me which matter.",
        f"{_SUMMARY} A heading for each service, three to five lines below it.",
        more,
        _END,
    )


def _with_nothing(against: str) -> str:
    if against:
        return f"Tell me that no service is connected for me yet, and that you may not connect one: {against}."
    return "Tell me what you could do for me: no service is connected yet.\n" + _steps(
        "Call list_connectors with {}.",
        "Name at most ten services that people use every day, a line for each: what you could do for me there.",
        "Ask which one I use. Once I have named it, call connect with it and give me the link in the answer, unchanged:"
        f" I open it and sign in there. {_NO_SECRETS}",
        "Then call connect with the same arguments again: it waits for me.",
    )


def _already_there(connector: Connector, same: Sequence[Found], found: Sequence[Found], steps: str) -> str:
    accounts = ", ".join(f"{row.name} ({describe_account(grant)})" for row, grant in found)
    row = same[0][0]
    renew = json.dumps({"connector": connector.name, "alias": row.alias})
    further = json.dumps({"connector": connector.name, "alias": _free_alias(found)})
    return (
        f"I want to connect {connector.title}, and it is connected already: {accounts}. Tell me so, and ask what I"
        f" want: to use it as it is, to sign in anew (connect with {renew}), or to add another account under a name of"
        f" its own (e.g. connect with {further}). Unless I use it as it is:\n{steps}"
    )


def _free_alias(found: Sequence[Found]) -> str:
    """A name that no account of these has, for one more."""
    taken = {row.alias for row, _ in found}
    names = chain(["work", "personal"], (f"account-{number}" for number in count(2)))
    return next(name for name in names if name not in taken)


def _tasks(parts: Sequence[Connector]) -> str:
    """What people ask for there, in their words."""
    tasks = [task for part in parts for task in part.manifest.tasks][:MOST_TASKS]
    return ", ".join(f'"{task}"' for task in tasks)


def _steps(*steps: str) -> str:
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
