"""Which of Nango's integrations a workspace has chosen."""

from __future__ import annotations

from tests.vault.rows import Place, make_place

from connectory.vault.vault import Vault


async def test_the_last_choice_counts_and_each_way_to_sign_in_has_its_own(vault: Vault, place: Place) -> None:
    store = vault.nango_integrations
    await store.put(place.workspace_id, "github", "oauth", "github")
    await store.put(place.workspace_id, "github", "oauth", "github-work")
    await store.put(place.workspace_id, "github", "token", "github-pat")
    await store.put((await make_place(vault, "w2", "eve")).workspace_id, "github", "oauth", "theirs")

    assert await store.of(place.workspace_id) == {
        ("github", "oauth"): "github-work",
        ("github", "token"): "github-pat",
    }


async def test_a_choice_that_is_taken_back_is_gone_once(vault: Vault, place: Place) -> None:
    await vault.nango_integrations.put(place.workspace_id, "github", "oauth", "github")

    assert await vault.nango_integrations.delete(place.workspace_id, "github", "oauth")
    assert not await vault.nango_integrations.delete(place.workspace_id, "github", "oauth")
    assert await vault.nango_integrations.of(place.workspace_id) == {}


async def test_choices_go_with_their_workspace(vault: Vault, place: Place) -> None:
    await vault.nango_integrations.put(place.workspace_id, "github", "oauth", "github")

    await vault.workspaces.delete(place.workspace_id)

    assert await vault.nango_integrations.of(place.workspace_id) == {}
