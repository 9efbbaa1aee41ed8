"""OpenAI's manifest: what of an answer an agent reads, what is sent for it, and which 429 is worth waiting for."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest

from connectory.actions.expressions import evaluate
from connectory.actions.filling import Values, fill_body
from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Connector

CITED = {"type": "url_citation", "title": "News", "url": "https://n.example", "start_index": 0, "end_index": 3}


@pytest.fixture(scope="module")
def openai() -> Connector:
    return load_catalog([packaged_folder()], index_dir=None).connector("openai")


def said(*content: dict[str, Any]) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": list(content)}


def text(words: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {"type": "output_text", "text": words, "annotations": list(annotations)}


@pytest.mark.parametrize(
    ("output", "read"),
    [
        ([said(text("Hello"))], {"text": "Hello", "refusal": None, "sources": []}),
        ([{"type": "reasoning", "summary": []}, said(text("A ")), said(text("B"))], {"text": "A B"}),
        (
            [{"type": "web_search_call"}, said(text("Yes", CITED))],
            {"sources": [{"title": "News", "url": CITED["url"]}]},
        ),
        ([said({"type": "refusal", "refusal": "I cannot."})], {"text": "", "refusal": "I cannot."}),
        ([], {"text": ""}),
        (None, {"text": ""}),  # still queued
    ],
)
def test_the_words_of_an_answer_are_put_together(openai: Connector, output: Any, read: dict[str, Any]) -> None:
    given = evaluate(openai.actions["get_response"].manifest.answer.item, {"id": "resp_1", "output": output})

    assert {name: given[name] for name in read} == read


def test_a_question_is_one_message_and_what_belongs_to_it_stands_before(openai: Connector) -> None:
    body = openai.actions["create_response"].manifest.request.body
    plain = fill_body(body, Values({"model": "gpt-5", "input": "Hi"}, {}))
    whole = fill_body(body, Values({"model": "gpt-5", "input": "Hi", "files": ["file-1"], "web_search": True}, {}))

    words = {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    assert plain == {"model": "gpt-5", "input": [words]}
    assert whole["input"] == [{"role": "user", "content": [{"type": "input_file", "file_id": "file-1"}]}, words]
    assert whole["tools"] == [{"type": "web_search"}]


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (429, {"code": "insufficient_quota"}, "provider_forbidden"),  # no use waiting
        (429, {"code": "rate_limit_exceeded"}, None),
        (401, {"message": "You have insufficient permissions for this operation."}, "missing_scope"),
        (401, {"message": "Incorrect API key provided."}, None),
        (404, {"code": "model_not_found"}, "provider_not_found"),
    ],
)
def test_an_error_means_what_its_code_says(openai: Connector, status: int, error: Any, code: str | None) -> None:
    rules = [rule for rule in openai.manifest.errors if status in (rule.when.status or [])]

    applying = [rule.code for rule in rules if jmespath.search(rule.when.body or "", {"error": error})]

    assert applying == ([code] if code else [])


def test_only_the_admin_key_reads_what_the_organization_paid(openai: Connector) -> None:
    assert {name for name, one in openai.actions.items() if one.manifest.credential == "admin"} == {
        "list_costs", "list_token_usage",
    }  # fmt: skip
