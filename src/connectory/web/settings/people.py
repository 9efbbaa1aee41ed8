"""What people are called where one of them is chosen: two of the same name must not be taken for each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from connectory.vault.entities import User


def called(people: Sequence[User]) -> Mapping[str, str]:
    """Return the names by id, with the email address, or the id where there is none, where several have a name."""
    often = Counter(_folded(user) for user in people)
    return {
        str(one.id): one.name if often[_folded(one)] == 1 else f"{one.name} ({one.email or one.id})" for one in people
    }


def _folded(user: User) -> str:
    return " ".join(user.name.casefold().split())
