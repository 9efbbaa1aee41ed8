"""OAuth as a manifest declares it: data for the `builtin` backend, which does the sign-in (design 4.4).

Words are those of RFC 6749; where providers leave it, their own documentation is the guide.
Addresses may hold facts of the connection, e.g. `https://{connection.shop}.myshopify.com/admin/oauth/authorize`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from connectory.catalog.manifest.basics import WEB_ADDRESS, Name, Strict
from connectory.catalog.manifest.requests import Request
from connectory.catalog.manifest.sign_in import AuthMethodBase, FieldKind

# Annotated, since `typing` caches unions: the MCP SDK has the same words in another order, which our schema would take.
ClientAuthentication = Annotated[
    Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"], "as the schema lists them"
]
Encoding = Literal["form", "json"]
BEARER = {"Authorization": "Bearer {credential.access_token}"}  # RFC 6750 section 2.1


class AppRegistration(Strict):
    """How a person registers the OAuth client at the provider, which is where most give up."""

    url: Annotated[str, Field(pattern=WEB_ADDRESS, max_length=2000)] = Field(  # Slack's holds an app's whole manifest
        description="The provider's page; `{redirect_uri}` and `{scopes}` are filled in, escaped."
    )
    steps: list[str] = Field(default_factory=list, description="What to do there, one sentence each.")
    localhost: bool = Field(True, description="Whether the provider takes http://localhost redirects (RFC 8252).")
    without: str = Field("", description="What works without registering, in a sentence.")


class SignInFact(Strict):
    """A fact of the connection that the sign-in gives: in the token answer or the callback, or by what was chosen."""

    token: str | None = Field(None, description="JMESPath over the token answer.")
    callback: str | None = Field(None, description="Parameter of the callback.")
    chosen: str | None = Field(None, description="JMESPath over the item of `choose` that the person chose.")
    kind: Literal[FieldKind.TEXT, FieldKind.ORIGIN, FieldKind.CHOICE] = Field(
        FieldKind.TEXT,
        description="As of a field; an origin can be a server, as in {connection.instance_url}/services.",
    )
    pattern: str | None = Field(None, description="Regular expression that the whole value must match.")
    choices: list[str] = Field(default_factory=list, description="choice: the only values believed.")

    @model_validator(mode="after")
    def _one_source(self) -> SignInFact:
        if sum(source is not None for source in (self.token, self.callback, self.chosen)) != 1:
            raise ValueError("needs exactly one of token, callback, chosen")
        if (self.kind is FieldKind.CHOICE) != bool(self.choices):
            raise ValueError("kind choice needs `choices`, and only it takes them")
        return self


class TokenAnswer(Strict):
    """Where the parts of the token answer stand, if not as RFC 6749 section 5.1 says: JMESPath expressions."""

    access_token: str = Field("access_token", description="The access token.")
    refresh_token: str = Field("refresh_token", description="The refresh token.")
    expires_in: str = Field("expires_in", description="Lifetime in seconds, or when it ends (RFC 3339).")
    scope: str = Field("scope", description="The granted scopes: a text, or a list.")
    error: str = Field("error", description="An error's code, also in a 200.")
    refused: list[str] = Field(
        default_factory=list, description="Codes that end the sign-in when it is refreshed, beside invalid_grant."
    )
    further: dict[Name, str] = Field(
        default_factory=dict,
        description="Further tokens, each `{credential.NAME}`, as Slack's authed_user.access_token.",
    )


class AccountChoice(Strict):
    """A call after the sign-in that lists what it gives access to, as Jira's sites; of several the person chooses."""

    request: Request = Field(description="What is sent; a read.")
    items: str = Field("@", description="Where the list is.")
    id: str = Field(description="JMESPath over an item: its id.")
    name: str = Field(description="JMESPath over an item: its name for a person.")


class Revocation(Strict):
    """How tokens are withdrawn (RFC 7009, or the provider's own way)."""

    url: str = Field(description="Address that takes the token; `{client_id}` is filled in.")
    method: Literal["post", "delete"] = Field("post", description="HTTP method.")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Further headers of it; `{client_id}` and `{client_secret}` are filled in."
    )
    parameters: dict[str, str] = Field(
        default_factory=dict, description="Further parameters of it; `{client_id}` is filled in."
    )
    client_authentication: ClientAuthentication | None = Field(
        None, description="How the client proves itself there, if not as at the token endpoint."
    )
    encoding: Encoding = Field("form", description="How the body is written.")
    token_parameter: str | None = Field(
        "token", description="Parameter that holds the token; null where `parameters` name the account instead."
    )
    which: Literal["access_token", "refresh_token"] = Field("refresh_token", description="The token that is sent.")
    ends_all: bool = Field(False, description="It ends every token of that account for the client, not only this one.")


