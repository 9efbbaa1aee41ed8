"""`workspace ...` and `user ...`: tenants, people, and who belongs where."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from connectory.cli.acting import act
from connectory.cli.options import AsJson, InWorkspace, Yes, ask_first
from connectory.cli.output import show_json, show_table, show_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connectory.identity.principal import Principal
    from connectory.vault.entities import Role, User, Workspace
    from connectory.wiring import Application

workspaces = typer.Typer(no_args_is_help=True, help="Workspaces: the tenants; nothing crosses them.")
users = typer.Typer(no_args_is_help=True, help="Users: the people.")


class RoleName(StrEnum):
    """The roles of the vault, spelled here so that `--help` loads none of it; a test holds them equal."""

    OWNER = "owner"
    MEMBER = "member"
    VIEWER = "viewer"


UserName = Annotated[str, typer.Argument(metavar="USER", help="Name, email or id.")]
WorkspaceSlug = Annotated[str, typer.Argument(metavar="WORKSPACE", help="Its short name.")]
AsRole = Annotated[RoleName, typer.Option("--role", help="What they may do.")]


@workspaces.command("create")
def create_workspace(
    slug: WorkspaceSlug,
    name: Annotated[str | None, typer.Option("--name", help="Its name for people; unset: the short name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a workspace; you become its owner."""
    made = act(lambda application, principal: application.workspaces.create(principal, slug, name))
    if as_json:
        show_json(_workspace(made))
    else:
        show_text(f"Made the workspace {made.slug}. Other commands act in it with --workspace {made.slug}.")


@workspaces.command("list")
def list_workspaces(as_json: AsJson = False) -> None:
    """List the workspaces that you may see."""
    found = act(lambda application, principal: application.workspaces.list(principal))
    if as_json:
        show_json([_workspace(one) for one in found])
    else:
        show_table(("WORKSPACE", "NAME", "ID"), [(one.slug, one.name, one.id) for one in found], empty="None.")


@workspaces.command("members")
def list_members(
    slug: Annotated[str | None, typer.Argument(metavar="[WORKSPACE]", help="Unset: yours.")] = None,
    as_json: AsJson = False,
) -> None:
    """List who belongs to a workspace."""

    async def find(application: Application, principal: Principal) -> Sequence[tuple[User, Role]]:
        return await application.workspaces.members(principal)

    members = act(find, workspace=slug)
    if as_json:
        show_json([{**_user(user), "role": role.value} for user, role in members])
    else:
        rows = [(user.name, user.email, role.value, user.id) for user, role in members]
        show_table(("USER", "EMAIL", "ROLE", "ID"), rows, empty="Nobody.")


@workspaces.command("add-member")
def add_member(slug: WorkspaceSlug, user: UserName, role: AsRole = RoleName.MEMBER, as_json: AsJson = False) -> None:
    """Take a user into a workspace, or change their role there."""

    async def add(application: Application, principal: Principal) -> User:
        from connectory.vault.entities import Role

        return await application.workspaces.set_role(principal, user, Role(role.value))

    added = act(add, workspace=slug)
    if as_json:
        show_json({**_user(added), "role": role.value})
    else:
        show_text(f"{added.name} is {role.value} of {slug} now.")


@workspaces.command("remove-member")
def remove_member(slug: WorkspaceSlug, user: UserName, yes: Yes = False, as_json: AsJson = False) -> None:
    """Take a user out of a workspace; their connections and tokens there end."""
    ask_first(f"Take {user} out of {slug}?", yes=yes)
    removed = act(lambda application, principal: application.workspaces.remove(principal, user), workspace=slug)
    if as_json:
        show_json(_user(removed))
    else:
        show_text(f"{removed.name} is no member of {slug} any more.")


@workspaces.command("delete")
def delete_workspace(slug: WorkspaceSlug, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a workspace with everything in it."""
    ask_first(f"Delete the workspace {slug} with its connections, tokens, policies and audit log?", yes=yes)
    deleted = act(lambda application, principal: application.workspaces.delete(principal, slug))
    if as_json:
        show_json(_workspace(deleted))
    else:
        show_text(f"Deleted the workspace {deleted.slug}.")


@users.command("create")
def create_user(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What they are called.")],
    email: Annotated[str | None, typer.Option("--email", help="Their email address.")] = None,
    role: AsRole = RoleName.MEMBER,
    workspace: InWorkspace = None,
    as_json: AsJson = False,
) -> None:
    """Make a user who belongs to the workspace."""

    async def create(application: Application, principal: Principal) -> User:
        from connectory.vault.entities import Role

        return await application.workspaces.create_user(principal, name, email, role=Role(role.value))

    made = act(create, workspace=workspace)
    if as_json:
        show_json({**_user(made), "role": role.value})
    else:
        show_text(f"Made the user {made.name} ({made.id}), {role.value}.")


@users.command("list")
def list_users(workspace: InWorkspace = None, as_json: AsJson = False) -> None:
    """List the users that you may see."""
    found = act(lambda application, principal: application.workspaces.list_users(principal), workspace=workspace)
    if as_json:
        show_json([_user(user) for user in found])
    else:
        show_table(("USER", "EMAIL", "ID"), [(user.name, user.email, user.id) for user in found], empty="Nobody.")


@users.command("delete")
def delete_user(user: UserName, yes: Yes = False, as_json: AsJson = False) -> None:
    """Delete a user everywhere, with their tokens and private connections."""
    ask_first(f"Delete {user} everywhere, with their tokens and private connections?", yes=yes)
    deleted = act(lambda application, principal: application.workspaces.delete_user(principal, user))
    if as_json:
        show_json(_user(deleted))
    else:
        show_text(f"Deleted the user {deleted.name}.")


def _workspace(workspace: Workspace) -> dict[str, Any]:
    return {"id": workspace.id, "slug": workspace.slug, "name": workspace.name}


def _user(user: User) -> dict[str, Any]:
    return {"id": user.id, "name": user.name, "email": user.email}
