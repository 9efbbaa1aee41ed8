"""Attack 61: separators of every place stay inside their value: encoded once there, and never decoded twice."""

from __future__ import annotations

import pytest
from tests.attacks import givers
from tests.attacks.places import GROUPS, assert_all_stay
from tests.mcp.test_tools import BOTH_ERAS, Era

from connectory.auth.backend import Connected, Entry
from connectory.errors import InvalidPath
from connectory.testing.application import grant_oauth, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider

TYPED = (
    "1?admin=true", "1#x", "1;v=2", "1&x=2", "a/b", "%2F", "%252F", "%26x=2", "%%32%66", "a=b", "a+b", "a b",
    "*", "%",
    "[0]", "a[b]", "][b", "a[]=1", '"', "'", "\\", '\\"', "\\'", "''", "' OR '1'='1", '" OR "1"="1', "x' AND mine",
    "{x}",
    "{connection.id}", "{credential.token}", "{{7*7}}", "${x}", '","admin":true,"y":"', '{"$ne": null}', "a, b", "a:b",
    'n"; filename="x', "n\"\\; name='b'", "text/html; charset=utf-7", "plain; boundary=x", "a@b, c@d", "<a@b>", "a;b",
    "--x", "--x--", "ü", "😀", "\u0130", "’", "＇", "/",
)  # fmt: skip


@BOTH_ERAS
@pytest.mark.parametrize("group", GROUPS)
async def test_attack_61_a_separator_stays_inside_its_value(era: Era, group: str) -> None:
    taken = await assert_all_stay(era, group, TYPED)
    assert taken == set(GROUPS[group])  # each place was tried on the wire, and not refused throughout


@BOTH_ERAS
@givers.PLACES
async def test_attack_61_nothing_that_a_provider_or_a_person_gives_leaves_its_place(era: Era, giver: str) -> None:
    assert await givers.assert_all_stay(era, giver, TYPED)


HOST_PARTS = (
    "evil.example/", "x.shop.example@evil.example", "evil.example#", "evil.example?", "evil.example\\", "x\n", "\nx",
    "x:80@evil.example", "x%2f", "x/../y", "x:8080", "127.0.0.1:1/", "[::1]", "x。evil", "..", ".", "x y", "x\t", "//x",
    "a/b?c#d", "x.evil.example/.shop.example",
)  # fmt: skip
HOSTS = ("evil.example/", "x:8080")  # of a bare one https is meant, and it is asked
NO_HOSTS = tuple(one for one in HOST_PARTS if one not in HOSTS)
ORIGINS = tuple(f"https://{one}" for one in NO_HOSTS if one not in ("x。evil", "[::1]", "127.0.0.1:1/"))
ORIGINS = (*ORIGINS, *NO_HOSTS, "ftp://evil.example", "javascript:1", "")
LABEL = 'pattern: "[a-z0-9-]{1,63}"'
KEY = "token: {title: Key, kind: secret}"
TYPED_PARTS = {
    f"{{shop: {{title: Shop, {LABEL}}}, {KEY}}}": ("https://{connection.shop}.shop.example/v1", HOST_PARTS),
    f"{{shop: {{title: Shop, kind: choice, choices: {{com: US, eu: EU}}}}, {KEY}}}": (
        "https://api.shop.{connection.shop}/v1", (*HOST_PARTS, "com.evil.example", "EU", "eu ."),
    ),
    f"{{shop: {{title: Shop, kind: origin}}, {KEY}}}": ("{connection.shop}/v1", ORIGINS),
}  # fmt: skip


@pytest.mark.parametrize("fields", TYPED_PARTS, ids=["label", "choice", "origin"])
async def test_attack_61_what_is_typed_into_a_host_stays_a_part_of_it(fields: str) -> None:
    server, values = TYPED_PARTS[fields]
    yaml = NOTES_YAML.replace("https://api.notes.example/v1", server)
    yaml = yaml.replace("token: {method: api_key,", f"token: {{method: api_key, fields: {fields},")
    elsewhere = FakeProvider()
    async with make_application(
        catalog=make_catalog(make_connector(yaml)), mounts={"https://evil.example": elsewhere}
    ) as application:
        principal = await make_principal(application)
        for value in values:
            session = await application.auth.connect(principal, "notes")
            step = await application.auth.sign_in.submit(
                session, "b", Entry("token", {"shop": value, "token": "k-000000"})
            )
            assert not isinstance(step, Connected), value
        assert not await application.auth.list_connections(principal)
    assert elsewhere.requests == []


TOLD_PARTS = {
    f"text, {LABEL}": ("https://{connection.shop}.shop.example/v1", HOST_PARTS),
    "origin": ("{connection.shop}/v1", ORIGINS),
}


@pytest.mark.parametrize("kind", TOLD_PARTS, ids=["label", "origin"])
async def test_attack_61_what_a_token_answer_tells_stays_a_part_of_the_host(kind: str) -> None:
    """Such facts are the provider's words (Salesforce's instance_url); what is no origin or label freezes no host."""
    server, values = TOLD_PARTS[kind]
    urls = 'authorize_url: "https://a.example/a", token_url: "https://a.example/t"'
    way = f"method: oauth2, {urls}, facts: {{shop: {{token: instance_url, kind: {kind}}}}}, headers:"
    yaml = NOTES_YAML.replace("https://api.notes.example/v1", server).replace("method: api_key, headers:", way)
    yaml = yaml.replace("{credential.token}", "{credential.access_token}")
    async with make_application(catalog=make_catalog(make_connector(yaml))) as application:
        principal = await make_principal(application)
        for value in values:
            with pytest.raises(InvalidPath):
                await grant_oauth(application, principal, "notes", "token", facts={"shop": value})
        assert not await application.auth.list_connections(principal)
