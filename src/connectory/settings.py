"""Configuration: the only module that reads the environment (design 7.7).

Each setting has a type, a unit, a default and a sentence; a value that is not allowed stops the start and says what is.
Variables begin with `CONNECTORY_`, except the few that people know from the providers' and Nango's own pages
(`APP_URL`, `AUTH_METHOD`, `CONNECTOR_ENCRYPTION_KEY`, `NANGO_*`, `<FAMILY>_CLIENT_ID`).
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from connectory import setting_forms as forms
from connectory.errors import InvalidSettings
from connectory.setting_forms import HOST, LOOPBACK_NAMES, Names, RoleRules, is_loopback, split

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

DEFAULT_PORT = 8765
KEY_NAME = "CONNECTOR_ENCRYPTION_KEY"
OAUTH_CLIENT = re.compile(r"([A-Z][A-Z0-9_]*)_CLIENT_(ID|SECRET)")


class OAuthClient(BaseModel):
    """The OAuth app registered with a provider for one auth family (RFC 6749 section 2.2)."""

    model_config = ConfigDict(frozen=True)
    client_id: str
    client_secret: SecretStr | None = None  # a public client has none


class Settings(BaseModel):
    """All that can be configured. Field aliases are the environment variables."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("connectory")),
        alias="CONNECTORY_DATA_DIR",
        description="Folder of the database, the key file, custom manifests and the compiled index.",
    )
    database_url: str | None = Field(
        None,
        alias="CONNECTORY_DATABASE_URL",
        repr=False,
        description="SQLAlchemy URL of the database; unset: SQLite in the data folder.",
    )
    manifests: Annotated[tuple[Path, ...], BeforeValidator(split)] = Field(
        (), alias="CONNECTORY_MANIFESTS", description="Further folders of manifests, separated by commas."
    )
    app_url: str | None = Field(
        None,
        alias="APP_URL",
        description="Public address of the web page; unset: http:// with CONNECTORY_HOST, or localhost, and the port.",
    )
    host: str | None = Field(
        None, alias="CONNECTORY_HOST", description="Address to listen on; unset: loopback, 127.0.0.1 and ::1."
    )
    port: int = Field(
        DEFAULT_PORT, ge=1, le=65535, alias="CONNECTORY_PORT", description="Port of the web page and of /mcp."
    )
    trusted_hosts: Names = Field(
        (), alias="CONNECTORY_TRUSTED_HOSTS", description="Further Host names to answer to, separated by commas."
    )
    trusted_proxies: Names = Field(
        (),
        alias="CONNECTORY_TRUSTED_PROXIES",
        description="Addresses of reverse proxies whose X-Forwarded headers count; nobody's by default.",
    )
    allow_hosts: Names = Field(
        (),
        alias="CONNECTORY_ALLOW_HOSTS",
        description="Private addresses that connectors may reach, as host:port, separated by commas.",
    )
    proxy: SecretStr | None = Field(
        None, alias="CONNECTORY_PROXY", description="Outgoing HTTP proxy URL; HTTP_PROXY and its kin are never read."
    )
    token: SecretStr | None = Field(
        None, alias="CONNECTORY_TOKEN", description="API token that stdio and the command line act with."
    )
    encryption_key: SecretStr | None = Field(
        None,
        alias=KEY_NAME,
        description="Keys by commas, the first encrypts: 64 hex digits or base64 of 32 bytes. Unset: the key file.",
    )
    auth_method: Literal["auto", "nango", "builtin", "direct"] = Field(
        "auto", alias="AUTH_METHOD", description="Auth backend preferred where a connector has several."
    )
    nango_secret_key: SecretStr | None = Field(
        None, alias="NANGO_SECRET_KEY", description="Secret key of a Nango environment, for the nango backend."
    )
    nango_host: str = Field("http://localhost:3003", alias="NANGO_HOST", description="Address of the Nango server.")
    nango_public_server_url: str | None = Field(
        None,
        alias="NANGO_PUBLIC_SERVER_URL",
        description="Address of the Nango server as browsers reach it; unset: NANGO_HOST.",
    )
    nango_proxy: Literal["auto", "always"] = Field(
        "auto",
        alias="NANGO_PROXY",
        description="always: every call of a Nango connection goes through Nango's proxy, for a key that may not read"
        " credentials. auto: only those to services without a manifest.",
    )
    nango_webhook_signing_key: SecretStr | None = Field(
        None,
        alias="NANGO_WEBHOOK_SIGNING_KEY",
        description="Key that verifies Nango's webhooks; unset: NANGO_SECRET_KEY.",
    )
    nango_public_key: SecretStr | None = Field(
        None, alias="NANGO_PUBLIC_KEY", description="Accepted for old configurations; no longer needed."
    )
    sign_in: Literal["browser", "device"] = Field(
        "browser",
        alias="CONNECTORY_SIGN_IN",
        description="device: `connect` answers with a code to type at the provider where it has such, for a machine"
        " whose page nobody can open.",
    )
    oidc_issuer: str | None = Field(
        None,
        alias="CONNECTORY_OIDC_ISSUER",
        description="OpenID Connect issuer at which people sign in to the pages, to the letter as it names itself.",
    )
    oidc_client_id: str | None = Field(
        None,
        alias="CONNECTORY_OIDC_CLIENT_ID",
        validate_default=True,
        description="Client id of this server at the issuer.",
    )
    oidc_client_secret: SecretStr | None = Field(
        None, alias="CONNECTORY_OIDC_CLIENT_SECRET", description="Its secret; a public client has none."
    )
    oidc_name: str | None = Field(
        None, alias="CONNECTORY_OIDC_NAME", description="What people call the issuer; unset: its host name."
    )
    oidc_scopes: str = Field(
        "openid profile email",
        alias="CONNECTORY_OIDC_SCOPES",
        description="Scopes asked for at the issuer; some tell groups only with the scope groups.",
    )
    oidc_groups_claim: str = Field(
        "groups",
        alias="CONNECTORY_OIDC_GROUPS_CLAIM",
        description="Claim that lists a person's groups, a path like realm_access.roles too.",
    )
    oidc_roles: RoleRules = Field(
        (),
        alias="CONNECTORY_OIDC_ROLES",
        description="Who may do what, as group:workspace:role, separated by commas; * is everybody whom the issuer"
        " signs in. Unset: only people who are users here already, by a verified email address.",
    )
    http_sessions: Literal["stateless", "stateful"] = Field(
        "stateless",
        alias="CONNECTORY_HTTP_SESSIONS",
        description="stateless: clients at /mcp survive a restart of the server. stateful: those of the protocol before"
        " 2026 also hear of changed tool lists, and must connect again after a restart.",
    )
    max_tools: int = Field(40, ge=8, le=1000, alias="CONNECTORY_MAX_TOOLS", description="Most tools in one list.")
    list_tokens: int = Field(
        8000, ge=1000, alias="CONNECTORY_LIST_TOKENS", description="Most tokens (4 bytes of JSON) of one tool list."
    )
    result_tokens: int = Field(
        6000, ge=200, alias="CONNECTORY_RESULT_TOKENS", description="Most tokens (4 bytes) of one tool result."
    )
    call_timeout_s: float = Field(
        50.0, gt=0, le=55, alias="CONNECTORY_CALL_TIMEOUT_S", description="Seconds that one action may take in all."
    )
    connect_wait_s: float = Field(
        45.0,
        ge=0,
        le=50,
        alias="CONNECTORY_CONNECT_WAIT_S",
        description="Seconds that a second `connect` waits for the person.",
    )
    max_response_bytes: int = Field(
        10_000_000,
        ge=10_000,
        alias="CONNECTORY_MAX_RESPONSE_BYTES",
        description="Largest provider answer, in decoded bytes.",
    )
    audit_days: int = Field(
        400, ge=0, alias="CONNECTORY_AUDIT_DAYS", description="Days that an audit line is kept; 0: for ever."
    )
    calls_per_minute: int = Field(
        600,
        ge=1,
        alias="CONNECTORY_CALLS_PER_MINUTE",
        description="Calls that one user may make in a minute. Testing a sign-in, renewing one and trying a draft"
        " are calls too.",
    )
    links_per_hour: int = Field(
        60,
        ge=1,
        alias="CONNECTORY_LINKS_PER_HOUR",
        description="Connect and confirmation links that one user may ask for in an hour.",
    )
    max_kept_results: int = Field(
        200,
        ge=1,
        alias="CONNECTORY_MAX_KEPT_RESULTS",
        description="Results kept at a time for one user; the oldest goes first.",
    )
    database_wait_s: float = Field(
        10.0,
        gt=0,
        alias="CONNECTORY_DATABASE_WAIT_S",
        description="Seconds to wait for another process's database lock.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", alias="CONNECTORY_LOG_LEVEL", description="What is logged to stderr."
    )
    oauth_clients: Mapping[str, OAuthClient] = Field(
        default_factory=dict, description="OAuth clients by family, from <FAMILY>_CLIENT_ID and <FAMILY>_CLIENT_SECRET."
    )

    _origins = field_validator("app_url", "nango_host", "nango_public_server_url")(forms.origin)
    _host_ports = field_validator("allow_hosts")(forms.host_ports)
    _host_names = field_validator("trusted_hosts")(forms.host_names)
    _networks = field_validator("trusted_proxies")(forms.networks)
    _paths = field_validator("data_dir", "manifests")(forms.paths_at_home)
    _issuer = field_validator("oidc_issuer")(forms.issuer)
    _rules = field_validator("oidc_roles")(forms.role_rules)

    @field_validator("oidc_client_id")
    @classmethod
    def _issuer_and_client(cls, value: str | None, info: ValidationInfo) -> str | None:
        if "oidc_issuer" in info.data and (value is None) is not (info.data["oidc_issuer"] is None):
            raise ValueError("CONNECTORY_OIDC_ISSUER and CONNECTORY_OIDC_CLIENT_ID are set together")
        return value

    @property
    def origin(self) -> str:
        """The one canonical origin of the web page: scheme, host and port, without a trailing slash."""
        return self.app_url or f"http://{_linked_name(self.host or '')}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Local mode: listening address, `APP_URL` and trusted hosts are loopback, and no proxy stands before us.

        All else is fleet mode (design 1): in local mode a link alone lets a person in.
        """
        names = [self.host or "localhost", urlsplit(self.origin).hostname or ""]
        names += [urlsplit(f"//{name}").hostname or "" for name in self.trusted_hosts]
        return not self.trusted_proxies and all(is_loopback(name) for name in names)


def _linked_name(host: str) -> str:
    """The name for links to a page that listens on `host`: its own where nothing answers under `localhost`."""
    bare = host.strip("[]").lower()
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return bare if HOST.fullmatch(bare) else "localhost"
    if address.is_unspecified or str(address) in LOOPBACK_NAMES or getattr(address, "scope_id", None):
        return "localhost"  # an address with a zone (`fe80::1%eth0`) has no place in a URL
    return f"[{address}]" if address.version == 6 else str(address)


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """What is wrong with one environment variable, never its value: `text` begins with its name."""

    name: str
    text: str


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environment` (default: the process's).

    Raises `InvalidSettings` naming every variable that is wrong, with what is allowed.
    """
    settings, problems = read_settings(environment)
    if settings is None or problems:
        raise InvalidSettings(
            f"{'; '.join(problem.text for problem in problems)}.",
            hint="`connectory settings` lists every setting and its default.",
        )
    return settings


