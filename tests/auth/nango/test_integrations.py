"""Which integration serves a connector: by the manifest's provider names, or by what the workspace has chosen."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest
from tests.auth.nango.scene import YAML, add_integration, scene
from tests.nango.state import Fault
from tests.web.ports import free_port

from connectory.auth.backend import Elsewhere, Entry, Form
from connectory.errors import BackendUnavailable
from connectory.testing.application import make_principal
from connectory.testing.connectors import make_connector


async def test_only_what_is_configured_at_nango_is_offered_and_named_as_going_through_it() -> None:
    async with scene() as s:
        del s.environment.integrations["notes-key"]

        [config] = await s.application.auth.provider_config(s.ann, "notes", "nango")

        assert [(form.method, form.leaves, form.through) for form in config.methods] == [("oauth", True, "Nango")]
        assert config.methods[0].scopes == {"read": "Read notes", "write": "Change notes"}


async def test_of_several_the_one_called_like_its_provider_serves_then_the_oldest() -> None:
    async with scene() as s:
        now = s.nango.clock.now()
        add_integration(s.nango, "notes-work", "notes").created_at = now - timedelta(days=9)
        session = await s.begin()
        assert [page.allowed for page in s.nango.state.sessions.values()] == [["notes"]]

        del s.environment.integrations["notes"]
        add_integration(s.nango, "notes-new", "notes").created_at = now
        s.backend.integrations.forget()
        await s.application.auth.sign_in.submit(session, "browser", Entry("oauth", {}, backend="nango"))

        assert [page.allowed for page in s.nango.state.sessions.values()] == [["notes-work"]]


async def test_what_a_workspace_has_chosen_serves_it_and_no_other() -> None:
    async with scene() as s:
        add_integration(s.nango, "notes-of-w1", "notes")
        other = await s.another()
        connector = s.application.catalog.connector("notes")
        assert await s.backend.integrations.choose(s.ann.workspace_id, connector, "notes-of-w1") == "oauth"

        await s.begin()
        await s.begin(other)

        assert [page.allowed for page in s.nango.state.sessions.values()] == [["notes-of-w1"], ["notes"]]


async def test_a_chosen_one_that_has_gone_is_passed_over() -> None:
    async with scene() as s:
        add_integration(s.nango, "notes-of-w1", "notes")
        connector = s.application.catalog.connector("notes")
        await s.backend.integrations.choose(s.ann.workspace_id, connector, "notes-of-w1")
        del s.environment.integrations["notes-of-w1"]
        s.backend.integrations.forget()

        await s.begin()

        assert [page.allowed for page in s.nango.state.sessions.values()] == [["notes"]]


@pytest.mark.parametrize(("key", "says"), [("nope", "no integration 'nope'"), ("github", "does not sign in")])
async def test_one_that_cannot_serve_is_not_chosen(key: str, says: str) -> None:
    async with scene() as s:
        add_integration(s.nango, "github")
        connector = s.application.catalog.connector("notes")

        with pytest.raises(BackendUnavailable, match=says) as refusal:
            await s.backend.integrations.choose(s.ann.workspace_id, connector, key)

        assert refusal.value.hint


async def test_asked_for_nango_the_error_says_what_is_missing_there() -> None:
    async with scene() as s:
        s.environment.integrations.clear()

        with pytest.raises(BackendUnavailable) as refusal:
            await s.application.auth.connect(s.ann, "notes", backend="nango")

        assert "no integration for Notes (one of its providers notes-key, notes)" in refusal.value.text
        assert "sync-integrations" in refusal.value.text


async def test_asked_for_a_nango_that_is_down_the_error_says_so_and_the_others_serve() -> None:
    async with scene(NANGO_HOST=f"http://127.0.0.1:{free_port()}") as s:
        with pytest.raises(BackendUnavailable, match="Nango"):
            await s.application.auth.connect(s.ann, "notes", backend="nango")

        session = await s.application.auth.connect(s.ann, "notes")
        form = await s.application.auth.sign_in.first_step(session)
        assert isinstance(form, Form)
        assert [method.backend for method in form.methods if method.setup is None] == ["direct"]


async def test_what_was_known_serves_while_nango_is_down() -> None:
    async with scene() as s:
        assert await s.application.auth.supported_providers(s.ann, "nango") == ["notes"]
        s.nango.fail(502, times=99)
        s.backend.integrations.forget()

        assert await s.application.auth.supported_providers(s.ann, "nango") == ["notes"]


async def test_the_list_is_asked_for_once_however_many_look() -> None:
    async with scene() as s:
        for _ in range(5):
            await s.application.auth.supported_providers(s.ann)
            await s.application.auth.ways(s.ann, "notes")

        assert s.asked("GET", "/integrations") == 1


async def test_one_made_a_moment_ago_is_chosen_though_the_list_was_asked_for_before() -> None:
    async with scene() as s:
        await s.application.auth.supported_providers(s.ann, "nango")
        add_integration(s.nango, "notes-of-w1", "notes")

        connector = s.application.catalog.connector("notes")
        assert await s.backend.integrations.choose(s.ann.workspace_id, connector, "notes-of-w1") == "oauth"


async def test_an_answer_that_was_under_way_when_something_changed_is_not_kept() -> None:
    async with scene() as s:
        may_end = threading.Event()
        late = Fault(200, b'{"data": []}', may_end=may_end)
        s.nango.state.faults.append(late)
        early = asyncio.create_task(s.backend.integrations.known())
        assert await asyncio.to_thread(late.has_begun.wait, 30)
        s.backend.integrations.forget()

        assert [one.integration for one in await s.backend.integrations.known()] == ["notes", "notes-key"]
        may_end.set()
        assert await early == ()
        assert [one.integration for one in await s.backend.integrations.known()] == ["notes", "notes-key"]
        assert s.asked("GET", "/integrations") == 2


async def test_the_person_chooses_between_both_backends_for_the_same_method() -> None:
    async with scene() as s:
        session = await s.application.auth.connect(s.ann, "notes")
        form = await s.application.auth.sign_in.first_step(session)
        assert isinstance(form, Form)
        assert [(one.method, one.backend) for one in form.methods if one.setup is None] == [
            ("token", "nango"), ("oauth", "nango"), ("token", "direct"),
        ]  # fmt: skip

        typed = await s.application.auth.sign_in.submit(
            session, "browser", Entry("token", {"token": "alice-typed"}, backend="direct")
        )

        assert not isinstance(typed, Elsewhere)
        [(_, grant)] = await s.application.auth.list_connections(s.ann)
        assert grant.backend == "direct"


@pytest.mark.parametrize(("preferred", "first"), [("direct", "direct"), ("nango", "nango"), ("auto", "nango")])
async def test_auth_method_and_the_key_decide_whose_way_comes_first(preferred: str, first: str) -> None:
    async with scene(AUTH_METHOD=preferred) as s:
        configs = await s.application.auth.provider_config(s.ann, "notes")

        assert configs[0].backend == first


async def test_without_a_key_there_is_no_nango() -> None:
    from connectory.testing.application import make_application, make_settings
    from connectory.testing.connectors import make_catalog

    catalog = make_catalog(make_connector(YAML))
    async with make_application(settings=make_settings(), catalog=catalog) as application:
        ann = await make_principal(application)

        assert application.nango is None
        with pytest.raises(BackendUnavailable):
            await application.auth.connect(ann, "notes", backend="nango")


async def test_a_connector_of_which_nango_knows_nothing_says_so() -> None:
    plain = make_connector()
    async with scene(plain) as s:
        with pytest.raises(BackendUnavailable, match="does not say which of Nango's providers Notes is"):
            await s.application.auth.connect(s.ann, "notes", backend="nango")
