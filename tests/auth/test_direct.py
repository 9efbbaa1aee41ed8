"""The direct backend: what is typed is checked, divided and bound to its hosts."""

import pytest
from tests.auth.making import KINTO_YAML, World, world

from connectory.auth.backend import Callback, Done, Entry, Form, NewGrant, Revocation
from connectory.auth.direct import DirectBackend
from connectory.catalog.catalog import compile_connector
from connectory.catalog.connector import Connector
from connectory.catalog.manifest import Manifest
from connectory.errors import NeedsReconnect, SessionExpired
from connectory.net.address import HostRule
from connectory.testing.connectors import make_connector
from connectory.vault.credentials import NoCredentials, SecretFields

TWO_WAYS_YAML = KINTO_YAML.replace("name: kinto", "name: two-ways").replace(
    "auth:\n",
    "auth:\n  none: {method: none, fields: {server: {title: Server, kind: origin}}}\n"
    "  keys: {method: fields, fields: {server: {title: Server, kind: origin}, key: {title: Id}, secret: {title: Secret,"
    " kind: secret}}, headers: {X-Id: '{connection.key}', X-Secret: '{credential.secret}'}}\n",
)


def shop_connector(pattern: str) -> Connector:
    """A connector whose server is part of what the person typed; built past the manifest's own checks."""
    method = {"method": "basic", "fields": {"shop": {"title": "Shop", "pattern": pattern}}}
    kinto = make_connector(KINTO_YAML).manifest.model_dump(by_alias=True, exclude_defaults=True)
    changed = {**kinto, "servers": {"api": "https://{connection.shop}.shop.example"}, "auth": {"basic": method}}
    return compile_connector(Manifest.model_validate(changed))


async def begin(w: World, connector: str, entry: Entry) -> NewGrant | Form:
    session = await w.auth.connect(w.owner, connector)
    step = await w.backends["direct"].begin(session, w.catalog.connector(connector), entry)
    assert isinstance(step, Done | Form)
    return step.grant if isinstance(step, Done) else step


async def test_an_api_key_stands_under_its_name() -> None:
    async with world() as w:
        grant = await begin(w, "notes", Entry("token", {"token": " k \n"}))

        assert isinstance(grant, NewGrant)
        assert isinstance(grant.credentials, SecretFields)
        assert grant.credentials.values["token"].get_secret_value() == "k"
        assert grant.hosts == (HostRule("https://api.notes.example"),)
        assert not grant.facts


async def test_basic_credentials_are_a_fact_and_a_secret() -> None:
    async with world() as w:
        values = {"server": "http://127.0.0.1:8888/", "username": "ann", "password": "p:w ü"}
        grant = await begin(w, "kinto", Entry("basic", values, private_confirmed=True))

        assert isinstance(grant, NewGrant)
        assert isinstance(grant.credentials, SecretFields)
        assert grant.credentials.values["password"].get_secret_value() == "p:w ü"
        assert grant.facts == {"server": "http://127.0.0.1:8888", "username": "ann"}
        assert grant.hosts == (HostRule("http://127.0.0.1:8888", private_confirmed=True),)


async def test_no_sign_in_is_a_grant_without_secrets() -> None:
    async with world() as w:
        grant = await begin(w, "open-data", Entry("none", {}))

        assert isinstance(grant, NewGrant)
        assert grant.credentials == NoCredentials()
        assert grant.hosts == (HostRule("https://api.open.example"),)


async def test_every_new_grant_has_a_connection_id_of_its_own() -> None:
    async with world() as w:
        first, second = [await begin(w, "open-data", Entry("none", {})) for _ in range(2)]

        assert isinstance(first, NewGrant)
        assert isinstance(second, NewGrant)
        assert first.connection_id.startswith("cn_")
        assert first.connection_id != second.connection_id


async def test_a_way_to_sign_in_that_is_unknown_brings_the_form_back() -> None:
    async with world() as w:
        form = await begin(w, "notes", Entry("oauth", {"token": "k"}))

        assert isinstance(form, Form)
        assert "token" in form.problems[0].message


async def test_the_forms_come_in_the_manifest_s_order_with_words_for_a_person() -> None:
    async with world() as w:
        backend = DirectBackend(w.vault, w.settings)
        connector = make_connector(TWO_WAYS_YAML)

        config = (await backend.configs(w.owner.workspace_id, [connector]))[connector.name]
        assert config.is_ready
        assert [(form.method, form.title) for form in config.methods] == [
            ("none", "No sign-in needed"), ("keys", "Credentials"), ("basic", "User name and password"),
        ]  # fmt: skip


async def test_validation_is_what_begin_would_say() -> None:
    async with world() as w:
        entry = Entry("basic", {"server": "http://public.example", "username": "", "password": "x\x00"})
        form = await begin(w, "kinto", entry)

        assert isinstance(form, Form)
        assert {problem.field for problem in form.problems} == {"server", "username", "password"}
        assert await w.auth.validate_config(w.owner, "kinto", None, entry) == list(form.problems)


async def test_what_cannot_be_part_of_a_server_is_a_problem_and_no_crash() -> None:
    async with world() as w:
        shop = shop_connector(pattern=".*")  # no manifest gets by with this pattern: the second line of defence
        backend = DirectBackend(w.vault, w.settings)

        for shop_name in ("evil.example/", "x@evil.example", "evil.example#", "evil.example?", "-x"):
            entry = Entry("basic", {"shop": shop_name, "username": "u", "password": "p"})
            assert [problem.field for problem in backend.validate(shop, entry)] == [""]


async def test_there_is_no_callback_no_renewal_and_no_withdrawal() -> None:
    async with world() as w:
        session = await w.auth.connect(w.owner, "notes")
        await w.submit(session)
        [(_, grant)] = await w.auth.list_connections(w.owner)
        backend = w.backends["direct"]

        callback = Callback((("code", "x"), ("state", "y")))

        assert await backend.session_of("notes", callback) is None
        assert await backend.code_of(session) is None
        assert await backend.poll(session) is None
        with pytest.raises(SessionExpired):
            await backend.complete(session, callback)
        with pytest.raises(NeedsReconnect):
            await backend.refresh(grant)
        assert await backend.revoke(grant) is Revocation.NOT_SUPPORTED
