"""The protocol of an executor: one kind of provider, one way to send (design 2, step 5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import SecretStr

from connectory.actions.raw import RawRequest
from connectory.catalog.connector import Action, Connector
from connectory.net.address import HostRule
from connectory.vault.credentials import Credentials

if TYPE_CHECKING:
    from connectory.actions.files import File

HEAVY_BYTES = 200_000  # an answer larger than this is parsed, projected and written off the event loop (about 10 ms)
SLOW_BYTES = 10_000  # the same for one that goes through converters: a microsecond for each byte of HTML
MANY_VALUES = 1_000  # and for one of many values: projecting each takes some ten times as long as parsing it


@dataclass(frozen=True, slots=True)
class Target:
    """The connection a call goes through, and the credentials it goes with."""

    connector: Connector
    auth_method: str
    facts: Mapping[str, str]  # what `{connection.NAME}` stands for, `id` among them
    hosts: tuple[HostRule, ...]
    credentials: Credentials = field(repr=False)
    timeout_s: float
    hidden: tuple[SecretStr, ...] = field(default=(), repr=False)  # secrets that somebody else puts in


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list a call wants: at most `limit` items, from `page` on, a `next_page` given out earlier."""

    limit: int
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The provider's answer, projected, without any of our credentials in it."""

    value: Any  # JSON: a list of items where `is_list`, else whatever the answer holds; of a file None
    is_list: bool = False
    next_page: str | None = None  # where the list goes on; the gateway seals it
    status: int | None = None  # of HTTP; None where nothing was sent
    is_empty: bool = False  # the answer had no content: the status says it all
    is_raw: bool = False  # of a raw request: the status and `headers` belong to what was asked
    headers: Mapping[str, str] = field(default_factory=dict)
    note: str = ""  # what the agent should know of how it came, e.g. that a page failed
    file: File | None = None  # what an action with `as: file` gave


@dataclass(frozen=True, slots=True)
class Verified:
    """What a verify call tells of the sign-in; None and empty where the provider does not say."""

    account_id: str | None = None
    account_name: str | None = None
    scopes: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a sign-in gives access to, such as a site; `facts` become the connection's if it is chosen."""

    id: str
    name: str
    facts: Mapping[str, str]


class Executor(Protocol):
    """Sends calls to one kind of provider."""

    async def run(
        self, target: Target, action: Action, arguments: Mapping[str, Any], paging: Paging, *, raw: bool = False
    ) -> Outcome:
        """Run a declared action. `arguments` were checked; a file among them is a `File`.

        `raw`: the provider's own answer, unprojected; of a list its items, and pages are followed all the same.

        Raises `ProviderError` leaves, `MissingScope`, `InvalidPath`, `InvalidArguments`, `InvalidCursor`,
        `HostRefused`, `AddressRefused`.
        """
        ...

    async def preview(self, target: Target, action: Action, arguments: Mapping[str, Any], paging: Paging) -> Outcome:
        """Return the request that `run` would send first, {method, url, headers, body}, without credentials.

        Nothing is sent. Raises `InvalidPath`, `InvalidArguments`, `InvalidCursor` as `run` does.
        """
        ...

    async def send_raw(self, target: Target, raw: RawRequest) -> Outcome:
        """Send a raw request that `check_raw` let pass. Raises as `run` does."""
        ...

    async def verify(self, target: Target) -> Verified:
        """Run the verify call of the sign-in's method, or of the manifest. Raises as `run` does."""
        ...

    async def list_choices(self, target: Target) -> Sequence[Choice]:
        """Run the call of `choose` of the sign-in's method. Raises as `run` does."""
        ...
