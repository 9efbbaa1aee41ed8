"""Nango's integrations made of the OAuth apps that are known here; another app there is left alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.auth.nango.scene import Scene, add_integration, scene

from connectory.auth.nango.syncing import IntegrationSync, Outcome, Synced
from connectory.errors import ConnectoryError, NangoUnavailable, RoleDenied
from connectory.vault.entities import Role

APP = {"NOTES_CLIENT_ID": "our-app", "NOTES_CLIENT_SECRET": "our-s3cret"}


def sync_of(s: Scene) -> IntegrationSync:
    assert s.application.nango is not None
    return s.application.nango.sync


async def sync(s: Scene, *names: str, **how: bool) -> Sequence[Synced]:
    return await sync_of(s).sync(s.ann, names, **how)


def outcomes(done: Sequence[Synced]) -> dict[str, Outcome]:
    return {one.integration or one.provider: one.outcome for one in done}


async def test_a_missing_one_is_made_of_the_servers_app_with_the_manifests_scopes() -> None:
    async with scene(**APP) as s:
        s.environment.integrations.clear()

        done = await sync(s)

        assert outcomes(done) == {"notes": Outcome.CREATED}
        made = s.environment.integrations["notes"]
        assert (made.provider, made.display_name) == ("notes", "Notes")
        assert made.credentials == {
            "type": "OAUTH2", "client_id": "our-app", "client_secret": "our-s3cret", "scopes": "read,write",
        }  # fmt: skip
        assert outcomes(await sync(s)) == {"notes": Outcome.UNCHANGED}


async def test_the_app_that_an_owner_entered_goes_before_the_servers() -> None:
    async with scene(**APP) as s:
        s.environment.integrations.clear()
        await s.application.oauth_apps.put(s.ann, "notes", "entered-app", "entered-s3cret")

        await sync(s)

        made = s.environment.integrations["notes"].credentials
        assert made is not None
        assert made["client_id"] == "entered-app"


async def test_the_sign_in_goes_on_with_what_was_made() -> None:
    async with scene(**APP) as s:
        s.environment.integrations.clear()
        await sync(s)

        assert (await s.connected()).name == "notes/default"


async def test_without_an_app_it_says_so_and_makes_nothing() -> None:
    async with scene() as s:
        s.environment.integrations.clear()

        (one,) = await sync(s)

        assert (one.connector, one.outcome, one.integration) == ("notes", Outcome.NEEDS_APP, "")
        assert s.environment.integrations == {}


async def test_another_app_is_left_alone_unless_that_is_meant() -> None:
    async with scene(**APP) as s:
        other = {"type": "OAUTH2", "client_id": "app", "client_secret": "app-s3cret", "scopes": "read"}
        s.environment.integrations["notes"].credentials = other

        (one,) = await sync(s)

        assert (one.outcome, one.problem) == (Outcome.OTHER_APP, "It has the app app.")
        kept = s.environment.integrations["notes"].credentials
        assert kept is not None
        assert kept["client_secret"] == "app-s3cret"

        assert outcomes(await sync(s, replace=True)) == {"notes": Outcome.UPDATED}
        changed = s.environment.integrations["notes"].credentials
        assert changed is not None
        assert changed["client_id"] == "our-app"


async def test_a_new_secret_and_missing_scopes_are_brought_there_and_others_stay() -> None:
    async with scene(**APP) as s:
        there = {"type": "OAUTH2", "client_id": "our-app", "client_secret": "old", "scopes": "extra,read"}
        s.environment.integrations["notes"].credentials = there

        done = await sync(s)

        assert outcomes(done) == {"notes": Outcome.UPDATED}
        now = s.environment.integrations["notes"].credentials
        assert now is not None
        assert (now["client_secret"], now["scopes"]) == ("our-s3cret", "extra,read,write")


async def test_keys_are_made_where_the_connector_is_named() -> None:
    async with scene(**APP) as s:
        s.environment.integrations.clear()

        done = await sync(s, "notes")

        assert outcomes(done) == {"notes": Outcome.CREATED, "notes-key": Outcome.CREATED}
        assert s.environment.integrations["notes-key"].credentials is None


async def test_a_trial_changes_nothing() -> None:
    async with scene(**APP) as s:
        s.environment.integrations.clear()

        done = await sync(s, pretend=True)

        assert outcomes(done) == {"notes": Outcome.CREATED}
        assert s.environment.integrations == {}


async def test_a_key_that_another_provider_has_is_not_taken() -> None:
    async with scene(**APP) as s:
        s.environment.integrations.clear()
        add_integration(s.nango, "notes", "github")

        done = await sync(s)

        assert outcomes(done) == {"notes-connectory": Outcome.CREATED}
        assert s.environment.integrations["notes"].provider == "github"


async def test_a_nango_that_does_not_know_the_provider_is_said_to() -> None:
    async with scene(**APP) as s:
        s.environment.integrations.clear()
        del s.nango.state.providers["notes"]

        (one,) = await sync(s)

        assert (one.outcome, one.provider) == (Outcome.UNKNOWN, "notes")


async def test_what_nango_refuses_is_told_and_the_others_go_on() -> None:
    async with scene(NOTES_CLIENT_ID="x" * 300, NOTES_CLIENT_SECRET="s3cret") as s:
        s.environment.integrations.clear()

        done = await sync(s, "notes")

        assert outcomes(done) == {"notes": Outcome.FAILED, "notes-key": Outcome.CREATED}
        assert "s3cret" not in done[0].problem


async def test_a_nango_that_is_down_is_an_error() -> None:
    async with scene(**APP) as s:
        s.nango.fail(500, times=20)

        with pytest.raises(NangoUnavailable):
            await sync(s)


async def test_only_who_runs_the_server_may() -> None:
    async with scene(**APP) as s:
        eve = await s.another("other", "eve")

        for principal in (eve, type(s.ann)(s.ann.workspace_id, s.ann.user_id, Role.MEMBER)):
            with pytest.raises(RoleDenied):
                await sync_of(s).sync(principal)


async def test_an_owner_chooses_between_two_of_one_provider() -> None:
    async with scene() as s:
        assert s.application.nango is not None
        add_integration(s.nango, "notes-eu", "notes")
        s.backend.integrations.forget()

        assert await s.application.nango.choose(s.ann, "notes", "notes-eu") == "oauth"

        assert (await s.reference(await s.connected())).integration == "notes-eu"
        with pytest.raises(RoleDenied):
            await s.application.nango.choose(
                type(s.ann)(s.ann.workspace_id, s.ann.user_id, Role.MEMBER), "notes", "notes"
            )
        with pytest.raises(ConnectoryError) as refusal:
            await s.application.nango.choose(s.ann, "notes", "nothing")
        assert refusal.value.code == "backend_unavailable"


async def test_the_redirect_address_is_nangos_as_browsers_reach_it() -> None:
    async with scene(NANGO_PUBLIC_SERVER_URL="https://nango.acme.example") as s:
        assert sync_of(s).redirect_uri == "https://nango.acme.example/oauth/callback"
