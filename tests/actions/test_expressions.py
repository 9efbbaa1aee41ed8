"""JMESPath of manifests: our converters are functions in it, and no answer's types break it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectory.actions.converters import FROM
from connectory.actions.expressions import evaluate, evaluate_or_none, is_true
from connectory.catalog.trees import ANSWER_FUNCTIONS
from connectory.errors import UnexpectedResponse

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=12,
)
EXPRESSIONS = (
    "a.b", "a[0].b", "a[].b", "a[*].{x: b, y: @}", "*.a", "[?a > `1`]", "[?contains(a, 'x')].b | [0]", "sort(a)",
    "sort_by(@, &a)[-1]", "max_by(a, &b).c", "length(a)", "join(', ', a)", "to_number(a)", "ceil(a)", "floor(@)",
    "abs(a)", "sum(a)", "avg(a)", "keys(@)", "values(a)", "merge(@, a)", "reverse(a)", "starts_with(a, b)",
    "not_null(a, b)", "to_string(@)", "map(&a, b)", "a[::2]", "a[1:-1:0]", "type(a)", "max(a)", "zip(a)",
    "a || b && !c",
    *(f"{name}({', '.join(['a', 'b', 'c'][:count])})" for name, count in ANSWER_FUNCTIONS.items()),
    *(f"a[].{name}({', '.join(['@', 'b', 'c'][:count])})" for name, count in ANSWER_FUNCTIONS.items()),
)  # fmt: skip


def test_every_function_that_manifests_may_use_is_there() -> None:
    assert FROM.keys() == ANSWER_FUNCTIONS.keys()


def test_converters_work_inside_an_expression() -> None:
    body = {"files": [{"data": base64.b64encode("héllo".encode()).decode()}, {"data": None}]}

    assert evaluate("files[].{text: from_base64(data)}", body) == [{"text": "héllo"}, {"text": None}]
    assert evaluate("from_unix_seconds(at)", {"at": 0}).startswith("1970-01-01T00:00:00")


@given(st.sampled_from(EXPRESSIONS), JSON)
def test_a_value_of_any_shape_is_projected_or_refused(expression: str, value: Any) -> None:
    loose = evaluate_or_none(expression, value)
    try:
        found = evaluate(expression, value)
    except UnexpectedResponse:
        assert loose is None
    else:
        assert repr(loose) == repr(found)  # by their words: NaN is not itself


@pytest.mark.parametrize(
    ("expression", "value"), [("ceil(@)", float("inf")), ("floor(@)", float("nan")), ("sum(@)", [1, "2"])]
)
def test_what_jmespath_lets_through_of_python_is_refused_too(expression: str, value: Any) -> None:
    with pytest.raises(UnexpectedResponse):
        evaluate(expression, value)
    assert evaluate_or_none(expression, value) is None


@pytest.mark.parametrize("value", [0, 0.0, 1, "x", [0], {"a": 0}, True])
def test_what_jmespath_counts_as_true_is_true(value: Any) -> None:
    assert is_true(value)


@pytest.mark.parametrize("value", [None, False, "", [], {}])
def test_what_jmespath_counts_as_false_is_false(value: Any) -> None:
    assert not is_true(value)
