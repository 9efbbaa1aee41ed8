"""What rules can be about, and what was meant by a pattern that fits none of it."""

from __future__ import annotations

import pytest

from connectory.gateway.rule_names import instead_of, is_idle, names_for
from connectory.testing.connectors import make_catalog, make_connector
from connectory.vault.entities import PolicyEffect

CATALOG = make_catalog(make_connector())


@pytest.mark.parametrize(
    ("effect", "pattern", "idle"),
    [
        (PolicyEffect.DENY, "*", False),
        (PolicyEffect.DENY, "notes_delete_*", False),
        (PolicyEffect.DENY, "notes_request", False),
        (PolicyEffect.DENY, "connect", False),
        (PolicyEffect.CONFIRM, "connect", True),  # whose yes is the sign-in itself
        (PolicyEffect.CONFIRM, "disconnect", False),
        (PolicyEffect.DENY, "note_*", True),
    ],
)
def test_a_rule_is_idle_where_it_fits_nothing_that_it_is_about(effect: PolicyEffect, pattern: str, idle: bool) -> None:
    assert is_idle(pattern, names_for(effect, CATALOG)) is idle


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("ntoes_*", "'notes_*'"),
        ("notes_delte_*", "'notes_delete_*'"),
        ("*_delte_*", "'*_delete_*'"),
        ("conect", "'connect'"),
    ],
)
def test_a_misspelt_pattern_is_answered_by_one_of_its_shape_that_fits(pattern: str, meant: str) -> None:
    assert instead_of(pattern, names_for(PolicyEffect.DENY, CATALOG)).startswith(f"Did you mean {meant}")


def test_what_is_near_nothing_is_answered_by_nothing() -> None:
    assert instead_of("zzz_*", names_for(PolicyEffect.DENY, CATALOG)) == ""
