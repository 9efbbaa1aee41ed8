"""The walk knows every kind of JMESPath node, and what each gives."""

from __future__ import annotations

import pytest
from tests.contracts.description import Description
from tests.contracts.projection import check_expression

DESCRIPTION = Description({"paths": {}})
ANSWER = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "name": {"type": "string"},
        "open": {},
        "user": {"type": "object", "properties": {"login": {"type": "string"}}},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"key": {"type": "string"}}}},
        "nested": {"type": "array", "items": {"type": "array", "items": {"properties": {"leaf": {"type": "string"}}}}},
        "byname": {"type": "object", "properties": {"a": {"properties": {"x": {}}}, "b": {"properties": {"y": {}}}}},
        "mixed": {"anyOf": [{"type": "string"}, {"properties": {"text": {"type": "string"}}}]},
    },
}
GOOD = [
    "@", "id", "user.login", "rows[].key", "rows[0].key", "rows[*].key", "rows[?key == 'a'].key", "rows[1:].key",
    "nested[].leaf", "nested[][].leaf", "nested[*][].leaf", "byname.*.x", "values(byname)", "open.any.thing[0].there",
    "mixed.text", "{a: id, b: user.login}.b", "[id, name][0]", "id || name", "user && user.login", "!(user.login)",
    "rows | [0].key", "join(', ', rows[].key)", "sort_by(rows, &key)[0].key", "max_by(rows, &key).key",
    "map(&key, rows)", "not_null(user.login, name)", "length(rows)", "type(user) != 'null'", "keys(byname)[0]",
    "'text'", "`{\"a\": 1}`.a", "to_string(user.login)", "from_base64(name)", "reverse(rows)[0].key",
]  # fmt: skip
BAD = {
    "nope": "nope", "user.name": "name", "rows.key": "key", "rows[].leaf": "leaf", "rows[0].id": "id",
    "rows[?leaf == 'a'].key": "leaf", "rows[1:].leaf": "leaf", "nested[].key": "key", "byname.*.z": "z",
    "id.more": "more", "mixed.size": "size", "{a: id}.b": "b", "id || nope": "nope", "user && nope": "nope",
    "!user.login": "login",  # JMESPath reads (!user).login
    "!nope": "nope", "nope == id": "nope", "rows | [0].leaf": "leaf", "join(', ', rows[].leaf)": "leaf",
    "sort_by(rows, &leaf)": "leaf", "max_by(rows, &leaf).key": "leaf", "map(&leaf, rows)": "leaf",
    "not_null(user.name, name)": "name", "length(nope)": "nope", "from_base64(nope)": "nope", "[id, nope]": "nope",
    "sort_by(rows, &key)[0].leaf": "leaf",
}  # fmt: skip


@pytest.mark.parametrize("expression", GOOD)
def test_an_expression_over_what_is_there_is_good(expression: str) -> None:
    assert check_expression(expression, [ANSWER], DESCRIPTION)[1] == []


@pytest.mark.parametrize(("expression", "field"), BAD.items())
def test_a_field_that_is_nowhere_is_named(expression: str, field: str) -> None:
    problems = check_expression(expression, [ANSWER], DESCRIPTION)[1]

    assert any(f"no answer has the field '{field}'" in problem for problem in problems), problems


@pytest.mark.parametrize("expression", ["id[]", "user[].login", "name[0]"])
def test_a_list_where_none_is_is_named(expression: str) -> None:
    assert "takes a list where" in check_expression(expression, [ANSWER], DESCRIPTION)[1][0]
