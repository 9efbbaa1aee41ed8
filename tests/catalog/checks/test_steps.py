"""Steps: what is used was kept before, what is kept is used, and a read has none that writes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import problems_of
from tests.catalog.rich import RICH

UPLOAD = "actions/upload"
FIRST = RICH["actions"]["upload"]["steps"][0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((f"{UPLOAD}/request/body/id", "{steps.ip}"), "{steps.ip} is nothing that an earlier step gives."),
        ((f"{UPLOAD}/request/body/id", "{id}"), "{id} is no input."),
        ((f"{UPLOAD}/steps/0/request/get", "/uploads/{steps.id}"), "{steps.id} is nothing that an earlier step gives."),
        ((f"{UPLOAD}/steps/0/request/query/size", "{file.length}"), "a file has no member 'length'."),
        ((f"{UPLOAD}/steps/0/request/query/size", "{limit}"), "{limit} is not at hand here."),
        ((f"{UPLOAD}/steps/0/keep/more", "more"), "Nothing uses {steps.more}."),
        ((f"{UPLOAD}/steps/0/keep/id", "["), "This is no JMESPath expression"),
        ((f"{UPLOAD}/steps/0/as", "text"), "Nothing is kept of a text."),
        ((f"{UPLOAD}/steps/1/keep", {"id": "id"}), "An earlier step keeps 'id'."),
        ((f"{UPLOAD}/steps/1/request/put", "{steps.address}/x"), "path begins with a slash"),
        ((f"{UPLOAD}/steps/1/request/put", "{name}"), "path begins with a slash"),
        (("actions/get_file/steps", [{"request": {"put": "/locks"}}]), "The action is a read, and PUT is none."),
        ((f"{UPLOAD}/steps", [FIRST] * 4), "List should have at most 3 items"),
    ],
)
def test_a_mistake_is_told(change: tuple[str, Any], said: str) -> None:
    assert any(said in problem for problem in problems_of(change, base=RICH)), problems_of(change, base=RICH)


def test_an_input_that_only_a_step_uses_is_used() -> None:
    step = {"request": {"get": "/uploads", "query": {"size": "{file.size}", "n": "{name}"}}, "keep": FIRST["keep"]}
    body = {"file": "{file}", "more": "{more}"}

    assert problems_of((f"{UPLOAD}/steps/0", step), (f"{UPLOAD}/request/body", body), base=RICH) == []
