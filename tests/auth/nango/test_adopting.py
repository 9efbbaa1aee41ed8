"""Taking over what was made elsewhere in Nango, and nothing that is another workspace's (attacks 42, 102)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.auth.nango.scene import YAML, Scene, add_integration, scene

from connectory.auth.nango.adopting import Adoption
from connectory.errors import (
    AlreadyExists,
    ConnectoryError,
    InvalidArguments,
    RoleDenied,
    SignInFailed,
    UnknownConnection,
)
from connectory.testing.connectors import make_connector
from connectory.vault.entities import Role


def adoption(s: Scene) -> Adoption:
    assert s.application.nango is not None
    return s.application.nango.adoption


def credentials(name: str = "bobby") -> dict[str, Any]:
    return {"type": "OAUTH2", "access_token": f"{name}-made-there", "raw": {"scope": "read"}}


async def test_one_made_by_hand_becomes_a_connection_proven_and_tagged_as_ours() -> None:
    async with scene() as s:
        made = s.make(credentials=credentials(), tags={"team": "sales", "end_user_id": "u-1"})

        done = await adoption(s).adopt(s.ann, made.connection_id)

        assert done.connection.name == "notes/default"
        assert done.account.name == "user-bobby"
        assert (await s.grant(done.connection)).scopes == ("read", "write")  # as the verify call told
        assert await s.token(done.connection) == "bobby-made-there"
        assert made.tags["team"] == "sales"
        assert made.tags["connectory_workspace"] == s.ann.workspace_id
        assert (await s.reference(done.connection)).sign_in == made.tags["connectory_sign_in"]


async def test_the_list_names_what_nobody_here_has_and_marks_what_is_tagged_for_us() -> None:
    async with scene() as s:
        await s.connected()
        eve = await s.another()
        free = s.make(tags={})
        by_name = s.make(tags={"connectory_workspace": "default"})
        by_id = s.make(tags={"connectory_workspace": str(s.ann.workspace_id)})
        s.make(tags={"connectory_workspace": "other"})
        s.make(tags={"connectory_workspace": str(eve.workspace_id)})
        s.make(tags={"connectory_workspace": "nobody-s"})

        found = await adoption(s).found(s.ann)

        assert {one.connection_id: one.is_tagged for one in found} == {
            free.connection_id: False, by_name.connection_id: True, by_id.connection_id: True,
        }  # fmt: skip
        assert found[0].connectors == ("notes",)


@pytest.mark.parametrize("how", ["tagged", "tagged by name", "used", "absent", "used without tags"])
async def test_another_workspace_s_is_as_unknown_as_none(how: str) -> None:
    async with scene() as s:
        eve = await s.another()
        hers = await s.connected(eve)
        there = await s.there(hers)
        made = there if how.startswith("used") else None
        if how.startswith("tagged"):
            named = "other" if how == "tagged by name" else str(eve.workspace_id)
            made = s.make(tags={"connectory_workspace": named})
        if how == "used without tags":
            there.tags = {}
        connection_id = made.connection_id if made is not None else "c-none"
        before = dict(made.tags) if made is not None else {}

        with pytest.raises(UnknownConnection) as refusal:
            await adoption(s).adopt(s.ann, connection_id)

        assert refusal.value.text == UnknownConnection(connection_id).text
        assert made is None or made.tags == before
        assert await s.application.auth.list_connections(s.ann) == []


async def test_one_s_own_is_there_already() -> None:
    async with scene() as s:
        connection = await s.connected()

        with pytest.raises(AlreadyExists):
            await adoption(s).adopt(s.ann, (await s.reference(connection)).connection_id)


@pytest.mark.parametrize("change", [{"role": Role.MEMBER}, {"role": Role.VIEWER}, {"read_only": True}])
async def test_only_an_owner_adopts(change: dict[str, Any]) -> None:
    async with scene() as s:
        made = s.make()
        member = replace(s.ann, **change)

        for refused in (adoption(s).found(member), adoption(s).adopt(member, made.connection_id)):
            with pytest.raises(RoleDenied):
                await refused
        assert made.tags == {}


async def test_one_that_the_provider_refuses_stays_as_it_was() -> None:
    async with scene() as s:
        s.provider.is_revoked = True
        made = s.make(tags={"team": "sales"})

        with pytest.raises(SignInFailed, match="not adopted"):
            await adoption(s).adopt(s.ann, made.connection_id)

        assert made.tags == {"team": "sales"}
        assert ("notes", made.connection_id) in s.environment.connections  # it is not ours to delete
        assert await s.application.auth.open_session(s.ann, "notes", backend="nango") is None


async def test_another_account_under_a_taken_alias_must_be_meant() -> None:
    async with scene() as s:
        connection = await s.connected(alias="work")
        made = s.make(credentials=credentials())

        with pytest.raises(SignInFailed, match="alias of its own"):
            await adoption(s).adopt(s.ann, made.connection_id, alias="work")
        done = await adoption(s).adopt(s.ann, made.connection_id, alias="work", other_account=True)

        assert done.connection.id == connection.id
        assert (await s.grant(connection)).account_name == "user-bobby"
        assert list(s.environment.connections) == [("notes", made.connection_id)]


async def test_the_same_id_in_two_integrations_must_be_named() -> None:
    async with scene() as s:
        add_integration(s.nango, "notes-work", "notes")
        s.make("notes", connection_id="same", credentials=credentials("alice"))
        s.make("notes-work", connection_id="same", credentials=credentials("bobby"))

        with pytest.raises(InvalidArguments, match="Several integrations"):
            await adoption(s).adopt(s.ann, "same")
        done = await adoption(s).adopt(s.ann, "same", integration="notes-work")

        assert (await s.grant(done.connection)).account_name == "user-bobby"


async def test_where_a_provider_fits_several_connectors_the_one_whose_first_it_is_comes_first() -> None:
    diary = YAML.replace("name: notes", "name: diary").replace("title: Notes", "title: Diary")
    second = diary.replace("{provider: notes}", "{provider: [diary, notes]}")
    async with scene(make_connector(YAML), make_connector(second)) as s:
        made = s.make(credentials=credentials())
        assert (await adoption(s).adopt(s.ann, made.connection_id)).connection.connector == "notes"
        other = s.make(credentials=credentials())
        named = await adoption(s).adopt(s.ann, other.connection_id, connector="diary")
        assert named.connection.connector == "diary"


async def test_where_nothing_tells_two_connectors_apart_one_must_be_named() -> None:
    diary = YAML.replace("name: notes", "name: diary").replace("title: Notes", "title: Diary")
    async with scene(make_connector(YAML), make_connector(diary)) as s:
        made = s.make(credentials=credentials())

        with pytest.raises(InvalidArguments, match="several connectors") as refusal:
            await adoption(s).adopt(s.ann, made.connection_id)

        assert "diary, notes" in refusal.value.hint


async def test_a_provider_that_no_connector_knows_is_said_to_be() -> None:
    async with scene() as s:
        add_integration(s.nango, "unauthenticated")  # it has no address, so that nothing could be sent to it
        made = s.make("unauthenticated", credentials={})

        with pytest.raises(InvalidArguments, match="unauthenticated"):
            await adoption(s).adopt(s.ann, made.connection_id)


async def test_no_more_tags_than_nango_takes() -> None:
    async with scene() as s:
        made = s.make(credentials=credentials(), tags={f"t{number}": "x" for number in range(10)})

        await adoption(s).adopt(s.ann, made.connection_id)

        assert len(made.tags) == 10
        assert {"connectory_workspace", "connectory_sign_in"} <= made.tags.keys()


async def test_one_that_was_tagged_for_another_workspace_meanwhile_is_unknown() -> None:
    """The list is not believed either: what is fetched is looked at once more."""
    async with scene() as s:
        made = s.make(credentials=credentials())
        eve = await s.another()
        nango = s.application.nango
        assert nango is not None
        listed = nango.client.connections

        async def then_tagged(**how: Any) -> Any:
            found = await listed(**how)
            made.tags = {"connectory_workspace": str(eve.workspace_id)}
            return found

        nango.client.connections = then_tagged  # type: ignore[method-assign]  # what somebody does in between
        with pytest.raises(ConnectoryError) as refusal:
            await adoption(s).adopt(s.ann, made.connection_id)

        assert refusal.value.code == "unknown_connection"
        assert made.tags == {"connectory_workspace": str(eve.workspace_id)}
