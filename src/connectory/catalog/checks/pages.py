"""Checks of how a list goes on: each style has what it needs, and the request asks as the style wants (design 4.7)."""

from __future__ import annotations

from collections.abc import Iterator

from connectory.catalog.checks.expressions import check_expression, leaves_out
from connectory.catalog.checks.names import used_inputs
from connectory.catalog.checks.words import check_header_name
from connectory.catalog.manifest import (
    ActionManifest,
    Effect,
    LastIdPages,
    NumberedPages,
    OffsetPages,
    PagesBase,
    Request,
)
from connectory.catalog.problems import Finding
from connectory.catalog.yaml_document import KeyPath

EXPRESSIONS = ("when", "body", "more", "total", "id")
HEADERS = ("header", "next_header", "total_header")


def paging_of(pages: PagesBase | None) -> tuple[str, ...]:
    """Return which of `{limit}` and `{cursor}` a request with such pages may use."""
    if pages is None:
        return ()
    return ("limit",) if pages.follows_address else ("limit", "cursor")


def check_pages(path: KeyPath, action: ActionManifest) -> Iterator[Finding]:
    """Yield what is wrong with the pages of the action at `path`."""
    pages = action.pages
    if pages is None:
        return
    here = (*path, "pages")
    for key in EXPRESSIONS:
        yield from check_expression((*here, key), getattr(pages, key, None))
    for key in HEADERS:
        yield from check_header_name((*here, key), getattr(pages, key, None))
    if action.effect is not Effect.READ:
        yield Finding(here, "Only a read has `pages`.", "Set `effect: read` or remove `pages`.")
    if action.answer.items is None:
        yield Finding(
            (*path, "answer"),
            "An action with `pages` needs `answer.items`.",
            'Say where the list is; "@" is the whole answer.',
        )
    if isinstance(pages, NumberedPages | OffsetPages | LastIdPages) and leaves_out(action.answer.items):
        yield Finding(
            (*path, "answer", "items"),
            "It leaves items out, and by those that came the pages are counted.",
            'Write the condition as `when`: `items: data`, `when: "!draft"`.',
        )
    if pages.follows_address and action.request.method != "GET":
        yield Finding(
            (*path, "request"), "Only a GET has `pages` of this style: the next page is fetched by its address."
        )
    yield from _check_cursor(here, action.request, pages)
    yield from _check_size(here, action.request, pages)


def _check_cursor(path: KeyPath, request: Request, pages: PagesBase) -> Iterator[Finding]:
    if not pages.follows_address and "cursor" not in used_inputs(list(request.trees)):
        style = getattr(pages, "style", "")
        hint = 'Write {cursor} where the provider takes it, e.g. `query: {page: "{cursor}"}`.'
        yield Finding(path, f"Nothing in the request says which page is meant, as style {style} needs.", hint)


def _check_size(path: KeyPath, request: Request, pages: PagesBase) -> Iterator[Finding]:
    """The provider is asked for as many items as the agent wants, or its pages have one known size."""
    if "limit" not in used_inputs(list(request.trees)) and "max_size" not in pages.model_fields_set:
        yield Finding(
            path,
            "Nothing in the request says how many items a page shall have.",
            'Write {limit} where the provider takes the size of a page, e.g. `query: {per_page: "{limit}"}`; where it '
            "takes none, say the fixed size: `pages: {style: link_header, max_size: 50}`.",
        )