def read_settings(
    environment: Mapping[str, str] | None = None, *, leaving_out: Collection[str] = ()
) -> tuple[Settings | None, tuple[SettingProblem, ...]]:
    """Return the settings, None where a value is not allowed, and every problem. `leaving_out`: taken as not set."""
    env = os.environ if environment is None else environment
    known = {field.alias: name for name, field in Settings.model_fields.items() if field.alias}
    problems = [_unknown(name, known) for name in sorted(env) if name not in known and _looks_ours(name)]
    values: dict[str, object] = {
        name: env[name] for name in known if env.get(name, "") != "" and name not in leaving_out
    }
    values["oauth_clients"] = _oauth_clients(env, known)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        return None, (*problems, *map(_describe, error.errors(include_input=False)))
    return settings, tuple(problems)


def read_variables(names: Iterable[str]) -> dict[str, SecretStr]:
    """Return those of the named variables that are set: credentials that a person keeps in the environment."""
    return {name: SecretStr(value) for name in names if (value := os.environ.get(name))}


def _looks_ours(name: str) -> bool:
    """Whether a variable we do not know was meant for us: our prefix, or a near miss of the encryption key's name.

    A client starts us with its whole environment, so a foreign variable must never stop the start.
    """
    near_miss = name.startswith("CONNECTOR_") and difflib.get_close_matches(name, [KEY_NAME], cutoff=0.75)
    return name.startswith("CONNECTORY_") or bool(near_miss)


