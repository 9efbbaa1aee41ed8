"""`token ...`: API tokens for clients that reach `/mcp` over HTTP, and for acting as somebody else in the terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectory.cli.acting import act
from connectory.cli.durations import parse_duration
from connectory.cli.options import AsJson, InWorkspace
from connectory.cli.output import moment, note, show_json, show_table, show_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectory.identity.principal import Principal
    from connectory.vault.entities import ApiToken, User
    from connectory.wiring import Application

tokens = typer.Typer(no_args_is_help=True, help="API tokens: how HTTP clients say who they are.")


@tokens.command("create")
def create_token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, e.g. anythingllm.")],
    read_only: Annotated[bool, typer.Option("--read-only", help="It may only read.")] = False,
    expires_in: Annotated[
        str | None, typer.Option("--expires-in", metavar="SPAN", help="E.g. 90d or 12h; unset: it does not expire.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="For this member: name, email or id; unset: you.")] = None,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Make a token. It is shown this once; only its hash is kept."""
    span = parse_duration(expires_in) if expires_in is not None else None

    async def create(application: Application, principal: Principal) -> tuple[ApiToken, str]:
        return await application.tokens.create(principal, name, user=user, read_only=read_only, expires_in=span)

    made, secret = act(create, workspace=workspace)
    if as_json:
        show_json({**_describe(made), "token": secret})
        return
    show_text(secret)
    ends = f", until {moment(made.expires_at)}" if made.expires_at else ""
    note(
        f"The token '{made.name}'{' (read-only)' if made.read_only else ''}{ends}. It is not shown again: store it now."
    )
    note("HTTP clients send it as `Authorization: Bearer TOKEN` to /mcp.")


@tokens.command("list")
def list_tokens(workspace: InWorkspace = None, as_json: AsJson = False) -> None:
    """List tokens, without the tokens themselves."""

    async def find(application: Application, principal: Principal) -> tuple[Sequence[ApiToken], dict[str, str]]:
        members: Sequence[tuple[User, object]] = await application.workspaces.members(principal)
        return await application.tokens.list(principal), {user.id: user.name for user, _ in members}

    found, names = act(find, workspace=workspace)
    if as_json:
        show_json([_describe(token) for token in found])
        return
    rows = [
        (one.name, one.prefix, names.get(one.user_id, one.user_id), _state(one), one.read_only, one.last_used_at)
        for one in found
    ]
    empty = "There are no tokens. `connectory token create NAME` makes one."
    show_table(("NAME", "PREFIX", "USER", "STATUS", "READ-ONLY", "LAST USED"), rows, empty=empty)


@tokens.command("revoke")
def revoke_token(
    token: Annotated[str, typer.Argument(metavar="PREFIX", help="The token's prefix or id, as `token list` shows it.")],
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a token; from the next request on it opens nothing."""
    revoked = act(lambda application, principal: application.tokens.revoke(principal, token), workspace=workspace)
    if as_json:
        show_json({"id": revoked.id, "name": revoked.name, "prefix": revoked.prefix})
    else:
        show_text(f"Revoked the token '{revoked.name}' ({revoked.prefix}).")


def _describe(token: ApiToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "prefix": token.prefix,
        "user_id": token.user_id,
        "read_only": token.read_only,
        "status": _state(token),
        "created_at": moment(token.created_at),
        "expires_at": moment(token.expires_at),
        "last_used_at": moment(token.last_used_at),
    }


def _state(token: ApiToken) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at is not None and token.expires_at <= datetime.now(UTC) else "active"
