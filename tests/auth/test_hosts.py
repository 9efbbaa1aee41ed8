"""Origins are read strictly, and a connection owns exactly the manifest's servers, filled."""

import pytest

from connectory.auth.hosts import is_allowed_by, parse_origin, reach_by_spelling, resolve_hosts
from connectory.catalog.manifest import CredentialField, FieldKind, SignInFact
from connectory.errors import InvalidPath, ManifestInvalid
from connectory.net.address import AllowList, HostRule, Reach

SHOP = {"shop": CredentialField(title="Shop")}
SERVER = {"server": CredentialField(title="Server", kind=FieldKind.ORIGIN)}


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://Example.com", "https://example.com"),
        ("https://example.com/", "https://example.com"),
        ("https://example.com:443", "https://example.com"),
        ("HTTP://127.0.0.1:8888", "http://127.0.0.1:8888"),
        ("http://[0:0::1]:80", "http://[::1]"),
    ],
)
def test_an_origin_has_one_spelling(text: str, origin: str) -> None:
    assert parse_origin(text).origin == origin


@pytest.mark.parametrize(
    "text",
    [
        "example.com",
        "//example.com",
        "ftp://example.com",
        "https://example.com/v1",
        "https://example.com?x",
        "https://example.com#x",
        "https://example.com/#@evil.example",
        "https://user@example.com",
        "https://example.com:0",
        "https://example.com:70000",
        "https://example.com\\@evil.example",
        "https://exa mple.com",
        "https://example.com\n",
        "http://2130706433",
        "http://0x7f.1",
        "http://127.1",
        "http://0177.0.0.1",
        "http://localhost.",
        "http://[fe80::1%25lo]",
        "https://",
        "",
    ],
)
def test_what_is_more_or_less_than_an_origin_is_refused(text: str) -> None:
    with pytest.raises(InvalidPath):
        parse_origin(text)


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ("https://example.com", Reach.PUBLIC),
        ("https://8.8.8.8", Reach.PUBLIC),
        ("http://localhost:8888", Reach.PRIVATE),
        ("http://kinto:8888", Reach.PRIVATE),
        ("http://nas.local", Reach.PRIVATE),
        ("http://192.168.1.5", Reach.PRIVATE),
        ("http://[::1]", Reach.PRIVATE),
        ("http://[::ffff:10.0.0.1]", Reach.PRIVATE),
        ("http://169.254.169.254", Reach.NEVER),
        ("http://metadata.google.internal", Reach.NEVER),
        ("http://0.0.0.0", Reach.NEVER),
    ],
)
def test_a_host_is_judged_by_its_spelling(text: str, reach: Reach) -> None:
    assert reach_by_spelling(parse_origin(text)) is reach


@pytest.mark.parametrize("entry", ["0.0.0.0:80", "10.0.0.5:80"])
def test_an_allowed_address_allows_no_name(entry: str) -> None:
    operator = AllowList([entry])

    assert is_allowed_by(operator, parse_origin(f"http://{entry}"))
    assert not is_allowed_by(operator, parse_origin("http://example.com"))


def test_servers_are_filled_and_each_origin_is_owned_once() -> None:
    servers = {
        "api": "https://{connection.shop}.acme.example/v1",
        "files": "https://{connection.shop}.acme.example/files",
    }

    hosts = resolve_hosts(servers, SHOP, {"shop": "north"}, private_confirmed=True)

    assert hosts == (HostRule("https://north.acme.example"),)


def test_a_confirmation_counts_only_for_the_origin_that_was_typed() -> None:
    servers = {"own": "{connection.server}/v1", "fixed": "https://api.acme.example"}

    hosts = resolve_hosts(servers, SERVER, {"server": "http://10.0.0.5:8888"}, private_confirmed=True)

    assert hosts == (
        HostRule("http://10.0.0.5:8888", private_confirmed=True),
        HostRule("https://api.acme.example"),
    )


def test_a_missing_fact_is_named() -> None:
    with pytest.raises(InvalidPath, match="shop"):
        resolve_hosts({"api": "https://{connection.shop}.acme.example"}, SHOP, {}, private_confirmed=False)


def test_a_server_is_never_made_of_an_input() -> None:
    with pytest.raises(ManifestInvalid):
        resolve_hosts({"api": "https://{host}.acme.example"}, {}, {"host": "x"}, private_confirmed=False)


def test_an_origin_that_the_sign_in_gives_is_a_server_without_anybodys_confirmation() -> None:
    given = {"instance_url": SignInFact(token="instance_url", kind=FieldKind.ORIGIN), "hub": SignInFact(token="hub")}
    servers = {"api": "{connection.instance_url}/services", "log": "https://{connection.hub}.example"}
    facts = {"instance_url": "https://acme.my.example/", "hub": "h1"}

    found = resolve_hosts(servers, {}, facts, private_confirmed=True, given=given)

    assert found == (HostRule("https://acme.my.example"), HostRule("https://h1.example"))
    for broken in ("https://acme.my.example/elsewhere", "https://user@acme.my.example", "acme.my.example"):
        with pytest.raises(InvalidPath):
            resolve_hosts(servers, {}, {**facts, "instance_url": broken}, private_confirmed=False, given=given)
    with pytest.raises(InvalidPath):
        resolve_hosts(servers, {}, {**facts, "hub": "https://evil.example"}, private_confirmed=False, given=given)
