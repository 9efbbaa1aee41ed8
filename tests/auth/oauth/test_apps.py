"""OAuth apps of a workspace: who may set and remove them."""

from __future__ import annotations

import pytest
from tests.auth.oauth.acme import ACME_YAML

from connectory.errors import PolicyDenied
from connectory.testing.application import make_application, make_principal
from connectory.testing.connectors import make_catalog, make_connector
from connectory.vault.entities import PolicyEffect


@pytest.mark.parametrize("is_narrowed", [True, False])
async def test_a_token_with_rules_sets_and_removes_no_app(is_narrowed: bool) -> None:
    """With an app of its own it would lead everybody's sign-in to where it likes."""
    async with make_application(catalog=make_catalog(make_connector(ACME_YAML))) as application:
        owner, apps = await make_principal(application), application.oauth_apps
        made, secret = await application.tokens.create(owner, "agent")
        if is_narrowed:
            await application.policies.add(owner, PolicyEffect.DENY, ["x_*"], token=made.prefix)
        agent = await application.tokens.verify(secret)
        assert agent is not None
        await apps.put(owner, "acme", "owners-app", "s3cret")
        if is_narrowed:
            with pytest.raises(PolicyDenied, match="set up OAuth apps"):
                await apps.put(agent, "acme", "agents-app", "s3cret")
            with pytest.raises(PolicyDenied, match="remove OAuth apps"):
                await apps.remove(agent, "acme")
            assert [app.client_id for app in await apps.all(owner)] == ["owners-app"]
        else:
            await apps.put(agent, "acme", "agents-app", "s3cret")
            await apps.remove(agent, "acme")
            assert await apps.all(owner) == []
