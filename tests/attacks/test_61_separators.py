"""Attack 61: separators of every place stay inside their value: encoded once there, and never decoded twice."""

from __future__ import annotations

import pytest
from tests.attacks import givers
from tests.attacks.places import GROUPS, assert_all_stay
from tests.mcp.test_tools import BOTH_ERAS, Era

TYPED = (
    "1?admin=true", "1#x", "1;v=2", "1&x=2", "a/b", "%2F", "%252F", "%26x=2", "%%32%66", "a=b", "a+b", "a b",
    "*", "%",
    "[0]", "a[b]", "][b", "a[]=1", '"', "'", "\\", '\\"', "\\'", "''", "' OR '1'='1", '" OR "1"="1', "x' AND mine",
    "{x}",
    "{connection.id}", "{credential.token}", "{{7*7}}", "${x}", '","admin":true,"y":"', '{"$ne": null}', "a, b", "a:b",
    'n"; filename="x', "n\"\\; name='b'", "text/html; charset=utf-7", "plain; boundary=x", "a@b, c@d", "<a@b>", "a;b",
    "--x", "--x--", "ü", "😀", "\u0130", "’", "＇", "/",
)  # fmt: skip


@BOTH_ERAS
@pytest.mark.parametrize("group", GROUPS)
async def test_attack_61_a_separator_stays_inside_its_value(era: Era, group: str) -> None:
    taken = await assert_all_stay(era, group, TYPED)
    assert taken == set(GROUPS[group])  # each place was tried on the wire, and not refused throughout


@BOTH_ERAS
@givers.PLACES
async def test_attack_61_nothing_that_a_provider_or_a_person_gives_leaves_its_place(era: Era, giver: str) -> None:
    assert await givers.assert_all_stay(era, giver, TYPED)
