"""`policy ...`: what agents may do, for a workspace, a user or a token. The gateway applies it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectory.cli.acting import act
from connectory.cli.options import AsJson, InWorkspace, Yes, ask_first
from connectory.cli.output import note, show_json, show_table, show_text
from connectory.errors import AlreadyExists, InvalidArguments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connectory.identity.principal import Principal
    from connectory.vault.entities import PolicyRule
    from connectory.wiring import Application

policies = typer.Typer(no_args_is_help=True, help="Policies: what agents may do.")

ForUser = Annotated[str | None, typer.Option("--user", help="For this member alone: name, email or id.")]
ForToken = Annotated[str | None, typer.Option("--token", metavar="PREFIX", help="For this token alone: prefix or id.")]


@policies.command("list")
def list_policies(workspace: InWorkspace = None, as_json: AsJson = False) -> None:
    """List the rules that you may see."""

    async def find(application: Application, principal: Principal) -> tuple[Sequence[PolicyRule], dict[str, str]]:
        members = {str(user.id): user.name for user, _ in await application.workspaces.members(principal)}
        prefixes = {str(token.id): token.prefix for token in await application.tokens.list(principal)}
        return await application.policies.list(principal), {**members, **prefixes}

    rules, names = act(find, workspace=workspace)
    if as_json:
        show_json([_describe(rule) for rule in rules])
        return
    rows = [(rule.effect.value.replace("_", "-"), rule.pattern, _level(rule, names), rule.id) for rule in rules]
    empty = "No rules: everything is allowed that roles and tokens allow."
    show_table(("EFFECT", "TOOLS", "FOR", "ID"), rows, empty=empty)


@policies.command("set")
def set_policy(
    read_only: Annotated[bool, typer.Option("--read-only", help="Nothing but reads.")] = False,
    allow: Annotated[
        list[str] | None, typer.Option("--allow", metavar="GLOB", help="Only tools that match, e.g. github_*.")
    ] = None,
    deny: Annotated[list[str] | None, typer.Option("--deny", metavar="GLOB", help="No tool that matches.")] = None,
    confirm: Annotated[
        list[str] | None, typer.Option("--confirm", metavar="GLOB", help="A tool that matches needs a person's yes.")
    ] = None,
    user: ForUser = None,
    token: ForToken = None,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Add rules; deny goes before confirm, confirm before allow."""
    everything = ["*"] if read_only else []
    wanted = {"read_only": everything, "deny": deny or [], "confirm": confirm or [], "allow": allow or []}
    if not any(wanted.values()):
        raise InvalidArguments("No rule is given.", hint="Give --read-only, --allow, --deny or --confirm.")

    async def add(application: Application, principal: Principal) -> tuple[list[PolicyRule], list[str]]:
        added = await _add(application, principal, wanted, user, token)
        return added, _idle(added, application)

    added, idle = act(add, workspace=workspace)
    if as_json:
        show_json([_describe(rule) for rule in added])
    elif not added:
        show_text(f"Nothing was changed for {_whom(user, token)}: it is set so already.")
    else:
        rules = ", ".join(f"{rule.effect.value.replace('_', '-')} {rule.pattern}" for rule in added)
        show_text(f"Set for {_whom(user, token)}: {rules}.")
    for pattern in idle:
        note(f"No action is called {pattern} at present; `connectory search` finds the names.")


@policies.command("remove")
def remove_policy(
    rule: Annotated[str, typer.Argument(metavar="ID", help="The rule's id, as `policy list` shows it.")],
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Remove one rule."""
    removed = act(lambda application, principal: application.policies.remove(principal, rule), workspace=workspace)
    if as_json:
        show_json(_describe(removed))
    else:
        show_text(f"Removed: {removed.effect.value.replace('_', '-')} {removed.pattern}.")


@policies.command("clear")
def clear_policies(
    user: ForUser = None,
    token: ForToken = None,
    yes: Yes = False,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Remove all rules of the workspace, or of one user or token; what others have stays."""
    ask_first(f"Remove all rules for {_whom(user, token)}?", yes=yes)

    async def clear(application: Application, principal: Principal) -> None:
        await application.policies.clear(principal, user=user, token=token)

    act(clear, workspace=workspace)
    if as_json:
        show_json({"cleared": True})
    else:
        show_text(f"There are no rules for {_whom(user, token)} any more.")


async def _add(
    application: Application, principal: Principal, wanted: Mapping[str, list[str]], user: str | None, token: str | None
) -> list[PolicyRule]:
    """Add the patterns of each effect, and return what was not there yet."""
    from connectory.vault.entities import PolicyEffect

    added: list[PolicyRule] = []
    for effect, patterns in ((one, given) for one, given in wanted.items() if given):
        with suppress(AlreadyExists):  # what is to be so, is so
            added += await application.policies.add(principal, PolicyEffect(effect), patterns, user=user, token=token)
    return added


def _idle(rules: Sequence[PolicyRule], application: Application) -> list[str]:
    """The patterns that match no action there is: a misspelt deny would deny nothing, in silence."""
    from connectory.gateway.rule_names import is_idle, names_for

    return [rule.pattern for rule in rules if is_idle(rule.pattern, names_for(rule.effect, application.catalog))]


def _whom(user: str | None, token: str | None) -> str:
    return f"user {user}" if user else f"token {token}" if token else "the whole workspace"


def _level(rule: PolicyRule, names: dict[str, str]) -> str:
    if rule.token_id is not None:
        return f"token {names.get(rule.token_id, rule.token_id)}"
    return f"user {names.get(rule.user_id, rule.user_id)}" if rule.user_id is not None else "workspace"


def _describe(rule: PolicyRule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "effect": rule.effect.value,
        "pattern": rule.pattern,
        "user_id": rule.user_id,
        "token_id": rule.token_id,
    }
