"""A form that is misspelt or cannot work is told before it is sent as it stands."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import problems_of
from tests.catalog.rich import RICH

SEARCH = "actions/search/request/body"
CREATE = "actions/create/request/body"
QUERY = "actions/search/request/query"
LINE = {"each": "{lines}", "of": "{each.sku}"}
HTML = {"convert": "html", "of": "{html}"}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ((f"{CREATE}/note", {"merge": "all {owner}", "of": {}}), "note.merge: `merge` takes exactly one placeholder."),
        ((f"{CREATE}/note", {"merge": "{html}", "of": {}}), "note.merge: {html} is of type string; `merge` takes"),
        ((f"{CREATE}/note", {"merge": "{htm}", "of": {}}), "note.merge: {htm} is no input. Did you mean 'html'?"),
        ((f"{CREATE}/note", {"merge": "{html}", "of": ["{note}"]}), "note.of: `merge` adds to a mapping."),
        (
            (f"{CREATE}/lines", {"eech": "{lines}", "of": "{each.sku}"}),
            "lines.eech: 'eech' is no form. Did you mean 'each'",
        ),
        ((f"{CREATE}/lines", {"each": "{lines}", "off": "{each.sku}"}), "lines.off: 'off' is no key of the form each."),
        ((f"{CREATE}/lines", {"each": "{lines}"}), "lines: The form each lacks `of`."),
        ((f"{CREATE}/text", {"convert": "html"}), "text: The form convert lacks `of`."),
        ((f"{CREATE}/text", {"convert": ["html", "base64url"]}), "text: The form convert lacks `of`."),
        ((f"{CREATE}/lines", {**LINE, "join": ","}), "lines: A form has one of each, join."),
        ((f"{CREATE}/lines", {**LINE, "befor": ","}), "lines.befor: 'befor' is no key of the form each."),
        (
            (f"{CREATE}/text", {"join": ",", "of": ["{html}"], "aftr": "."}),
            "text.aftr: 'aftr' is no key of the form join. Did",
        ),
        ((f"{CREATE}/lines/each", "all {lines}"), "lines.each: `each` takes exactly one placeholder"),
        ((f"{CREATE}/lines/each", "lines"), "lines.each: `each` takes exactly one placeholder"),
        ((f"{CREATE}/lines/each", 5), "lines.each: `each` takes exactly one placeholder"),
        ((f"{CREATE}/lines/each", "{linse}"), "lines.each: {linse} is no input. Did you mean 'lines'?"),
        ((f"{CREATE}/lines/each", "{html}"), "lines.each: {html} is of type string; `each` goes over a list."),
        ((f"{CREATE}/lines/of", "{html}"), "lines.of: Nothing here is of the element."),
        (
            (f"{CREATE}/lines/of/sku", "{each.skoo}"),
            "lines.of.sku: {each.skoo}: 'each' has no member 'skoo'. Did you mean",
        ),
        ((f"{CREATE}/lines/of/sku", "{each.sku.x}"), "'each.sku' is of type string, which has no members"),
        ((f"{CREATE}/note", "{each}"), "note: {each} is not at hand here."),
        ((f"{CREATE}/text", {"join": 5, "of": ["{html}"]}), "text.join: `join` takes a text."),
        ((f"{CREATE}/text", {"join": ",", "of": "{html}"}), "text.of: `join` takes a list."),
        ((f"{CREATE}/text", {"join": ",", "of": ["{html}"], "after": ["."]}), "text.after: `after` takes a text."),
        (
            (f"{CREATE}/text", {"join": "{lines}", "of": ["{html}"]}),
            "text.join: {lines} is of type array, which cannot",
        ),
        ((f"{CREATE}/text/convert", "markdwn"), "text.convert: There is no converter 'markdwn'."),
        (
            (f"{CREATE}/text/convert", ["html", "base46"]),
            "text.convert[1]: There is no converter 'base46'. Did you mean 'b",
        ),
        ((f"{CREATE}/text/convert", []), "text.convert: No converter is named."),
        ((f"{CREATE}/text/convert", 7), "text.convert: There is no converter '7'."),
        ((f"{CREATE}/text/convert", [["html"]]), "text.convert[0]: There is no converter \"['html']\"."),
        ((f"{CREATE}/text/convert", {"html": 1}), "text.convert: There is no converter \"{'html': 1}\"."),
        ((f"{CREATE}/text", {"when": "{html} there", "of": 1}), "text.when: `when` takes exactly one placeholder."),
        ((f"{CREATE}/text", {"when": "{htmll}", "of": HTML}), "text.when: {htmll} is no input. Did you mean 'html'?"),
        (
            (f"{SEARCH}/after", "{cursor.page}"),
            "body.after: {cursor.page}: 'cursor' is one value, which has no members.",
        ),
        ((f"{SEARCH}/after", "{idempotency_key}"), "body.after: {idempotency_key} is not at hand here. It is there in"),
        ((f"{CREATE}/note", "{idempotency_key.x}"), "note: {idempotency_key.x}: 'idempotency_key' is one text, which"),
        (
            (f"{QUERY}/limit", "{limit.x}"),
            "query.limit: {limit.x}: 'limit' is one value, which has no members. Write {",
        ),
        ((f"{CREATE}/note", "{lines} of it"), "note: {lines} is of type array, which cannot stand inside a text here."),
        (
            (f"{SEARCH}/after", "{owner.nam}"),
            "body.after: {owner.nam}: 'owner' has no member 'nam'. Its properties are: id.",
        ),
        (("actions/search/inputs/owner/properties", {}), "'owner' has no member 'id'. Its properties are: none."),
        (
            ("actions/create/request/headers", {"X-L": "{lines}"}),
            "X-L: {lines} is of type array, which cannot stand inside",
        ),
    ],
)
def test_a_form_that_cannot_work_is_told(change: tuple[str, Any], says: str) -> None:
    found = problems_of(change, base=RICH)

    assert any(says in problem for problem in found), found


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            (f"{CREATE}/text", {"of": "{html}", "split": ","}),
            "text.of: 'of' is kept for forms, and split is no form. It belongs to one of each, join, quote, convert,",
        ),
        ((f"{CREATE}/text", {"of": "{html}"}), "text.of: 'of' is kept for forms, and no form stands beside it."),
        ((f"{CREATE}/of", "{html}"), "create.request.body.of: 'of' is kept for forms, and lines, note, text is no"),
        (
            (f"{QUERY}", {"merge": "{owner}", "of": {"a": "{name}"}}),
            "search.request.query: The form merge cannot stand for the whole query. A form is the value of one",
        ),
        ((f"{QUERY}/of", "{name}"), "search.request.query.of: 'of' is kept for forms, also in the whole query."),
        (
            ("actions/graph/request/variables", {"when": "{id}", "of": {"id": "{id}"}}),
            "graph.request.variables: The form when cannot stand for all variables. A form is the value of one",
        ),
        (
            ("actions/search/request/headers", {"join": "{field}", "of": "a"}),
            "search.request.headers.of: 'of' is kept for forms, and none stands in headers. A form stands in a body",
        ),
        (("headers/of", "x"), "headers.of: 'of' is kept for forms, and none stands in headers."),
    ],
)
def test_of_is_kept_for_forms(change: tuple[str, Any], says: str) -> None:
    found = problems_of(change, base=RICH)

    assert found[0].startswith(("actions", "headers")), found
    assert any(says in problem for problem in found), found


def test_a_form_in_the_place_of_the_whole_query_is_told_once() -> None:
    found = problems_of((QUERY, {"merge": "{owner}", "of": {"a": "{name}", "w": "{words}", "l": "{limit}"}}), base=RICH)

    assert len(found) == 1


@pytest.mark.parametrize(
    "tree",
    [
        {"each": "day", "html": "{html}"},
        {"when": "now", "html": "{html}"},
        {"join": "left", "html": "{html}"},
        {"when": "{note}", "of": {"join": ", ", "of": {"each": "{lines}", "of": "{each.sku}"}}},
    ],
)
def test_what_is_no_misspelt_form_is_left_alone(tree: Any) -> None:
    used = {"sku": "{note}", "html": "{html}"}

    assert problems_of((f"{CREATE}/text", tree), (f"{CREATE}/used", used), base=RICH) == []
