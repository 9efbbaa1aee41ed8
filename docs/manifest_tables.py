"""The tables of `docs/manifests.md`: every key of a manifest, from the models that read it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

from docs.markdown import anchor, table
from pydantic import BaseModel

from connectory.catalog import manifest as format_1

# The parts of a manifest in reading order: heading, model, and the model whose keys it has besides (told there).
PARTS: tuple[tuple[str, type[BaseModel], type[BaseModel] | None], ...] = (
    ("The file", format_1.Manifest, None),
    ("Every way to sign in", format_1.AuthMethodBase, None),
    ("The same at Nango", format_1.NangoSignIn, None),
    ("Where credentials go", format_1.Placement, None),
    ("Basic's two parts", format_1.BasicCredentials, None),
    ("Method api_key", format_1.ApiKeyMethod, format_1.AuthMethodBase),
    ("Method basic", format_1.BasicMethod, format_1.AuthMethodBase),
    ("Method fields", format_1.FieldsMethod, format_1.AuthMethodBase),
    ("Method dsn", format_1.DsnMethod, format_1.AuthMethodBase),
    ("Method none", format_1.NoAuthMethod, format_1.AuthMethodBase),
    ("A field of the form", format_1.CredentialField, None),
    ("Every OAuth 2 method", format_1.TokenRequest, format_1.AuthMethodBase),
    ("Method oauth2", format_1.OAuth2Method, format_1.TokenRequest),
    ("Method client_credentials", format_1.ClientCredentialsMethod, format_1.TokenRequest),
    ("Method jwt_bearer", format_1.JwtBearerMethod, format_1.TokenRequest),
    ("Method oauth1", format_1.OAuth1Method, format_1.AuthMethodBase),
    ("The token answer", format_1.TokenAnswer, None),
    ("A fact of the sign-in", format_1.SignInFact, None),
    ("Registering the client", format_1.AppRegistration, None),
    ("Withdrawing tokens", format_1.Revocation, None),
    ("A choice after the sign-in", format_1.AccountChoice, None),
    ("What proves a sign-in", format_1.Proof, None),
    ("The verify call", format_1.Verify, format_1.Proof),
    ("The account", format_1.AccountPaths, None),
    ("The granted scopes", format_1.GrantedScopes, None),
    ("An error rule", format_1.ErrorRule, None),
    ("When a rule applies", format_1.Condition, None),
    ("When to try again", format_1.RetryTime, None),
    ("A limit by cost", format_1.Bucket, None),
    ("The idempotency key", format_1.IdempotencyKey, None),
    ("An action", format_1.ActionManifest, None),
    ("An input", format_1.Input, None),
    ("A step", format_1.Step, None),
    ("A request", format_1.Request, None),
    ("Pages of every style", format_1.PagesBase, None),
    ("Pages link_header", format_1.LinkHeaderPages, format_1.PagesBase),
    ("Pages next_url_header", format_1.NextUrlHeaderPages, format_1.PagesBase),
    ("Pages next_url", format_1.NextUrlPages, format_1.PagesBase),
    ("Pages cursor", format_1.CursorPages, format_1.PagesBase),
    ("Pages page", format_1.NumberedPages, format_1.PagesBase),
    ("Pages offset", format_1.OffsetPages, format_1.PagesBase),
    ("Pages last_id", format_1.LastIdPages, format_1.PagesBase),
    ("The answer", format_1.Answer, None),
    ("A file inside JSON", format_1.FileContent, None),
    ("A further request for each item", format_1.Expand, None),
    ("A stream", format_1.Stream, None),
    ("One row of a stream", format_1.OneRow, None),
    ("What is new in a stream", format_1.StreamCursor, None),
    ("Deletions by full_read", format_1.MissingDeletions, None),
    ("Deletions by mark", format_1.MarkedDeletions, None),
    ("Deletions by action", format_1.ListedDeletions, None),
    ("A stream read for each row of another", format_1.ForEach, None),
    ("The schedule", format_1.Schedule, None),
    ("A webhook", format_1.Webhook, None),
    ("A place in a delivery", format_1.Place, None),
    ("Whose a delivery is", format_1.DeliveredAccount, None),
    ("An event", format_1.WebhookEvent, None),
    ("Every signature over the content", format_1.SignedContent, None),
    ("Signature hmac", format_1.HmacSignature, format_1.SignedContent),
    ("Signature public_key", format_1.PublicKeySignature, format_1.SignedContent),
    ("Signature jwt", format_1.JwtSignature, None),
    ("Signature token", format_1.SharedToken, None),
    ("Signature basic", format_1.SharedBasic, None),
    ("Signature none", format_1.NoSignature, None),
    ("The secret of a signature", format_1.Secret, None),
    ("When it was signed", format_1.SignedTime, None),
    ("Handshake echo", format_1.EchoHandshake, None),
    ("Handshake signed_echo", format_1.SignedEchoHandshake, None),
    ("Handshake verification_token", format_1.VerificationTokenHandshake, None),
    ("Handshake ping", format_1.PingHandshake, None),
)
HEADING_OF = {model.__name__: heading for heading, model, _ in PARTS}


def manifest_table() -> str:
    """One section per part of a manifest."""
    return "\n".join(_part(heading, model, base) for heading, model, base in PARTS)


def _part(heading: str, model: type[BaseModel], base: type[BaseModel] | None) -> str:
    schema, definitions = _schema_of(model)
    inherited = _schema_of(base)[0]["properties"] if base else {}
    rows = [
        (
            f"`{key}`",
            _kind(spec, definitions),
            "required" if key in schema.get("required", ()) else _default(spec),
            spec.get("description", ""),
        )
        for key, spec in schema["properties"].items()
        if key not in inherited
    ]
    words = " ".join(inspect.cleandoc(model.__doc__ or "").split("\n\n")[0].split())
    also = f" It has the keys of {_link(base.__name__)} too." if base else ""
    return f"### {heading}\n\n{words}{also}\n\n" + table(("Key", "Type", "Default", "Meaning"), rows)


def _schema_of(model: type[BaseModel]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the schema of the model's own keys, and the definitions it refers to by their bare names."""
    schema = model.model_json_schema(by_alias=True, ref_template="{model}")
    definitions = schema.get("$defs", {})
    own = definitions[schema["$ref"]] if "$ref" in schema else schema  # a model that holds itself is a reference
    return next((one for one in own.get("anyOf", ()) if "properties" in one), own), definitions


