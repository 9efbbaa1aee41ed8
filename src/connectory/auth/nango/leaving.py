"""What a sign-in under way at Nango's page must know again, as it is sealed in its row (design 5.6)."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict

from connectory.vault.entities import FlowStatus, OAuthFlow

NANGO = "nango"  # the backend's name


class LeftForNango(BaseModel):
    """A person who has the address of Nango's page. `token` and `link` sign in whoever has them, until `until`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    integration: str
    sign_in: str  # among the connection's tags, if it is by this sign-in
    token: str
    link: str
    until: AwareDatetime
    began: AwareDatetime
    renews: str | None = None  # the connection at Nango that is signed in to anew
    facts: dict[str, str] = {}
    private_confirmed: bool = False
    scopes: tuple[str, ...] = ()

    @classmethod
    def of(cls, flow: OAuthFlow | None, *, or_taken: bool = False) -> LeftForNango | None:
        """Return the state of a sign-in that waits for Nango; None where there is none, or another backend's.

        `or_taken`: also of one that is done there, and just being proven here.
        """
        if flow is None or flow.backend != NANGO or flow.status is FlowStatus.HELD:
            return None
        is_under_way = flow.status is FlowStatus.LEFT or or_taken
        return cls.model_validate_json(flow.body) if is_under_way else None
