"""What an issuer's claims say of a person."""

from __future__ import annotations

from typing import Any

import pytest

from connectory.auth.openid.person import is_enough, vouched

CLAIMS = {"iss": "https://login.example", "sub": "7"}


@pytest.mark.parametrize(
    ("claims", "userinfo", "email"),
    [
        ({"email": "a@x.example", "email_verified": True}, {}, "a@x.example"),
        ({}, {"email": "a@x.example", "email_verified": True}, "a@x.example"),
        ({"email": "a@x.example"}, {"email": "b@x.example", "email_verified": True}, "b@x.example"),
        ({"email": "a@x.example", "email_verified": False}, {"email": "b@x.example", "email_verified": True}, None),
        ({"email": "a@x.example"}, {}, None),
        ({"email": "a@x.example", "email_verified": "true"}, {}, None),
        ({"email": ["a@x.example"], "email_verified": True}, {}, None),
        ({"email_verified": True}, {"email": "b@x.example"}, None),
    ],
)
def test_an_address_counts_beside_its_own_proof_alone(
    claims: dict[str, Any], userinfo: dict[str, Any], email: str | None
) -> None:
    assert vouched({**CLAIMS, **claims}, userinfo, "groups").email == email


@pytest.mark.parametrize(
    ("claims", "claim", "groups"),
    [
        ({"groups": ["a", "b", 7, "", "x" * 301]}, "groups", {"a", "b"}),
        ({"groups": "a"}, "groups", {"a"}),
        ({"groups": {"a": True}}, "groups", set()),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", {"a"}),
        ({"realm_access": ["a"]}, "realm_access.roles", set()),
        ({"https://x.example/groups": ["a"]}, "https://x.example/groups", {"a"}),
        ({}, "groups", {"from userinfo"}),
    ],
)
def test_groups_are_texts_under_a_name_or_a_path(claims: dict[str, Any], claim: str, groups: set[str]) -> None:
    assert vouched({**CLAIMS, **claims}, {"groups": ["from userinfo"]}, claim).groups == groups


def test_a_name_is_whatever_there_is() -> None:
    assert vouched({**CLAIMS, "preferred_username": "ann"}, {"name": "Ann"}, "groups").name == "Ann"
    assert vouched({**CLAIMS, "name": " ", "preferred_username": "ann"}, {}, "groups").name == "ann"
    assert vouched({**CLAIMS, "email": "a@x.example", "email_verified": True}, {}, "groups").name == "a@x.example"
    assert vouched({**CLAIMS, "name": 7}, {}, "groups").name == ""


def test_userinfo_is_needed_where_the_token_leaves_something_out() -> None:
    assert is_enough({**CLAIMS, "email_verified": False}, None)
    assert not is_enough(CLAIMS, None)
    assert not is_enough({**CLAIMS, "email_verified": True}, "groups")
    assert is_enough({**CLAIMS, "email_verified": True, "groups": []}, "groups")
