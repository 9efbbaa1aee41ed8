"""What a principal's role and token let them see and change; the one place in `identity` that says no."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectory.errors import InvalidArguments, PolicyDenied, RoleDenied
from connectory.identity.principal import Principal
from connectory.vault.entities import PolicyRule, Role, User
from connectory.vault.vault import Vault

OPERATOR_WORKSPACE = "default"  # made at first start; its owners run this server


def require_writing(principal: Principal) -> None:
    """Raise `PolicyDenied` for a read-only token: it changes nothing, by whatever way."""
    if principal.read_only:
        raise PolicyDenied("A read-only token cannot change anything.", hint="Use a token that may write.")


def require_owner(principal: Principal, what: str) -> None:
    """Raise `RoleDenied` unless an owner acts; `what` continues "Only owners of the workspace ..."."""
    require_writing(principal)
    if principal.role is not Role.OWNER:
        raise RoleDenied(f"Only owners of the workspace {what}.", hint="Ask an owner to do it.")


def require_owners_eye(principal: Principal, what: str) -> None:
    """Raise `RoleDenied` unless an owner looks, by a read-only token too; `what` continues "Only owners ..."."""
    if principal.role is not Role.OWNER:
        raise RoleDenied(f"Only owners of the workspace {what}.", hint="Ask an owner.")


def require_member(principal: Principal, what: str) -> None:
    """Raise `RoleDenied` for viewers; `what` continues "Viewers cannot ..."."""
    require_writing(principal)
    if principal.role is Role.VIEWER:
        raise RoleDenied(f"Viewers cannot {what}.", hint="Ask an owner of the workspace for the role member.")


def owners_visible_to(principal: Principal) -> tuple[str, ...]:
    """Whose connections the principal sees: the workspace's, and their own unless they are a viewer."""
    shared = str(principal.workspace_id)
    return (shared,) if principal.role is Role.VIEWER else (str(principal.user_id), shared)


def concerns(rule: PolicyRule, principal: Principal) -> bool:
    """Whether a rule is about what the principal may do: one of the workspace, of its user, or of its token."""
    return rule.user_id in (None, principal.user_id) and rule.token_id in (None, principal.token_id)


async def is_narrowed(vault: Vault, principal: Principal) -> bool:
    """Whether the principal's own token has rules."""
    if principal.token_id is None:
        return False
    return any(rule.token_id == principal.token_id for rule in await vault.policies.list(principal.workspace_id))


async def require_unnarrowed(vault: Vault, principal: Principal, what: str) -> None:
    """Raise `PolicyDenied` when the principal's own token has rules: it must not make itself a wider way round them."""
    if await is_narrowed(vault, principal):
        raise PolicyDenied(
            f"A token with policies of its own cannot {what}.", hint="Use a token that has none, or ask an owner."
        )


async def may_change(vault: Vault, principal: Principal) -> bool:
    """Whether a token, if the principal acts by one, lets them change what is not its own: as the two above have it.

    A read-only token does not, nor does one with rules. What their role lets them change is another question.
    """
    return not principal.read_only and not await is_narrowed(vault, principal)


def holds(rule: PolicyRule, principal: Principal) -> bool:
    """Whether a rule holds whoever acts by a token, so that they may not take it away: an agent may have that token.

    Without a token it is a person, signed in to the pages or at the command line.
    """
    return principal.token_id is not None and concerns(rule, principal)


def require_free_of(rules: Iterable[PolicyRule], principal: Principal, what: str) -> None:
    """Raise `PolicyDenied` where one of these rules holds the principal; `what` continues "A token cannot ..."."""
    if any(holds(rule, principal) for rule in rules):
        raise PolicyDenied(
            f"A token cannot {what}: the agent that has it would widen what it may do itself.",
            hint="Sign in to the pages without a token, by `connectory open` or with your account (OpenID Connect), "
            "or use the command line on the server.",
        )


async def is_free(vault: Vault, principal: Principal) -> bool:
    """Whether the principal may write and no rule holds them: whom the one below lets pass."""
    rules = await vault.policies.list(principal.workspace_id)
    return not principal.read_only and not any(holds(rule, principal) for rule in rules)


async def require_unheld(vault: Vault, principal: Principal, what: str) -> None:
    """Raise `PolicyDenied` where any rule holds the principal; `what` continues "A token cannot ...".

    For what would be a way round all of them: another owner may take them away, and whoever is removed loses accounts.
    """
    rules = await vault.policies.list(principal.workspace_id)
    require_free_of(rules, principal, f"{what} while a policy concerns it")


async def is_operator(vault: Vault, principal: Principal) -> bool:
    """Whether the principal is an owner of the workspace made at first start, and so runs this server.

    A token counts within its own workspace alone. Without one it is the command line, which acts as the same person in
    whichever workspace it is told.
    """
    first = await vault.workspaces.by_slug(OPERATOR_WORKSPACE)
    if first is None or principal.role is not Role.OWNER:
        return False
    if principal.workspace_id == first.id:
        return True
    return principal.token_id is None and await vault.workspaces.role_of(first.id, principal.user_id) is Role.OWNER


async def find_member(vault: Vault, principal: Principal, name: str) -> tuple[User, Role] | None:
    """Return the member of the principal's workspace with this id, email in any case, or name.

    Raises `InvalidArguments` where several fit: whom a role or a token is for is never guessed.
    """
    members = await vault.workspaces.members(principal.workspace_id)
    exact = [pair for pair in members if name == pair[0].id or name.casefold() == pair[0].email]
    fits = exact or [pair for pair in members if pair[0].name == name]
    if len(fits) > 1:
        raise several_called(name, [user for user, _ in fits])
    return fits[0] if fits else None


def several_called(name: str, users: Sequence[User]) -> InvalidArguments:
    """The error for a name that does not say who is meant."""
    ids = ", ".join(user.id for user in users)
    return InvalidArguments(f"Several users are called '{name}'.", hint=f"Use one of their ids: {ids}.")


async def member_names(vault: Vault, principal: Principal) -> list[str]:
    """Return the members' names, for "did you mean"."""
    return [user.name for user, _ in await vault.workspaces.members(principal.workspace_id)]
