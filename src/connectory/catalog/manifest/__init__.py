"""The manifest model: what one YAML file may say of a provider (design 4, format 1).

Pydantic at the border: unknown keys are refused, so that a misspelt key is found when the file is read and not when
an agent calls. `catalog/loading.py` turns a failure into file, line, key and what was meant. This package is also the
source of the published JSON Schema and of the reference in `docs/manifests.md`.
"""

from connectory.catalog.manifest.answers import (
    AccountPaths,
    Answer,
    Bucket,
    Condition,
    ErrorRule,
    Expand,
    FileContent,
    GrantedScopes,
    Proof,
    RetryTime,
    Verify,
)
from connectory.catalog.manifest.auth import (
    ApiKeyMethod,
    AuthMethod,
    BasicMethod,
    DsnMethod,
    FieldsMethod,
    NoAuthMethod,
)
from connectory.catalog.manifest.basics import (
    CONNECTOR_NAME,
    RESERVED_INPUTS,
    WORD,
    Category,
    Effect,
    JsonValue,
    Strict,
    WebAddress,
)
from connectory.catalog.manifest.document import ActionManifest, Manifest
from connectory.catalog.manifest.inputs import Input
from connectory.catalog.manifest.nango import NangoSignIn
from connectory.catalog.manifest.oauth import (
    AccountChoice,
    AppRegistration,
    ClientCredentialsMethod,
    JwtBearerMethod,
    OAuth1Method,
    OAuth2Method,
    Revocation,
    SignInFact,
    TokenAnswer,
    TokenRequest,
)
from connectory.catalog.manifest.pages import (
    CursorPages,
    LastIdPages,
    LinkHeaderPages,
    NextUrlHeaderPages,
    NextUrlPages,
    NumberedPages,
    OffsetPages,
    Pages,
    PagesBase,
)
from connectory.catalog.manifest.requests import METHODS, IdempotencyKey, Request
from connectory.catalog.manifest.sign_in import (
    AuthMethodBase,
    BasicCredentials,
    CredentialField,
    FieldKind,
    Placement,
)

__all__ = [
    "CONNECTOR_NAME",
    "METHODS",
    "RESERVED_INPUTS",
    "WORD",
    "AccountChoice",
    "AccountPaths",
    "ActionManifest",
    "Answer",
    "ApiKeyMethod",
    "AppRegistration",
    "AuthMethod",
    "AuthMethodBase",
    "BasicCredentials",
    "BasicMethod",
    "Bucket",
    "Category",
    "ClientCredentialsMethod",
    "Condition",
    "CredentialField",
    "CursorPages",
    "DsnMethod",
    "Effect",
    "ErrorRule",
    "Expand",
    "FieldKind",
    "FieldsMethod",
    "FileContent",
    "GrantedScopes",
    "IdempotencyKey",
    "Input",
    "JsonValue",
    "JwtBearerMethod",
    "LastIdPages",
    "LinkHeaderPages",
    "Manifest",
    "NangoSignIn",
    "NextUrlHeaderPages",
    "NextUrlPages",
    "NoAuthMethod",
    "NumberedPages",
    "OAuth1Method",
    "OAuth2Method",
    "OffsetPages",
    "Pages",
    "PagesBase",
    "Placement",
    "Proof",
    "Request",
    "RetryTime",
    "Revocation",
    "SignInFact",
    "Strict",
    "TokenAnswer",
    "TokenRequest",
    "Verify",
    "WebAddress",
]
