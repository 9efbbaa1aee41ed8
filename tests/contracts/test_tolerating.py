"""A double's problem passes where the contract accepts a difference of the same name, and nowhere else."""

from __future__ import annotations

import pytest
from tests.contracts.tolerating import intolerable, is_answer_accepted


@pytest.mark.parametrize(
    ("problem", "accepted", "passes"),
    [
        ("body.blocks: must be string", "input '{blocks}' is array, and body.blocks takes string", True),
        ("body.blocks.0.type: must be string", "body.blocks takes string", True),
        ("body has a member 'markdown_text'", "body has no member 'markdown_text'", True),
        ("body has a member 'colour'", "body has no member 'markdown_text'", False),
        ("query.ts: must be number", "body.blocks takes string", False),
        ("query: Request query must have required property 'query'", "query parameter query is required", True),
        ("query: Request query must have required property 'state'", "query parameter query is required", False),
        ("body: Request body must be string", "body is no object there", True),
        ("body: Request body must be string", "body.blocks takes string", False),
        ("body is {'file': 'text'}, and not string", "body is no object there", True),
        ("body is {'file': 'text'}, and not string", "body.blocks takes string", False),
        ("a body is required and not sent", "a body is required and not sent", True),
        ("a body is required and not sent", "body.blocks takes string", False),
        ("body.tags.0: must have required property 'id'", "is required and not sent", True),
        ("body.tags.0: must be string", "is required and not sent", False),
    ],
)
def test_a_problem_is_tolerated_by_its_name(problem: str, accepted: str, passes: bool) -> None:
    assert intolerable([problem], {accepted: "why"}) == ([] if passes else [problem])
    assert intolerable([problem], {}) == [problem]


def test_an_answer_is_accepted_by_its_word() -> None:
    assert is_answer_accepted({"no answer has the field 'x'": "why"})
    assert not is_answer_accepted({"body has no member 'x'": "why"})