def _link(name: str) -> str:
    return f"[{HEADING_OF[name]}](#{anchor(HEADING_OF[name])})"


def _kind(spec: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """A JSON Schema in a few words, parts of their own as links."""
    if "$ref" in spec:
        return _named(spec["$ref"], definitions)
    if "const" in spec:
        return f"`{json.dumps(spec['const'])}`".replace('"', "")
    if "enum" in spec:
        return ", ".join(f"`{word}`" for word in spec["enum"])
    if alternatives := spec.get("anyOf", spec.get("oneOf")):
        kinds = [_kind(one, definitions) for one in alternatives if one != {"type": "null"}]
        return " or ".join(dict.fromkeys(kinds))
    match spec.get("type"):
        case "array":
            return f"list of {_kind(spec['items'], definitions)}"
        case "object":
            named = [*spec.get("patternProperties", {}).values(), spec.get("additionalProperties")]
            inner = next((one for one in named if isinstance(one, dict)), {})
            return f"mapping of names to {_kind(inner, definitions)}"
        case "string":
            return "text" + _limits(spec, "minLength", "maxLength", " characters") + _pattern(spec)
        case "integer" | "number":
            word = "whole number" if spec["type"] == "integer" else "number"
            return word + _limits(spec, "minimum", "maximum", "")
        case "boolean":
            return "true or false"
        case _:
            return "any value"


def _named(name: str, definitions: Mapping[str, Any]) -> str:
    if name in HEADING_OF:
        return _link(name)
    return _kind(definitions[name], definitions)


def _limits(spec: Mapping[str, Any], low: str, high: str, unit: str) -> str:
    least, most = spec.get(low), spec.get(high)
    if most is not None:
        return f", {f'{least} to ' if least is not None else 'at most '}{most}{unit}"
    return f", at least {least}{unit}" if least is not None else ""


def _pattern(spec: Mapping[str, Any]) -> str:
    return f", `{spec['pattern']}`" if "pattern" in spec else ""


def _default(spec: Mapping[str, Any]) -> str:
    default = spec.get("default")
    if default is None or default in ("", {}, []) or isinstance(default, dict):
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"
