"""Attack 104: a pattern on which a short text holds the server up; one that a long text would is never tried on it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from connectory.catalog.loading import parse_manifest
from connectory.errors import InvalidArguments
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider

TITLE = "title: {type: string, required: true, maxLength: 200}"
MOST_S = 1.0  # measured: 0.02, and 30 where the pattern is tried


def notes(schema: str) -> str:
    assert TITLE in NOTES_YAML
    return NOTES_YAML.replace(TITLE, f"title: {{type: string, required: true, {schema}}}")


@pytest.mark.parametrize("pattern", ["(a+)+$", "^(a+)+$", "^(a|aa)+$", r"^(\\w+\\s?)*$"])
def test_a_manifest_with_such_a_pattern_is_no_connector(pattern: str) -> None:
    started = time.thread_time()

    manifest, problems = parse_manifest(notes(f'pattern: "{pattern}"').encode(), Path("notes.yaml"))

    assert manifest is None
    assert [problem.key.rpartition(".")[2] for problem in problems] == ["pattern"]
    assert time.thread_time() - started < MOST_S


async def test_a_text_that_is_too_long_is_refused_before_its_pattern_is_tried() -> None:
    catalog = make_catalog(make_connector(notes('pattern: "[0-9]+x$", maxLength: 1000')))
    provider = FakeProvider()
    async with make_application(provider, catalog=catalog) as app:
        principal = await make_principal(app)
        await connect(app, principal)
        before = len(provider.requests)
        started = time.thread_time()

        with pytest.raises(InvalidArguments) as refusal:
            await app.gateway.call_action(principal, "notes_create_note", {"book": "b", "title": "0" * 60_000})

        assert time.thread_time() - started < MOST_S
        assert "at most 1000 characters long" in refusal.value.text
        assert len(provider.requests) == before
