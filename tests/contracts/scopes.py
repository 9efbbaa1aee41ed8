"""Compare the scopes that an action asks for with those that a description says open its call."""

from __future__ import annotations

from collections.abc import Sequence

from tests.contracts.description import Operation

from connectory.catalog.connector import Action


def scope_differences(action: Action, operation: Operation) -> list[str]:
    """Return a sentence where the description says which scopes a call needs, and the action's are no such."""
    if "x-scopes" in operation.says:  # Google's: one of them is enough
        return check_scopes(action.manifest.scopes, operation.says["x-scopes"])
    needs = [{scope for scopes in one.values() for scope in scopes} for one in operation.says.get("security", ())]
    needs = [one for one in needs if one]
    ours = {one for group in action.manifest.scopes for one in ([group] if isinstance(group, str) else group)}
    if not needs or any(one <= ours for one in needs):
        return []
    either = " or ".join(" and ".join(sorted(one)) for one in needs)
    return [f"the call needs the scopes {either}; the action asks for {', '.join(sorted(ours)) or 'none'}"]


def check_scopes(scopes: Sequence[str | list[str]], taken: list[str]) -> list[str]:
    """Return a sentence for each scope of an action by which the call would not be let through."""
    if len(scopes) != 1:
        return [f"the call needs one of {', '.join(taken)}; the action asks for {len(scopes)} groups"]
    named = [scopes[0]] if isinstance(scopes[0], str) else scopes[0]
    there = ", ".join(taken)
    return [f"the scope {one} does not open this call; one of {there} does" for one in named if one not in taken]
