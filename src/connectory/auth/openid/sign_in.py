"""Leaving for the issuer and coming back (OpenID Connect Core section 3.1, PKCE of RFC 7636, `iss` of RFC 9207).

What must be known again when the person is back stands in `LeftToSignIn`, which their browser keeps, sealed: only that
browser can come back, and nothing is kept here for those who never do.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from connectory.auth.backend import Callback
from connectory.auth.oauth.loading import load_flows
from connectory.auth.oauth.way import Way
from connectory.auth.oauth.words import secrets_of, shown
from connectory.auth.openid.issuer import Issuer, Told
from connectory.auth.openid.person import is_enough, vouched
from connectory.errors import SignInFailed
from connectory.identity.single_sign_on import SingleSignOn
from connectory.settings import OAuthClient, Settings
from connectory.vault.clock import Clock
from connectory.vault.entities import UserId, Workspace
from connectory.vault.spellings import without

CALLBACK = "/signin/oidc/callback"
LASTS = timedelta(minutes=10)
VERIFIER_BYTES = 48  # 64 characters; RFC 7636 section 4.1 allows 43 to 128
MAY_PASS = frozenset({"temporarily_unavailable", "server_error", "login_required", "interaction_required"})
AGAIN = "Sign in again from here."


class LeftToSignIn(BaseModel):
    """A person who has left for the issuer's page."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str
    client_id: str
    state: str = Field(repr=False)
    nonce: str = Field(repr=False)
    verifier: str = Field(repr=False)
    target: str  # the page of ours that the person wants to see
    left_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has come back, and where they belong; at least one workspace."""

    user_id: UserId
    workspaces: Sequence[Workspace]


class OpenIdSignIn:
    """Signs people in at the one issuer that the settings name."""

    def __init__(self, settings: Settings, way: Way, people: SingleSignOn, now: Clock) -> None:
        assert settings.oidc_issuer is not None, "it is made only where there is one"
        assert settings.oidc_client_id is not None, "the settings have both or none"
        self.name = settings.oidc_name or urlsplit(settings.oidc_issuer).hostname or settings.oidc_issuer
        self._client = OAuthClient(client_id=settings.oidc_client_id, client_secret=settings.oidc_client_secret)
        self._scopes = " ".join(dict.fromkeys(["openid", *settings.oidc_scopes.replace(",", " ").split()]))
        self._groups_claim = settings.oidc_groups_claim
        self._has_rules = bool(settings.oidc_roles)
        self._redirect_uri = f"{settings.origin}{CALLBACK}"
        self._issuer = Issuer(settings.oidc_issuer, way, now)
        self._way = way
        self._people = people
        self._now = now

    async def leave(self, target: str) -> tuple[str, LeftToSignIn]:
        """Return the issuer's address that the person opens, and what must be known again.

        Raises `SignInFailed`, leaves of `ProviderError` and `Refused`.
        """
        await load_flows()
        from authlib.integrations.httpx_client import AsyncOAuth2Client

        told = await self._issuer.told()
        left = LeftToSignIn(
            issuer=self._issuer.name,
            client_id=self._client.client_id,
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(VERIFIER_BYTES),
            target=target,
            left_at=self._now(),
        )
        session = AsyncOAuth2Client(
            client_id=left.client_id, redirect_uri=self._redirect_uri, code_challenge_method="S256", trust_env=False
        )
        url, _ = session.create_authorization_url(
            told.authorize, state=left.state, nonce=left.nonce, code_verifier=left.verifier, scope=self._scopes
        )
        return str(url), left

    async def come_back(self, left: LeftToSignIn | None, callback: Callback) -> SignedIn:
        """Return who the callback signs in; `left` is what this browser has kept.

        Raises `SignInFailed`, `RoleDenied`, `AlreadyExists`, leaves of `ProviderError` and `Refused`.
        """
        await load_flows()
        left = self._started_here(left, callback)
        told = await self._issuer.told()
        code = self._code(told, callback)
        answer, access_token = await self._exchange(told, left, code)
        claims = await self._verify(told, left, answer.get("id_token"))
        about = await self._userinfo(claims, access_token)
        user_id, workspaces = await self._people.admit(vouched(claims, about, self._groups_claim))
        return SignedIn(user_id, workspaces)

    def _started_here(self, left: LeftToSignIn | None, callback: Callback) -> LeftToSignIn:
        state = (callback.one("state") or "").encode("utf-8", "replace")
        if left is None or not hmac.compare_digest(state, left.state.encode()):
            raise SignInFailed("This sign-in was not begun in this browser, or is done already.", hint=AGAIN)
        if not timedelta() <= self._now() - left.left_at < LASTS:
            raise SignInFailed("You were away for more than ten minutes.", hint=AGAIN)
        if (left.issuer, left.client_id) != (self._issuer.name, self._client.client_id):
            raise SignInFailed("This server has changed where one signs in meanwhile.", hint=AGAIN)
        return left

    def _code(self, told: Told, callback: Callback) -> str:
        is_there = any(name == "iss" for name, _ in callback.pairs)
        if (is_there or told.needs_iss) and callback.one("iss") != self._issuer.name:  # RFC 9207 section 2.4
            raise SignInFailed("This answer came from another server than you went to; it was not used.", hint=AGAIN)
        error = callback.one("error")
        if error is not None:
            raise self._ended(error, callback.one("error_description") or "")
        code = callback.one("code")
        if code is None:
            raise SignInFailed(f"{self.name} sent you back without a result.", hint=AGAIN)
        return code

    async def _exchange(self, told: Told, left: LeftToSignIn, code: str) -> tuple[Mapping[str, Any], SecretStr]:
        from connectory.auth.oauth.token_endpoint import TokenEndpoint, TokenRefused
        from connectory.catalog.manifest import OAuth2Method

        method = OAuth2Method(
            method="oauth2",
            authorize_url=told.authorize,
            token_url=told.token,
            client_authentication=told.client_authentication,
        )
        endpoint = TokenEndpoint(method, self._client, told.token, self._way, self._now)
        sent = {"code": code, "redirect_uri": self._redirect_uri, "code_verifier": left.verifier}
        try:
            got = await endpoint.ask("authorization_code", sent, {})
        except TokenRefused as error:
            raise self._ended(error.code, "") from None  # its words may repeat what was sent (attack 91)
        return got.answer, got.tokens.access_token

    async def _verify(self, told: Told, left: LeftToSignIn, token: object) -> Mapping[str, Any]:
        """Return the claims. A key that is not known is looked for once more: issuers change theirs."""
        from connectory.auth.openid.id_token import Expected, KeyUnknown, refused, verify_id_token

        if not isinstance(token, str):
            raise refused("there is none")
        expected = Expected(left.issuer, left.client_id, left.nonce, told.algorithms, left.left_at, self._now())
        for anew in (False, True):
            try:
                return verify_id_token(token, await self._issuer.keys(anew=anew), expected)
            except KeyUnknown:
                continue
        raise refused("it is signed by no key of the provider's")

    async def _userinfo(self, claims: Mapping[str, Any], access_token: SecretStr) -> Mapping[str, Any]:
        """What the ID token leaves out; it must be about the same person (section 5.3.2)."""
        if is_enough(claims, self._groups_claim if self._has_rules else None):
            return {}
        about = await self._issuer.userinfo(access_token)
        if about and about.get("sub") != claims["sub"]:
            raise SignInFailed("The provider spoke of two different people; you were not signed in.", hint=AGAIN)
        return about

    def _ended(self, error: str, said: str) -> SignInFailed:
        if error == "access_denied":
            return SignInFailed(
                f"You did not sign in at {self.name}, or may not use this server there.",
                hint="Sign in again, or ask whoever runs the sign-in to let you use Connectory.",
            )
        hidden = secrets_of(self._client)
        words = shown(said, hidden)
        code = "".join(one for one in without(error, hidden)[:60] if one.isalnum() or one in "_.- ")
        told = f" It says: {words}" if words else ""
        hint = AGAIN if error in MAY_PASS else "Whoever runs this server must look at its registration there."
        return SignInFailed(f"{self.name} ended the sign-in ({code}).{told}", hint=hint)


def read_left(text: str | None) -> LeftToSignIn | None:
    """Return what a browser has kept; None for nothing, or for what an older version has written."""
    try:
        return LeftToSignIn.model_validate_json(text) if text is not None else None
    except ValidationError:
        return None
