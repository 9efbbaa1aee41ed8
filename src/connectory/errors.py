"""The one error tree. Every error a caller can meet is a leaf of it.

ConnectoryError
├── BadInput            the caller must change the call
│   ├── InvalidArguments, UnknownConnector, UnknownAction, UnknownConnection, UnknownResult, UnknownObject
│   ├── AmbiguousConnection, InvalidCursor, InvalidPath, HeaderRefused, SecretInChat, AlreadyExists
├── AccessNeeded        the person must do something first
│   ├── NotConnected, NeedsReconnect, MissingScope, ConfirmationNeeded, SessionExpired, SignInFailed
├── Refused             the rules say no
│   ├── PolicyDenied, RoleDenied, QuotaExceeded, AddressRefused, HostRefused, Unauthenticated
├── ProviderError       the provider answered badly, or not at all
│   ├── ProviderRejected, ProviderNotFound, ProviderConflict, ProviderForbidden, ProviderUnauthorized, RateLimited
│   └── ProviderUnavailable, ProviderTimeout, ResponseTooLarge, UnexpectedResponse, RedirectRefused
└── SetupError          whoever runs the server must mend something
    ├── InvalidSettings, ManifestInvalid, KeyInvalid, CannotDecrypt, BackendUnavailable
    └── DatabaseLocked, DatabaseFull, DatabaseUnusable, PortTaken, PageUnavailable, NangoUnavailable, NangoRefused

An error's text is read by a language model and by people: what failed, whose fault it is, what to do now.
It never holds a credential. `code` is stable and part of the interface.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Literal

from connectory.spelling import did_you_mean

Fault = Literal["caller", "person", "rules", "provider", "operator", "server"]  # whose move it is


class ConnectoryError(Exception):
    """Something failed in a way we can explain; the text says what to do."""

    code: ClassVar[str] = "internal_error"
    fault: ClassVar[Fault] = "server"
    retryable: ClassVar[bool] = False  # the same call may succeed later, unchanged

    def __init__(self, message: str, *, hint: str = "", retry_after_s: float | None = None, field: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint
        self.retry_after_s = retry_after_s
        self.field = field  # of a form, where one is meant

    @property
    def text(self) -> str:
        """The message, then the hint: what an agent or a person reads."""
        return f"{self.message} {self.hint}".strip()


class BadInput(ConnectoryError):
    """The call cannot work as it is written; the caller must change it."""

    code = "bad_input"
    fault = "caller"


class InvalidArguments(BadInput):
    """What was given does not fit what is asked for."""

    code = "invalid_arguments"


class UnknownConnector(BadInput):
    """No connector has this name."""

    code = "unknown_connector"

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        hint = did_you_mean(name, known, few=5) or "list_connectors shows what there is."
        super().__init__(f"There is no connector '{name}'.", hint=hint)


class UnknownAction(BadInput):
    """No action has this name."""

    code = "unknown_action"

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        hint = did_you_mean(name, known, few=5) or "search_actions finds actions by what they do."
        super().__init__(f"There is no action '{name}'.", hint=hint)


class UnknownConnection(BadInput):
    """There is no such connection, or it is somebody else's (design 1)."""

    code = "unknown_connection"

    def __init__(self, name: str, known: Iterable[str] = ()) -> None:
        hint = did_you_mean(name, known, few=5) or "list_connections shows yours."
        super().__init__(f"There is no connection '{name}'.", hint=hint)


class UnknownResult(BadInput):
    """The kept result does not exist for this principal, or its hour is over."""

    code = "unknown_result"

    def __init__(self, handle: str) -> None:
        super().__init__(f"There is no kept result '{handle}'.", hint="They last an hour; a read can be run again.")


class UnknownObject(BadInput):
    """No such workspace, user, token or other object is visible to the principal."""

    code = "not_found"

    def __init__(self, kind: str, name: str, known: Iterable[str] = ()) -> None:
        super().__init__(f"There is no {kind} '{name}'.", hint=did_you_mean(name, known, few=5))


class AlreadyExists(BadInput):
    """The name is taken."""

    code = "already_exists"


class AmbiguousConnection(BadInput):
    """Several accounts fit, and choosing one is not ours to do."""

    code = "ambiguous_connection"


class InvalidCursor(BadInput):
    """The cursor is not one that this call gave out."""

    code = "invalid_cursor"

    def __init__(self) -> None:
        super().__init__(
            "This cursor does not belong to this action, connection and arguments.",
            hint="Repeat the call that gave the cursor with the same arguments plus it, or start without one.",
        )


class InvalidPath(BadInput):
    """A path, URL part or value cannot be sent safely."""

    code = "invalid_path"


class HeaderRefused(BadInput):
    """A caller's header is not on the list of harmless ones."""

    code = "header_refused"


class SecretInChat(BadInput):
    """A credential was offered in a tool call; credentials are only ever typed on the connect page."""

    code = "secret_in_chat"


class AccessNeeded(ConnectoryError):
    """A person must do something before this can work."""

    code = "access_needed"
    fault = "person"


class NotConnected(AccessNeeded):
    """The principal has no connection to this connector."""

    code = "not_connected"


