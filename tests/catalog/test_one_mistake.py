"""Whatever one mistake is made in a good manifest, it is told with file, line and key, and never raises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from tests.catalog.making import GOOD, changed
from tests.catalog.rich import RICH

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.loading import parse_manifest
from connectory.catalog.manifest import Manifest
from connectory.catalog.problems import ManifestProblem
from connectory.catalog.trees import form_of


class Key(NamedTuple):
    """One key of the format in a manifest, by its path."""

    path: tuple[str | int, ...]
    is_required: bool
    is_free: bool  # whether any value is fine there: trees
    is_number: bool = False

    def __str__(self) -> str:
        return "/".join(map(str, self.path))


def keys_of(part: Any, path: tuple[str | int, ...] = ()) -> Iterator[Key]:
    """Yield every key that the format gives meaning to, those of forms among them."""
    if isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            if name in part.model_fields_set:
                here = (*path, field.alias or name)
                free = field.annotation is Any or name in ("query", "variables", "body")
                yield Key(here, field.is_required(), free, is_number=name in ("minimum", "maximum"))
                yield from keys_of(getattr(part, name), here)
    elif isinstance(part, dict):
        form = form_of(part)
        for key, value in part.items():
            if form is not None:
                yield Key((*path, key), is_required=False, is_free=True)
            yield from keys_of(value, (*path, key))
    elif isinstance(part, list):
        for at, value in enumerate(part):
            yield from keys_of(value, (*path, at))


def in_file(key: Key) -> bool:
    """Whether the key stands in RICH itself: a model may have filled it in, of a word (`pages: link_header`)."""
    part: Any = RICH
    for step in key.path:
        if isinstance(part, str) or (isinstance(part, dict) and step not in part):
            return False
        part = part[step]
    return True


KEYS = [key for key in keys_of(Manifest.model_validate(RICH)) if in_file(key)]
REQUIRED = [key for key in KEYS if key.is_required]
TYPED = [key for key in KEYS if not key.is_free]
AT_THE_TOP = (
    "This is not YAML", "The file holds more", "A manifest is", "A key", "Tags such", "The alias", "'' is no key of"
)  # fmt: skip
WRITTEN = (packaged_folder() / "demo.yaml").read_text()
WRONG: list[Any] = [[[1]], {"x": {"y": 1}}, 3.5, "\u0000", None, True]


def parent(tree: Any, key: Key) -> Any:
    for step in key.path[:-1]:
        tree = tree[step]
    return tree


def problems_of(tree: Any) -> tuple[ManifestProblem, ...]:
    return parse_manifest(json.dumps(tree, indent=1).encode(), Path("rich.yaml"))[1]


def require_well_told(problems: tuple[ManifestProblem, ...]) -> None:
    assert problems
    for problem in problems:
        assert problem.file == "rich.yaml"
        assert problem.line >= 1
        assert problem.key or problem.message.startswith(AT_THE_TOP)
        assert problem.message.endswith(".")


def misspelt(word: str, at: int, letter: str) -> str:
    return f"{word[: at % (len(word) + 1)]}{letter}{word[at % (len(word) + 1) :]}"


def test_the_manifest_uses_most_of_the_format() -> None:
    assert len(KEYS) > 250
    assert len(REQUIRED) > 60


@pytest.mark.parametrize("key", REQUIRED, ids=str)
def test_a_key_that_is_left_out_is_told(key: Key) -> None:
    tree = changed(base=RICH)
    del parent(tree, key)[key.path[-1]]

    problems = problems_of(tree)

    require_well_told(problems)
    assert any(problem.key.endswith(str(key.path[-1])) and "missing" in problem.message for problem in problems)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(key=st.sampled_from(KEYS), at=st.integers(0, 30), letter=st.sampled_from("aexz_"))
def test_a_key_that_is_misspelt_is_told(key: Key, at: int, letter: str) -> None:
    tree = changed(base=RICH)
    place, name = parent(tree, key), str(key.path[-1])
    place[misspelt(name, at, letter)] = place.pop(name)

    problems = problems_of(tree)

    require_well_told(problems)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(key=st.sampled_from(TYPED), value=st.sampled_from(WRONG))
def test_a_value_of_another_type_is_told_or_is_one_that_the_format_takes(key: Key, value: Any) -> None:
    tree = changed(base=RICH)
    parent(tree, key)[key.path[-1]] = value

    problems = problems_of(tree)

    if isinstance(value, list | dict) or (isinstance(value, float) and not key.is_number):
        require_well_told(problems)
    else:  # null and true are what some keys take
        assert all(problem.line >= 1 and problem.file for problem in problems)


_WORDS = st.sampled_from(
    [
        "{x}",
        "{",
        "{{x}}",
        "${x}",
        "{each.id}",
        "{connection.shop}",
        "$.a",
        "^(a+)+$",
        "(",
        "/a?b",
        "yes",
        "read",
        "@",
        "\u202e",
    ]
)
_SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text() | _WORDS
)
_NAMES = st.sampled_from(sorted({str(key.path[-1]) for key in KEYS})) | st.text(max_size=10)
_ANYTHING = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(changes=st.lists(st.tuples(st.sampled_from(KEYS), _ANYTHING), min_size=1, max_size=3))
def test_whatever_stands_at_keys_is_read_or_told_with_file_line_and_key(changes: list[tuple[Key, Any]]) -> None:
    tree = changed(base=RICH)
    for key, value in changes:
        with suppress(LookupError, TypeError):  # what stood there is gone by a change before
            parent(tree, key)[key.path[-1]] = value

    manifest, problems = parse_manifest(json.dumps(tree, indent=1, ensure_ascii=False).encode(), Path("rich.yaml"))

    if manifest is None:
        require_well_told(problems)
    assert (manifest is None) == bool(problems)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(
    at=st.integers(0, 10_000), taken=st.integers(0, 40), put=_WORDS | st.text("\t\n :-{}[]\"'&*!|>%@`#,?a1", max_size=5)
)
@example(at=0, taken=0, put="? |")  # an empty key that is not plain
def test_whatever_is_typed_into_a_file_is_read_or_told_with_its_line(at: int, taken: int, put: str) -> None:
    at %= len(WRITTEN)
    text = WRITTEN[:at] + put + WRITTEN[at + taken :]

    manifest, problems = parse_manifest(text.encode(), Path("rich.yaml"))

    assert (manifest is None) == bool(problems)
    for problem in problems:
        assert problem.file == "rich.yaml"
        assert 1 <= problem.line <= text.count("\n") + 2
        assert problem.key or problem.message.startswith(AT_THE_TOP)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(key=st.sampled_from(KEYS), value=st.sampled_from([*WRONG, "{x}", "{", "[", 10**30]))
def test_the_others_serve_whatever_one_is(key: Key, value: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    tree = changed(base=RICH)
    parent(tree, key)[key.path[-1]] = value
    folder = tmp_path_factory.mktemp("m")
    (folder / "rich.yaml").write_text(json.dumps(tree))
    (folder / "acme.yaml").write_text(json.dumps({**GOOD, "name": "acme"}))

    catalog = load_catalog([folder], index_dir=None)

    assert "acme" in catalog.connectors
    assert ("rich" in catalog.connectors) == (not catalog.problems) or tree["name"] != "rich"
