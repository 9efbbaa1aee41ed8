"""Every field that a SOQL query of ours names is one of its standard object.

A recording shows the parameter `q` alone. Its answer has the fields of the object as `StandardSchema` of jsforce has
them, the same as https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/ .
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.contracts.recordings import Recorded
from tests.gate.gate import packaged

OBJECTS = {"Account": "query_records", "Opportunity": "list_opportunities"}  # of which action the answer has its fields
TEXTS = re.compile(r"'(?:[^'\\]|\\.)*'")
NAMES = re.compile(r"(?<![\w{:.-])[A-Za-z][\w.]*(?![\w}])")
WORDS = {"SELECT", "WHERE", "AND", "OR", "ORDER", "BY", "ASC", "DESC", "true", "false"}


def queries() -> dict[str, str]:
    """Every query that stands in the manifest, whole: of `join` with all its parts."""
    found = {}
    for name, action in packaged().connector("salesforce").manifest.actions.items():
        tree = action.request.query.get("q")
        if isinstance(tree, dict) and "join" in tree:
            parts = [one if isinstance(one, str) else one["of"] for one in tree["of"]]
            found[name] = tree["before"] + tree["join"].join(parts) + tree["after"]
        elif (soql := action.inputs.get("soql")) is not None:
            found[name] = str((soql.examples or [""])[0])
    return found


def named(soql: str) -> Iterator[str]:
    """The names of fields in a query, the object's own taken out."""
    text = re.sub(r"\bFROM \w+", "", TEXTS.sub("", soql))
    yield from (one for one in NAMES.findall(text) if one not in WORDS)


def fields_of(name: str) -> dict[str, Any]:
    """The fields of a standard object, those of its parents below their names."""
    [entry] = Recorded("salesforce").document["operations"][OBJECTS[name]]
    fields: dict[str, Any] = entry["answer"]["records"][0]
    return fields


def strange(soql: str) -> list[str]:
    """The names in a query that are no field of its object."""
    [name] = re.findall(r"\bFROM (\w+)", soql)
    found = []
    for path in named(soql):
        place: Any = fields_of(name)
        for part in path.split("."):
            place = place.get(part) if isinstance(place, dict) else None
        if place is None:
            found.append(path)
    return found


def test_every_action_that_asks_by_soql_of_ours_is_looked_at() -> None:
    asking = {
        name
        for name, action in packaged().connector("salesforce").manifest.actions.items()
        if action.request.path.endswith("/query")
    }

    assert queries().keys() == asking - {"find_records"}  # where each name is the agent's


@pytest.mark.parametrize("soql", queries().values(), ids=queries())
def test_each_field_that_a_query_names_is_one_of_its_object(soql: str) -> None:
    assert strange(soql) == []


@pytest.mark.parametrize(
    ("soql", "names"),
    [
        ("SELECT Id, Stage FROM Opportunity WHERE IsWon = true AND Name = 'a Stage' ORDER BY Due", ["Stage", "Due"]),
        ("SELECT Owner.Name, Owner.Title, Account FROM Opportunity WHERE CloseDate >= 2026-01-31", ["Owner.Title"]),
        ("SELECT Name FROM Account WHERE StageName = {stage} AND Industry = 'O\\'Brien Name2'", ["StageName"]),
    ],
)  # fmt: skip
def test_another_name_is_found(soql: str, names: list[str]) -> None:
    assert strange(soql) == names
