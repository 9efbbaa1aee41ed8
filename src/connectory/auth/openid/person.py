"""What an issuer's claims say of a person (OpenID Connect Core section 5.1). Pure.

The ID token goes before userinfo. An address counts only beside `email_verified: true` of the same source.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectory.identity.single_sign_on import Vouched

Claims = Mapping[str, Any]
MOST_GROUPS = 2_000
LONGEST_GROUP = 300  # characters


def is_enough(claims: Claims, groups_claim: str | None) -> bool:
    """Whether an ID token says all that is asked; `groups_claim` is None where no rule names a group."""
    return "email_verified" in claims and (groups_claim is None or _listed(claims, groups_claim) is not None)


def vouched(claims: Claims, userinfo: Claims, groups_claim: str) -> Vouched:
    """Return the person. `claims` are of a verified ID token, `userinfo` is about the same subject."""
    sources = (claims, userinfo)
    email = _verified_email(sources)
    names = (source.get(name) for name in ("name", "preferred_username") for source in sources)
    name = next((one for one in names if isinstance(one, str) and one.strip()), email or "")
    groups = next((found for source in sources if (found := _listed(source, groups_claim)) is not None), ())
    return Vouched(claims["iss"], claims["sub"], name, email, frozenset(groups))


def _verified_email(sources: tuple[Claims, ...]) -> str | None:
    for source in sources:
        if "email_verified" in source:
            email = source.get("email")
            return email if source["email_verified"] is True and isinstance(email, str) else None
    return None


def _listed(source: Claims, claim: str) -> tuple[str, ...] | None:
    """The texts under a claim's whole name (such as a URL) or, else, under a path of names; None where nothing is."""
    found: Any = source
    for name in [claim] if claim in source else claim.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    if found is None:
        return None
    listed = [found] if isinstance(found, str) else found if isinstance(found, list) else []
    return tuple(one for one in listed[:MOST_GROUPS] if isinstance(one, str) and 0 < len(one) <= LONGEST_GROUP)
