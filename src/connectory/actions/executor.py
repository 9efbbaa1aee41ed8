"""The protocol of an executor: one kind of provider, one way to send (design 2, step 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from connectory.actions.raw import RawRequest
from connectory.catalog.connector import Action, Connector
from connectory.net.address import HostRule
from connectory.vault.credentials import Credentials

HEAVY_BYTES = 200_000  # an answer larger than this is parsed, projected and written off the event loop (about 10 ms)


@dataclass(frozen=True, slots=True)
class Target:
    """The connection a call goes through, and the credentials it goes with."""

    connector: Connector
    auth_method: str
    facts: Mapping[str, str]  # what `{connection.NAME}` stands for, `id` among them
    hosts: tuple[HostRule, ...]
    credentials: Credentials = field(repr=False)
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """The provider's answer, projected, without any of our credentials in it."""

    value: Any  # JSON: a list of items where `is_list`, else whatever the answer holds
    is_list: bool = False
    next_page: str | None = None  # where the list goes on; the gateway seals it
    status: int | None = None  # of HTTP
    is_empty: bool = False  # the answer had no content: the status says it all
    is_raw: bool = False  # of a raw request: the status and `headers` belong to what was asked
    headers: Mapping[str, str] = field(default_factory=dict)
    note: str = ""  # what the agent should know of how it came, e.g. that a page failed


class Executor(Protocol):
    """Sends calls to one kind of provider."""

    async def run(
        self, target: Target, action: Action, arguments: Mapping[str, Any], limit: int, page: str | None
    ) -> Outcome:
        """Run a declared action. `arguments` were checked; `page` is a `next_page` given out earlier.

        Raises `ProviderError` leaves, `InvalidPath`, `InvalidArguments`, `HostRefused`, `AddressRefused`.
        """
        ...

    async def send_raw(self, target: Target, raw: RawRequest) -> Outcome:
        """Send a raw request that `check_raw` let pass. Raises as `run` does."""
        ...

    async def verify(self, target: Target) -> tuple[str | None, str | None, tuple[str, ...]]:
        """Run the manifest's verify call: the account's id and name and the granted scopes, as far as told."""
        ...