class TokenRequest(AuthMethodBase):
    """What every OAuth 2 method has; the token goes into `Authorization: Bearer` unless placed otherwise."""

    headers: dict[str, str] = Field(default_factory=lambda: dict(BEARER), description="Headers that carry the token.")
    token_url: str | None = Field(None, description="Token endpoint (RFC 6749 section 3.2).")
    client_authentication: ClientAuthentication = Field(
        "client_secret_post", description="How the client proves itself there (RFC 7591 section 2)."
    )
    token_encoding: Encoding = Field("form", description="How the token request's body is written; RFC 6749 says form.")
    token_parameters: dict[str, str] = Field(default_factory=dict, description="Further parameters of it.")
    token_headers: dict[str, str] = Field(default_factory=dict, description="Further headers of it.")
    token_answer: TokenAnswer = Field(TokenAnswer(), description="Where the answer's parts stand.")
    scopes: dict[str, str] = Field(default_factory=dict, description="Scopes to ask for, and what each allows.")
    scope_separator: Literal[" ", ","] = Field(" ", description="What stands between scopes.")
    facts: dict[Name, SignInFact] = Field(default_factory=dict, description="Facts that the sign-in gives, by name.")
    register_app: AppRegistration | None = Field(None, alias="register", description="How to register the client.")


class OAuth2Method(TokenRequest):
    """Authorization code with PKCE (RFC 6749 section 4.1, RFC 7636), and the device flow where `device_url` stands."""

    method: Literal["oauth2"] = Field(description="OAuth 2 in the browser.")
    issuer: str | None = Field(None, description="Discover the endpoints from this issuer (RFC 8414).")
    resource: str | None = Field(
        None, description="Protected resource (RFC 9728): it names the issuer, and tokens are asked for it (RFC 8707)."
    )
    authorize_url: str | None = Field(None, description="Authorization endpoint (RFC 6749 section 3.1).")
    device_url: str | None = Field(None, description="Device authorization endpoint (RFC 8628 section 3.1).")
    refresh_url: str | None = Field(None, description="Where tokens are refreshed, if not at `token_url`.")
    refresh_repeats_redirect_uri: bool = Field(False, description="A refresh must repeat the redirect URI (GitLab).")
    pkce: Literal["S256", "none"] = Field("S256", description="none only where the provider refuses it.")
    always_scopes: list[str] = Field(default_factory=list, description="Scopes asked for whatever the person ticks.")
    authorize_parameters: dict[str, str] = Field(
        default_factory=dict, description="Further parameters of the authorization request."
    )
    callback_hmac: str | None = Field(
        None, description="Callback parameter with the hex HMAC-SHA256 of the others by the client secret (Shopify)."
    )
    revoke: Revocation | None = Field(None, description="How tokens are withdrawn.")
    choose: AccountChoice | None = Field(None, description="What the person chooses from after the sign-in.")

    @model_validator(mode="after")
    def _endpoints(self) -> OAuth2Method:
        is_told = self.issuer is not None or self.resource is not None
        if not is_told and (self.token_url is None or (self.authorize_url or self.device_url) is None):
            raise ValueError("needs `token_url` and `authorize_url` or `device_url`, or an `issuer` that tells them")
        return self


class ClientCredentialsMethod(TokenRequest):
    """The client's own rights (RFC 6749 section 4.4); the person enters its id and secret as fields."""

    method: Literal["client_credentials"] = Field(description="A client's own rights.")
    token_url: str = Field(description="Token endpoint.")


class JwtBearerMethod(TokenRequest):
    """A service account's signed assertion (RFC 7523); the person enters its key, e.g. Google's JSON file."""

    method: Literal["jwt_bearer"] = Field(description="A service account.")
    token_url: str = Field(description="Token endpoint.")
    algorithm: Literal["RS256", "ES256"] = Field("RS256", description="How the assertion is signed.")
    key: str = Field(
        description="Template of the private key, e.g. {credential.account}; of a JSON file its private_key."
    )
    issuer: str = Field(description="Template of `iss`; of a JSON file its client_email.")
    subject: str | None = Field(
        None, description="Template of `sub`, for whom it acts; where its field was left empty there is none."
    )
    audience: str | None = Field(None, description="`aud`; unset: the token endpoint.")


class OAuth1Method(AuthMethodBase):
    """OAuth 1.0a (RFC 5849); every request is signed, so nothing is placed."""

    method: Literal["oauth1"] = Field(description="OAuth 1.0a.")
    request_token_url: str = Field(description="Temporary credentials (section 2.1).")
    authorize_url: str = Field(description="The owner's authorization (section 2.2).")
    access_token_url: str = Field(description="Token credentials (section 2.3).")
    signature: Literal["HMAC-SHA1", "HMAC-SHA256"] = Field("HMAC-SHA1", description="How requests are signed.")
    authorize_parameters: dict[str, str] = Field(
        default_factory=dict, description="Further parameters of the authorization request."
    )
    register_app: AppRegistration | None = Field(None, alias="register", description="How to register the client.")
