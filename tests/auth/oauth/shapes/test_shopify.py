"""Shopify: the signature of the callback, the shop as a host, its own header."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.auth.oauth.shapes.double import CLIENT_SECRET
from tests.auth.oauth.shapes.journey import at
from tests.auth.oauth.shapes.packaged_shapes import SHOPIFY

from connectory.auth.backend import Connected, Entry, Form

Pairs = list[tuple[str, str]]
CHANGES: dict[str, Callable[[Pairs], Pairs]] = {
    "missing": lambda pairs: [pair for pair in pairs if pair[0] != "hmac"],
    "empty": lambda pairs: [(name, "" if name == "hmac" else value) for name, value in pairs],
    "another": lambda pairs: [(name, "0" * 64 if name == "hmac" else value) for name, value in pairs],
    "twice": lambda pairs: [*pairs, pairs[-1]],
    "not ASCII": lambda pairs: [(name, "ü" * 64 if name == "hmac" else value) for name, value in pairs],
    "of another shop": lambda pairs: [(name, "evil.myshopify.com" if name == "shop" else v) for name, v in pairs],
    "of another code": lambda pairs: [(name, "code-2" if name == "code" else value) for name, value in pairs],
    "with more beside": lambda pairs: [*pairs, ("session", "1")],
    "of less": lambda pairs: [pair for pair in pairs if pair[0] != "timestamp"],
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_callback_that_shopify_did_not_sign_gives_nothing_away(change: str) -> None:
    async with at(SHOPIFY) as one:
        session = await one.session()
        step = await one.come_back(session, CHANGES[change](one.consent(await one.leave(session))))

    assert isinstance(step, Form)
    assert "signature" in step.problems[0].message
    assert one.double.received == []  # the code and the secret were sent nowhere
    assert CLIENT_SECRET not in f"{step!r}"


@pytest.mark.parametrize(
    "more",
    [
        (("ids[]", '["1","2"]'),),
        (("protocol", "https://"), ("embedded", "1")),
        (("note", "50%25 & more"),),
    ],
)
async def test_whatever_else_shopify_signs_is_signed_as_it_documents(more: tuple[tuple[str, str], ...]) -> None:
    async with at(SHOPIFY) as one:
        session = await one.session()
        url = await one.leave(session)
        plain = [pair for pair in one.consent(url) if pair[0] != "hmac"]
        escaped = [(name, value.replace("%", "%25").replace("&", "%26")) for name, value in [*plain, *more]]
        step = await one.come_back(session, [*plain, *more, ("hmac", one.double.signature(escaped).upper())])

    assert isinstance(step, Connected), step


@pytest.mark.parametrize("shop", ["evil.example/", "acme.myshopify.com", "ACME", "a@b", "x#", "x?", "-acme", "a\n", ""])
async def test_a_shop_is_one_label_of_a_host(shop: str) -> None:
    async with at(SHOPIFY) as one:
        session = await one.session()
        step = await one.application.auth.sign_in.submit(session, "b1", Entry("oauth", {"shop": shop}))

    assert isinstance(step, Form)
    assert step.problems[0].field == "shop"


async def test_calls_carry_the_token_in_shopifys_own_header_alone() -> None:
    async with at(SHOPIFY) as one:
        await one.connected()

    verifying = one.double.sent(SHOPIFY.verify[1])[0]
    assert verifying.headers["x-shopify-access-token"] == "at-1"
    assert "authorization" not in verifying.headers