def _unknown(name: str, known: Mapping[str, str]) -> SettingProblem:
    likely = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return SettingProblem(name, f"{name} is not a setting" + (f" (did you mean {likely[0]}?)" if likely else ""))


def _describe(error: ErrorDetails) -> SettingProblem:
    """Name the variable, what is allowed and what it is for; never the value, which may be a secret."""
    name = str(error["loc"][0])
    field = next((item for item in Settings.model_fields.values() if item.alias == name), None)
    meaning = f" ({field.description.rstrip('.')})" if field and field.description else ""
    return SettingProblem(name, f"{name} {_wanted(error)}{meaning}")


def _wanted(error: ErrorDetails) -> str:
    limits = error.get("ctx", {})
    match error["type"]:
        case "int_parsing" | "int_from_float":
            return "must be a whole number"
        case "float_parsing":
            return "must be a number"
        case "greater_than_equal":
            return f"must be at least {limits['ge']}"
        case "greater_than":
            return f"must be more than {limits['gt']}"
        case "less_than_equal":
            return f"must be at most {limits['le']}"
        case "literal_error":
            return f"must be {limits['expected']}"
    return f"is wrong: {error['msg'].removeprefix('Value error, ')}"


def _oauth_clients(env: Mapping[str, str], known: Mapping[str, str]) -> dict[str, OAuthClient]:
    """Collect `<FAMILY>_CLIENT_ID` and `_SECRET`; a secret without its id belongs to somebody else's program."""
    clients: dict[str, OAuthClient] = {}
    for name, value in env.items():
        match = OAUTH_CLIENT.fullmatch(name)
        if match is None or match[2] != "ID" or not value or name in known:
            continue
        secret = env.get(f"{match[1]}_CLIENT_SECRET")
        family = match[1].lower().replace("_", "-")
        clients[family] = OAuthClient(client_id=value, client_secret=SecretStr(secret) if secret else None)
    return clients