class NeedsReconnect(AccessNeeded):
    """The provider no longer accepts this connection's grant; only the person can mend that."""

    code = "needs_reconnect"


class MissingScope(AccessNeeded):
    """The grant does not hold a scope that the action needs."""

    code = "missing_scope"


class ConfirmationNeeded(AccessNeeded):
    """A policy wants the person's yes before exactly this call runs."""

    code = "confirmation_needed"


class SessionExpired(AccessNeeded):
    """The connect link is spent: used, timed out, or opened in another browser."""

    code = "session_expired"


class SignInFailed(AccessNeeded):
    """The person declined at the provider, or the provider ended the sign-in; trying again may help."""

    code = "sign_in_failed"


class Refused(ConnectoryError):
    """A rule says no; repeating the call changes nothing."""

    code = "refused"
    fault = "rules"


class PolicyDenied(Refused):
    """A policy of the workspace, user or token forbids the action."""

    code = "policy_denied"


class RoleDenied(Refused):
    """The principal's role does not allow this."""

    code = "role_denied"


class Unauthenticated(Refused):
    """No valid token or sign-in came with the request."""

    code = "unauthenticated"


class QuotaExceeded(Refused):
    """The principal used up an allowance; it grows back."""

    code = "quota_exceeded"
    retryable = True


class AddressRefused(Refused):
    """The address is private, special or a metadata service, and nobody entitled to has allowed it."""

    code = "address_refused"


class HostRefused(Refused):
    """The request would leave the set of hosts frozen on the connection."""

    code = "host_refused"


class ProviderError(ConnectoryError):
    """The provider answered with an error, or not at all."""

    code = "provider_error"
    fault = "provider"


class ProviderRejected(ProviderError):
    """The provider understood the request and found it wrong (400, 422 and other 4xx)."""

    code = "provider_rejected"


class ProviderUnauthorized(ProviderError):
    """The provider did not accept the credentials (401); the gateway turns it into `NeedsReconnect`."""

    code = "provider_unauthorized"


class ProviderForbidden(ProviderError):
    """The account may not do this (403)."""

    code = "provider_forbidden"


class ProviderNotFound(ProviderError):
    """The object does not exist, or the account may not see it (404, 410)."""

    code = "provider_not_found"


class ProviderConflict(ProviderError):
    """The object changed meanwhile or exists already (409, 412)."""

    code = "provider_conflict"


class RateLimited(ProviderError):
    """The provider wants us to wait (429)."""

    code = "rate_limited"
    retryable = True


class ProviderUnavailable(ProviderError):
    """The provider is down or unreachable (5xx, refused connection, failed name lookup)."""

    code = "provider_unavailable"
    retryable = True


class ProviderTimeout(ProviderError):
    """The provider did not answer within the call's time."""

    code = "provider_timeout"
    retryable = True


class ResponseTooLarge(ProviderError):
    """The answer is larger than the cap."""

    code = "response_too_large"


class UnexpectedResponse(ProviderError):
    """The answer is not what the provider documents, e.g. HTML where JSON was due."""

    code = "unexpected_response"


class RedirectRefused(ProviderError):
    """The provider redirected in a circle, too often, or to a place the connection does not own."""

    code = "redirect_refused"


class SetupError(ConnectoryError):
    """Whoever runs the server must mend something."""

    code = "setup_error"
    fault = "operator"


class InvalidSettings(SetupError):
    """An environment variable is unknown or has a value that is not allowed."""

    code = "invalid_settings"


class ManifestInvalid(SetupError):
    """A manifest breaks the format; the text names file, line, key and what was meant."""

    code = "manifest_invalid"


class KeyInvalid(SetupError):
    """The encryption key cannot be read or has no accepted form."""

    code = "key_invalid"


class CannotDecrypt(SetupError):
    """A stored value does not open with the keys at hand; the value is kept as it is."""

    code = "cannot_decrypt"


class BackendUnavailable(SetupError):
    """The auth backend asked for cannot serve this connector as the server is set up."""

    code = "backend_unavailable"


class NangoUnavailable(SetupError):
    """Nango cannot be reached, is slow or broken, or something else answers at its address."""

    code = "nango_unavailable"
    retryable = True


class NangoRefused(SetupError):
    """Nango did not accept our key, its scopes or the request: `reason` is its code, `places` the parts at fault."""

    code = "nango_refused"

    def __init__(self, message: str, *, hint: str = "", reason: str = "", places: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.reason, self.places = reason, places


class DatabaseLocked(SetupError):
    """Another process holds the database longer than we wait."""

    code = "database_locked"
    retryable = True


class DatabaseFull(SetupError):
    """The disk is full; nothing was written."""

    code = "database_full"


class DatabaseUnusable(SetupError):
    """The database cannot be opened, or belongs to a newer version."""

    code = "database_unusable"


class PortTaken(SetupError):
    """Another program listens on the port."""

    code = "port_taken"


class PageUnavailable(SetupError):
    """Nobody serves the web page at the moment, so no link can be offered."""

    code = "page_unavailable"
    retryable = True
