"""An input's schema says what it means, and its samples fit it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import problems_of
from tests.catalog.rich import RICH

TO = "actions/send/inputs/to"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((f"{TO}/minimum", 3), "to.minimum: 'minimum' says nothing of the type string."),
        ((f"{TO}/minItems", 3), "to.minItems: 'minItems' says nothing of the type string."),
        ((f"{TO}/properties", {}), "to.properties: 'properties' says nothing of the type string."),
        ((TO, {"maxLength": 3, "required": True}), "to.type: 'type' is missing."),
        ((TO, {"type": "string", "minLength": 5, "maxLength": 3}), "to: min_length is greater than max_length."),
        ((f"{TO}/enum", []), "to.enum: An empty enum allows nothing."),
        ((f"{TO}/enum", ["a", "a"]), "to.enum: A word stands twice in the enum."),
        ((f"{TO}/enum", [1]), "to.enum[0]: This does not fit the input's own schema"),
        ((TO, {"type": "string", "format": "date", "examples": ["1.2.2026"]}), "to.examples[0]: This does not fit"),
        ((f"{TO}/pattern", "(" * 300), "to.pattern: The pattern has more than 200 characters."),
        ((TO, {"type": "array", "items": {"type": "string", "pattern": "("}}), "to.items.pattern: This is no regular"),
        ((f"{TO}/default", "x"), "to: A required input has no default."),
        ((TO, {"type": "file", "enum": ["a"]}), "to.enum: A file has no enum."),
        (
            (TO, {"type": "object", "properties": {"f": {"type": "file"}}}),
            "to.properties.f: A file stands on top of `inputs`",
        ),
        (
            (TO, {"type": "array", "items": {"type": "array", "items": {"type": "file"}}}),
            "to.items.items: A file stands on",
        ),
        (("actions/send/inputs/each", {"type": "string"}), "inputs.each: 'each' is reserved"),
        (("actions/send/inputs/dry_run", {"type": "boolean"}), "inputs.dry_run: 'dry_run' is reserved"),
    ],
)
def test_an_input_that_cannot_mean_what_it_says_is_told(change: tuple[str, Any], says: str) -> None:
    found = problems_of(change, base=RICH)

    assert any(says in problem for problem in found), found


@pytest.mark.parametrize(
    ("needs", "says"),
    [
        ([["note", "htlm"]], "create.needs[0][1]: There is no input 'htlm'. Did you mean 'html'?"),
        ([["note", "html"], ["note"]], "create.needs[1]: This asks for nothing more than `inputs` do."),
        ([["lines", "html"]], "create.needs[0]: This asks for nothing more than `inputs` do."),
        ([[]], "create.needs[0]: This asks for nothing more"),
    ],
)
def test_a_need_names_inputs_that_may_be_left_out(needs: list[list[str]], says: str) -> None:
    found = problems_of(("actions/create/needs", needs), base=RICH)

    assert any(says in problem for problem in found), found
