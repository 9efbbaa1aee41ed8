"""How a request is taken: body, content type, key, rate limit, scope, and the strict check of what was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from tests.nango.environments import Caller, call_limit, caller_of, limit_headers, require
from tests.nango.refusal import Refusal, refuse
from tests.nango.state import Environment, NangoState, Session

Model = TypeVar("Model", bound=BaseModel)
KEY_PATTERN = r"^[a-zA-Z0-9~:.@ _-]+$"
ID_PATTERN = r"""^[a-zA-Z0-9,.;:=+~\[\]|@${}"'\\/_ -]+$"""
_ALTERNATIVE = re.compile(r"[A-Z][A-Z0-9_]+$|literal\[|list\[|function-|str$")
_MEMBER = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")


class Strict(BaseModel):
    """A body or query in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Empty(Strict):
    """Nothing may be sent."""


@dataclass
class Asked:
    """One request that may be answered."""

    state: NangoState
    request: Request
    caller: Caller
    query: dict[str, Any]
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> Environment:
        """That of the key, or of the session."""
        return self.caller.environment

    @property
    def session(self) -> Session:
        """The session whose token came."""
        assert self.caller.session is not None
        return self.caller.session

    def path(self, name: str) -> str:
        """A part of the path, unquoted."""
        return str(self.request.path_params[name])

    def has(self, scope: str) -> bool:
        """Whether the key has a scope."""
        return self.caller.has(scope)

    def parse_query(self, model: type[Model]) -> Model:
        """The query. Refuses with `invalid_query_params`."""
        return check(model, self.query, "invalid_query_params")

    def parse_body(self, model: type[Model]) -> Model:
        """The body. Refuses with `invalid_body`."""
        return check(model, self.body, "invalid_body")

    def parse_path(self, name: str, pattern: str) -> str:
        """A part of the path that must have a form. Refuses with `invalid_uri_params`."""
        value = self.path(name)
        if len(value) > 255 or not re.fullmatch(pattern, value):
            problem = {"code": "invalid_format", "message": "Invalid string: must match pattern", "path": [name]}
            raise Refusal(400, {"error": {"code": "invalid_uri_params", "errors": [problem]}})
        return value


Handler = Callable[[Asked], Awaitable[Response]]


def endpoint(
    state: NangoState, handler: Handler, *scopes: str, by: str = "key", any_type: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """A route's function. `by`: `key`, `session` or `either`; of several `scopes` one is enough.

    In Nango's order: the body is read, then the content type, the key, the rate limit and the scope are looked at.
    """

    async def answer(request: Request) -> Response:
        headers: dict[str, str] = {}
        try:
            body = await read_body(request, any_type=any_type)
            caller = caller_of(state, request.headers.get("authorization"), by)
            headers = limit_headers(*call_limit(state, caller, request))
            require(caller, scopes)
            response = await handler(Asked(state, request, caller, parse_query(request.url.query), body))
        except Refusal as refusal:
            response = refusal.response()
            headers |= refusal.headers
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    return answer


async def read_body(request: Request, *, any_type: bool) -> Any:
    """The parsed JSON body, or the raw one of another type where `any_type`; None: there is none."""
    raw = await request.body()
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json") and raw:
        try:
            found = json.loads(raw)
        except ValueError:
            raise refuse(400, "invalid_json", "Request body is not valid JSON") from None
        if not isinstance(found, dict | list):  # body-parser is strict: an object or an array
            raise refuse(400, "invalid_json", "Request body is not valid JSON")
        return found
    if kind and not kind.startswith("application/json") and not any_type:
        raise refuse(415, "invalid_content_type", "Content-Type header must be application/json")
    return raw if any_type and raw else None


def parse_query(text: str) -> dict[str, Any]:
    """A query as Express reads it: `tags[k]=v` is nested, a repeated name a list."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        match = _MEMBER.fullmatch(name)
        members = re.findall(r"\[([^\[\]]*)\]", match[2]) if match else []
        base = match[1] if match else name
        if members:
            inner = found.setdefault(base, {})
            if isinstance(inner, dict):
                inner[members[0]] = value
        elif base in found:
            found[base] = [*(found[base] if isinstance(found[base], list) else [found[base]]), value]
        else:
            found[base] = value
    return found


def check(model: type[Model], found: Any, code: str) -> Model:
    """Read `found` strictly. Refuses as zod would say it."""
    try:
        return model.model_validate(found)
    except ValidationError as error:
        raise Refusal(400, {"error": {"code": code, "errors": list(_issues(error))}}) from None


def success() -> Response:
    """`{"success": true}`."""
    return JSONResponse({"success": True})


def _issues(error: ValidationError) -> list[dict[str, Any]]:
    unknown: dict[tuple[str, ...], list[str]] = {}
    issues = []
    for one in error.errors():
        # Pydantic names the alternative that it tried; zod says only that none fits.
        place = tuple(str(part) for part in one["loc"] if not _ALTERNATIVE.match(str(part)))
        if one["type"] == "extra_forbidden":
            unknown.setdefault(place[:-1], []).append(place[-1])
        else:
            name = one.get("ctx", {}).get("name")
            issue = _issue(one["type"], one["msg"], place if name is None else (*place, name), one["input"])
            issues += [issue] if issue not in issues else []
    for place, names in unknown.items():
        word = "keys" if len(names) > 1 else "key"
        listed = ", ".join(json.dumps(name) for name in names)
        issues.append({"code": "unrecognized_keys", "message": f"Unrecognized {word}: {listed}", "path": list(place)})
    return issues


_CODES: Mapping[str, tuple[str, str]] = {
    "missing": ("invalid_type", "Invalid input: expected a value, received undefined"),
    "string_too_short": ("too_small", "Too small: expected string to have >=1 characters"),
    "string_too_long": ("too_big", "Too big: expected string to have less characters"),
    "string_pattern_mismatch": ("invalid_format", "Invalid string: must match pattern"),
    "greater_than_equal": ("too_small", "Too small: expected number to be larger"),
    "less_than_equal": ("too_big", "Too big: expected number to be smaller"),
    "value_error": ("custom", ""),
    "invalid_key": ("invalid_key", ""),
    "invalid_union": ("invalid_union", ""),
    "invalid_value": ("invalid_value", ""),
}


def _issue(kind: str, words: str, place: tuple[str, ...], found: Any) -> dict[str, Any]:
    code, message = _CODES.get(kind, ("invalid_type", f"Invalid input: {words}, received {type(found).__name__}"))
    return {"code": code, "message": message or words.removeprefix("Value error, "), "path": list(place)}
