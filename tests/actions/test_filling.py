"""Trees are filled and pruned exactly as the format says, and a value keeps to the place it was meant for."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from connectory.actions.files import File
from connectory.actions.filling import Values, absent, fill_body, fill_headers, fill_path, fill_query, fill_tree
from connectory.errors import InvalidArguments, InvalidPath

LINE = {"sku": "a", "count": 2}
PNG = File(b"\x89PNG", "image/png", "dot.png")


def values(*, nullable: frozenset[str] = frozenset(), **inputs: Any) -> Values:
    return Values(inputs, {"shop": "acme"}, {"token": SecretStr("s3cret")}, nullable=nullable)


def filled(tree: Any, **inputs: Any) -> Any:
    return fill_tree(tree, values(**inputs))


@pytest.mark.parametrize(
    ("tree", "result"),
    [
        ({"a": "{none}", "b": 1}, {"b": 1}),
        ({"a": {"b": "{none}", "c": "{none}"}, "d": 1}, {"d": 1}),
        ({"a": {"b": ["{none}", {"c": "{none}"}]}, "d": 1}, {"d": 1}),
        (["{none}", 1, "{none}"], [1]),
        ({"a": {}, "b": [], "c": "{none}"}, {"a": {}, "b": []}),
        ({"a": {"b": {}}}, {"a": {"b": {}}}),
        ({"a": "{empty}", "b": "{nothing}"}, {"a": [], "b": {}}),
        ({"a": None, "b": "{null}"}, {"a": None}),
        ({"a": "x {none} y", "b": "x {null}"}, "absent"),
        ({"a": "", "b": "{blank}", "c": "{zero}", "d": "{no}"}, {"a": "", "b": "", "c": 0, "d": False}),
        ("{none}", "absent"),
        ({"a": {"when": "{none}", "of": 1}}, "absent"),
    ],
)
def test_what_is_absent_prunes_its_key_and_what_loses_all_its_members_goes_too(tree: Any, result: Any) -> None:
    found = filled(tree, empty=[], nothing={}, null=None, blank="", zero=0, no=False)

    assert ("absent" if absent(found) else found) == result


@pytest.mark.parametrize(
    ("tree", "root"),
    [
        ({"a": "{none}"}, {}),
        (["{none}"], []),
        ({"each": "{none}", "of": "{each}"}, []),
        ({"merge": "{none}", "of": {"a": "{none}"}}, {}),
        ({}, {}),
        ("{none}", None),
        ({"when": "{none}", "of": {"a": 1}}, None),
    ],
)
def test_the_root_of_a_body_stays_when_all_of_it_goes(tree: Any, root: Any) -> None:
    body = fill_body(tree, values())

    assert (None if absent(body) else body) == root


@pytest.mark.parametrize(
    ("nullable", "body"), [(frozenset[str](), {"b": {"c": 1}}), (frozenset({"x"}), {"a": None, "b": {"c": 1}})]
)
def test_null_is_sent_for_an_input_that_may_be_null_and_counts_as_not_given_elsewhere(
    nullable: frozenset[str], body: Any
) -> None:
    assert fill_tree({"a": "{x}", "b": {"c": 1, "d": "{x.member}"}}, values(nullable=nullable, x=None)) == body


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{o.a}", 1),
        ("{o.b.c}", [2]),
        ("{o.missing}", None),
        ("{o.a.deeper}", None),
        ("{text.a}", None),
        ("{list.a}", None),
        ("{o.gone.c}", None),
        ("v{o.a}", "v1"),
    ],
)
def test_a_member_of_what_is_no_object_is_absent(template: str, value: Any) -> None:
    found = filled({"x": template}, o={"a": 1.0, "b": {"c": [2]}, "gone": None}, text="abc", list=[{"a": 1}])

    assert (None if absent(found) else found["x"]) == value


def test_null_as_a_member_is_the_agents_own_word() -> None:
    assert filled({"x": "{o.gone}"}, o={"gone": None}) == {"x": None}


@pytest.mark.parametrize(
    ("tree", "result"),
    [
        ({"each": "{lines}", "of": {"sku": "{each.sku}", "n": "{each.count}"}}, [{"sku": "a", "n": 2}, {"sku": "b"}]),
        ({"each": "{ids}", "of": "{each}"}, ["x", 7]),
        ({"each": "{ids}", "of": "id:{each}"}, ["id:x", "id:7"]),
        ({"each": "{ids}", "of": {"a": "{none}"}}, None),
        ({"each": "{none}", "of": {"a": 1}}, None),
        ({"each": "{empty}", "of": {"a": 1}}, []),
        ({"each": ["{none}", "{ids.x}", 3], "of": "{each}"}, [3]),
        ({"each": "{groups}", "of": {"each": "{each}", "of": ["{each}"]}}, [[[1], [2]], [[3]]]),
        ({"each": "{lines}", "of": {"s": "{each.sku}", "t": {"each": "{ids}", "of": "{each}"}}},
         [{"s": "a", "t": ["x", 7]}, {"s": "b", "t": ["x", 7]}]),
    ],
)  # fmt: skip
def test_each_makes_the_tree_once_for_an_element_and_the_innermost_wins(tree: Any, result: Any) -> None:
    found = filled({"x": tree}, lines=[LINE, {"sku": "b"}], ids=["x", 7], empty=[], groups=[[1, 2], [3]])

    assert (None if absent(found) else found["x"]) == result


def test_each_over_what_is_no_list_names_the_input() -> None:
    with pytest.raises(InvalidArguments, match="'lines' must be a list"):
        filled({"each": "{lines}", "of": "{each}"}, lines={"a": 1})


@pytest.mark.parametrize(
    ("tree", "result"),
    [
        ({"join": " AND ", "of": ["a:{a}", "b:{none}", "c:{a}"]}, "a:1 AND c:1"),
        ({"join": ",", "of": "{ids}"}, "x,7,true"),
        ({"join": ",", "of": "{ids}", "before": "(", "after": ")"}, "(x,7,true)"),
        ({"join": ",", "of": ["{none}"], "before": "(", "after": ")"}, None),
        ({"join": ",", "of": "{empty}", "before": "("}, None),
        ({"join": ",", "of": "{none}"}, None),
        ({"join": ",", "of": "{empty}"}, ""),
        ({"join": " ", "of": ["{q}", {"each": "{empty}", "of": "label:{each}"}]}, "free"),
        ({"join": " ", "of": {"each": "{empty}", "of": "label:{each}"}}, None),
        ({"join": " ", "of": ["{q}", {"each": "{ids}", "of": "label:{each}"}]}, "free label:x label:7 label:true"),
        ({"join": "{{", "of": ["a", "b"]}, "a{b"),
    ],
)
def test_join_takes_the_texts_that_are_there(tree: Any, result: Any) -> None:
    found = filled({"x": tree}, a=1, ids=["x", 7.0, True], empty=[], q="free")

    assert (None if absent(found) else found["x"]) == result


def test_join_refuses_what_has_no_text() -> None:
    with pytest.raises(InvalidArguments, match="'ids' must hold only texts"):
        filled({"join": ",", "of": "{ids}"}, ids=[{"a": 1}])


@pytest.mark.parametrize(
    ("text", "bare", "result"),
    [
        ("Name = {name}", [], "Name = 'O\\'Brien'"),
        ("Id IN {ids}", [], "Id IN ('a', 'b')"),
        ("Size > {size} AND Open = {open}", [], "Size > 5 AND Open = true"),
        ("SELECT {fields} FROM {object}", ["fields", "object"], "SELECT Id, Name FROM Account"),
        ("Name = {none}", [], None),
        ("Name = {name} AND Id = {none}", [], None),
        ("Shop = {connection.shop}", [], "Shop = 'acme'"),
    ],
)
def test_quote_makes_each_value_one_literal(text: str, bare: list[str], result: Any) -> None:
    tree = {"x": {"quote": "soql", "of": text, "bare": bare}}
    found = filled(tree, name="O'Brien", ids=["a", "b"], size=5.0, open=True, fields=["Id", "Name"], object="Account")

    assert (None if absent(found) else found["x"]) == result


def test_a_text_that_is_the_agents_own_whole_value_is_not_quoted() -> None:
    assert fill_query({"q": "{q}"}, values(q="name = 'x'")) == [("q", "name = 'x'")]


@pytest.mark.parametrize(
    ("tree", "result"),
    [
        ({"convert": "base64url", "of": "{text}"}, "w7w_"),
        ({"convert": ["json_text", "base64"], "of": {"a": "{text}", "b": "{none}"}}, "eyJhIjoiw7w/In0="),
        ({"convert": "base64", "of": "{none}"}, None),
        ({"convert": "unix_seconds", "of": "{at}"}, 1767225600),
    ],
)
def test_convert_puts_the_value_through_in_turn(tree: Any, result: Any) -> None:
    found = filled({"x": tree}, text="ü?", at="2026-01-01T00:00:00Z")

    assert (None if absent(found) else found["x"]) == result


def test_null_that_clears_a_value_is_not_converted() -> None:
    due = values(nullable=frozenset({"due"}), due=None)

    assert fill_tree({"due": {"convert": "unix_seconds", "of": "{due}"}}, due) == {"due": None}


def test_a_value_that_cannot_be_converted_names_its_input() -> None:
    with pytest.raises(InvalidArguments, match="'due' cannot be sent") as refusal:
        filled({"convert": "unix_seconds", "of": "{due}"}, due="tomorrow")

    assert refusal.value.hint


@pytest.mark.parametrize(("given", "there"), [({"email": "a@b"}, True), ({"email": False}, True), ({}, False)])
def test_when_takes_the_tree_where_the_value_was_given(given: dict[str, Any], there: bool) -> None:
    found = filled({"x": {"when": "{email}", "of": {"kind": "mail"}}, "y": 1}, **given)

    assert ("x" in found) is there


@pytest.mark.parametrize(
    ("given", "result"),
    [
        ({"more": {"city": "Paris"}, "email": "a@b"}, {"mail": "a@b", "city": "Paris"}),
        ({"more": {"city": "Paris"}}, {"city": "Paris"}),
        ({"email": "a@b"}, {"mail": "a@b"}),
        ({"more": {}}, {}),
        ({}, "absent"),
    ],
)
def test_merge_adds_the_members_of_an_object(given: dict[str, Any], result: Any) -> None:
    value = filled({"merge": "{more}", "of": {"mail": "{email}"}}, **given)

    assert ("absent" if absent(value) else value) == result


def test_merge_loses_nothing_that_is_given_twice() -> None:
    with pytest.raises(InvalidArguments, match="'more' holds 'mail', which another argument gives already"):
        filled({"merge": "{more}", "of": {"mail": "{email}"}}, more={"mail": "x"}, email="a@b")


def test_merge_takes_an_object_only() -> None:
    with pytest.raises(InvalidArguments, match="'more' must be an object"):
        filled({"merge": "{more}", "of": {"mail": "{email}"}}, more=["x"])


@pytest.mark.parametrize("inside", ["a {x}", "{x.b} and {x.b}"])
@pytest.mark.parametrize("value", [{"b": [1]}, {"b": {}}, {"b": PNG}])
def test_a_text_holds_no_list_object_or_file(inside: str, value: Any) -> None:
    with pytest.raises(InvalidArguments, match="stands inside a text") as refusal:
        filled(inside, x=value)

    assert refusal.value.hint.startswith("Give 'x")


@pytest.mark.parametrize("value", [{"a": 1}, [["x"]], [{"a": 1}], PNG, [PNG]])
def test_a_query_holds_only_what_has_one_spelling(value: Any) -> None:
    with pytest.raises(InvalidArguments, match="'filter' takes a text"):
        fill_query({"filter": "{x}"}, values(x=value))


def test_a_query_repeats_the_key_of_a_list_and_spells_scalars_as_json_does() -> None:
    query = {"a": "{list}", "b": "{yes}", "c": "{big}", "d": "{none}", "e": "{small}", "f": "{null}"}
    given = values(nullable=frozenset({"null"}), list=["x", 2.0], yes=True, big=10.0**16, small=1e-7, null=None)

    assert fill_query(query, given) == [
        ("a", "x"), ("a", "2"), ("b", "true"), ("c", "10000000000000000"), ("e", "0.0000001"), ("f", "")
    ]  # fmt: skip


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_nothing_can_send_is_refused(value: Any) -> None:
    for fill in (lambda: fill_query({"q": "{x}"}, values(x=value)), lambda: fill_path("/{x}", values(x=value))):
        with pytest.raises(InvalidArguments):
            fill()


@pytest.mark.parametrize("value", [None, {"deep": 1}, {"id": None}])
def test_a_path_needs_its_value_and_says_which(value: Any) -> None:
    with pytest.raises(InvalidPath, match=r"'each\.id' is needed"):
        fill_path("/items/{each.id}", values().with_each(value))


def test_a_path_takes_one_segment_of_an_element() -> None:
    assert fill_path("/items/{each.id}", values().with_each({"id": "a/b"})) == "/items/a%2Fb"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\x00", "a\x85b", "Ω"])
def test_attack_62_a_header_breaks_no_line(value: str) -> None:
    with pytest.raises(InvalidArguments, match="header X-Name"):
        fill_headers({"X-Name": "{x}"}, values(x=value))


def test_secrets_stand_in_no_repr() -> None:
    assert "s3cret" not in repr(values(x=1).with_each({}))
