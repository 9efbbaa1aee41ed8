"""What the double knows: one account with environments that never see each other, and a clock that the test sets."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
from tests.nango.providers import Provider, load_providers

EVERYTHING = frozenset({"environment:*"})
SESSION_LIFE = timedelta(minutes=30)
RATE_WINDOW_S = 60
FAILURES_UNTIL_EXHAUSTED = 4


class Clock:
    """The real time, moved by what the test says."""

    def __init__(self) -> None:
        self._moved = timedelta()

    def now(self) -> datetime:
        """The double's time, aware."""
        return datetime.now(UTC) + self._moved

    def advance(self, **by: float) -> None:
        """Move it: `advance(minutes=31)`."""
        self._moved += timedelta(**by)


@dataclass
class Integration:
    """A provider configured in an environment."""

    unique_key: str
    provider: str
    created_at: datetime
    updated_at: datetime
    display_name: str | None = None
    credentials: dict[str, Any] | None = None  # as they came: type, client_id, ...
    forward_webhooks: bool = True
    custom: dict[str, str] = field(default_factory=dict)


@dataclass
class Connection:
    """A stored sign-in. `credentials` are as GET gives them out, refresh token included."""

    id: int
    connection_id: str
    provider_config_key: str
    credentials: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] | None = None
    connection_config: dict[str, Any] = field(default_factory=dict)
    end_user: dict[str, Any] | None = None
    webhook_url_override: str | None = None
    errors: list[dict[str, str]] = field(default_factory=list)
    last_fetched_at: datetime | None = None
    last_failure: datetime | None = None
    failure_days: int = 0
    exhausted: bool = False
    refreshing: asyncio.Future[bool] | None = None


@dataclass
class Session:
    """A connect session. `connection`: the one that it renews."""

    token: str
    environment: Environment
    expires_at: datetime
    tags: dict[str, str]
    end_user: dict[str, Any] | None = None
    allowed: list[str] = field(default_factory=list)
    defaults: dict[str, dict[str, Any]] = field(default_factory=dict)
    connection: Connection | None = None
    webhook_url_override: str | None = None


@dataclass
class SignIn:
    """An OAuth sign-in that has left for the provider."""

    session: Session
    integration: Integration
    verifier: str | None
    config: dict[str, Any]
    scopes: str


@dataclass
class Environment:
    """What one API key sees, and nothing else does. Its webhook key is not its API key."""

    name: str
    uuid: str = field(default_factory=lambda: str(uuid4()))
    key: str = field(default_factory=lambda: str(uuid4()))
    signing_key: str = field(default_factory=lambda: str(uuid4()))
    keys: dict[str, frozenset[str]] = field(default_factory=dict)
    webhook_url: str | None = None
    secondary_url: str | None = None
    tells_of_creation: bool = True  # both are off in a new environment, until the dashboard turns them on
    tells_of_failed_refresh: bool = True
    integrations: dict[str, Integration] = field(default_factory=dict)
    connections: dict[tuple[str, str], Connection] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.keys[self.key] = EVERYTHING

    def add_key(self, *scopes: str) -> str:
        """Make a further key with these scopes alone, without `environment:` before them."""
        key = str(uuid4())
        self.keys[key] = frozenset(f"environment:{scope}" for scope in scopes)
        return key


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, as the description is compared with them."""

    method: str
    path: str
    query_names: frozenset[str]
    body: Any
    status: int
    answer: Any


@dataclass
class Fault:
    """What the next request gets instead of an answer."""

    status: int = 500
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    may_end: threading.Event | None = None  # it is late: it comes once this is set
    has_begun: threading.Event = field(default_factory=threading.Event)

    async def wait(self) -> None:
        """Wait until it may come."""
        self.has_begun.set()
        while self.may_end is not None and not self.may_end.is_set():  # noqa: ASYNC110 # set by another thread
            await asyncio.sleep(0.01)


@dataclass
class NangoState:
    """The whole account. `places`: where an origin of a provider really is; nothing else can be reached from here."""

    origin: str = ""
    clock: Clock = field(default_factory=Clock)
    dev: Environment = field(default_factory=lambda: Environment("dev"))
    prod: Environment = field(default_factory=lambda: Environment("prod"))
    providers: dict[str, Provider] = field(default_factory=load_providers)
    places: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    sign_ins: dict[str, SignIn] = field(default_factory=dict)
    rate_limit: int = 200
    base_url_override_allowed: bool = True
    can_make_sessions: bool = True  # not without NANGO_ENCRYPTION_KEY
    webhook_waits_s: tuple[float, ...] = (3.0, 6.0)
    retry_wait_s: float = 3.0
    faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)  # method and path of each request, for counting
    exchanges: list[Exchange] = field(default_factory=list)
    windows: dict[str, tuple[datetime, int]] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    client: httpx2.AsyncClient | None = None
    last_id: int = 0

    @property
    def environments(self) -> tuple[Environment, Environment]:
        """Both."""
        return self.dev, self.prod

    @property
    def http(self) -> httpx2.AsyncClient:
        """The way out to providers, while the double serves."""
        assert self.client is not None, "the double does not serve"
        return self.client

    def next_id(self) -> int:
        """A number for a connection."""
        self.last_id += 1
        return self.last_id

    def place_of(self, url: httpx2.URL) -> httpx2.URL | None:
        """Where a request to `url` really goes; None: nowhere, as a real server refuses loopback and unknown names."""
        origin = f"{url.scheme}://{url.netloc.decode()}"
        real = self.places.get(origin)
        return None if real is None else httpx2.URL(real + url.raw_path.decode("ascii"))

    def provider_of(self, integration: Integration) -> Provider:
        """The integration's entry in the catalogue."""
        return self.providers[integration.provider]

    def session_of(self, token: str) -> Session | None:
        """The session of a token, while it lasts."""
        session = self.sessions.get(token)
        return session if session is not None and session.expires_at > self.clock.now() else None

    def open_session(self, session: Session) -> Session:
        """Keep a session that was just made."""
        self.sessions[session.token] = session
        return session

    def start(self, work: Any) -> None:
        """Do some work beside; the server waits for it at its end."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


def new_token() -> str:
    """A connect session's token."""
    return f"nango_connect_session_{secrets.token_hex(32)}"


def iso(moment: datetime) -> str:
    """A time as JavaScript's `toISOString` writes it: milliseconds and Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def iso_offset(moment: datetime) -> str:
    """The same with `+00:00`."""
    return iso(moment).replace("Z", "+00:00")


def iso_short(moment: datetime) -> str:
    """As PostgreSQL's JSON has it: the fraction without zeros at its end, `+00:00`."""
    text = iso(moment).removesuffix("Z")
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}+00:00"


def parse_iso(text: str) -> datetime:
    """The inverse of them all."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
