"""Read a provider's answer: an error of ours, or what it holds, parsed, cleaned and projected (design 4.6)."""

from __future__ import annotations

import codecs
import io
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from connectory.actions.expressions import converts, evaluate, evaluate_each, evaluate_or_none, is_true
from connectory.actions.redaction import Redactor
from connectory.actions.rules import Came, Rules
from connectory.actions.scalars import whole_characters
from connectory.catalog.manifest import Answer
from connectory.errors import ResponseTooLarge, UnexpectedResponse
from connectory.net.client import OutboundResponse

if TYPE_CHECKING:
    from connectory.actions.files import File

MAX_DEPTH = 100  # values inside values; what renders and projects them goes down step by step
MOST_LINES = 100_000  # values of `json_lines`
MOST_NESTED = (
    250_000  # objects and lists of one answer; each takes sixty bytes of memory and more, where JSON takes two
)
NOT_MODIFIED = 304
# Charsets a text is believed to be in; Python knows others that take quadratic time, or are no text at all.
_CHARSETS = frozenset(
    {"utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "ascii", "iso8859-1", "iso8859-2", "iso8859-15"}
    | {"cp1250", "cp1251", "cp1252", "shift_jis", "euc_jp", "euc_kr", "gb2312", "gbk", "gb18030", "big5", "koi8-r"}
)
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9._-]{1,40})", re.IGNORECASE)
_TEXTS = re.compile(
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL
)  # of JSON; one that never ends too, so that none is tried twice
# What may be half a character once it is parsed: an escape, three bytes that UTF-8 has not and Python's parser takes,
# and all that is in UTF-16 or UTF-32, which JSON may also be in (RFC 4627 section 3).
_MAY_BE_HALF = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]|\0")


@dataclass(frozen=True, slots=True)
class Reading:
    """How the answers to one request are read."""

    rules: Rules
    redactor: Redactor = field(repr=False)
    answer: Answer | None  # None: JSON or text, as its Content-Type says
    is_raw: bool = False  # unprojected
    may_be_unmodified: bool = False  # then a 304 is an answer
    file_name: str | None = None  # of a file that comes without one

    @property
    def title(self) -> str:
        """The provider's name."""
        return self.rules.connector.title

    @property
    def is_slow(self) -> bool:
        """Whether an answer takes much longer to read than to parse."""
        answer = self.answer
        if answer is None:
            return False
        expressions = (answer.items or "", answer.when or "", answer.item)
        return answer.content is not None or any(map(converts, expressions))


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is no error, without our credentials in it."""

    response: OutboundResponse = field(repr=False)
    body: Any  # parsed, as the provider gave it
    items: list[Any] | None  # of a list: its items as they came, those that `when` keeps
    value: Any  # projected: of a list, item by item
    file: File | None = None
    note: str = ""
    came: Sequence[Any] = ()  # of a list: all its items, by which pages are counted


def read_answer(response: OutboundResponse, reading: Reading) -> Reply:
    """Read an answer.

    Raises the `ProviderError` (or `MissingScope`) that the rules or, failing these, the status mean.
    """
    answer = reading.answer or as_said(response)
    failed, empty = response.status >= 400, is_empty(response)
    body = None if empty else json_or_text(response) if failed else _parse(response, answer, reading)
    if reading.redactor.may_stand_in(response.body):
        body = reading.redactor.clean(body)
    is_said = not empty and (failed or answer.is_json)
    came = Came(response.status, response.headers, body, has_body=is_said)
    error = reading.rules.failure(came, reading.redactor)
    if error is not None:
        raise error
    if 300 <= response.status < 400 and not (reading.may_be_unmodified and response.status == NOT_MODIFIED):
        raise UnexpectedResponse(
            f"{reading.title} answered with a redirect ({response.status}) that leads nowhere we may follow.",
            hint="Check the arguments; if they are right, the provider has moved this.",
        )
    if answer.kind == "file" and not empty and not (reading.is_raw and answer.is_json):
        return Reply(response, None, None, None, _file(response, body, answer, reading))
    return _projected(response, body, answer, reading, reading.rules.note(came, reading.redactor))


def _file(response: OutboundResponse, body: Any, answer: Answer, reading: Reading) -> File:
    from connectory.actions.file_answers import file_inside, file_of

    if answer.content is None:
        return file_of(response, reading.redactor, reading.file_name)
    file = file_inside(body, answer.content, reading.redactor, reading.file_name)
    if file is None:
        raise _without(reading, "the file")
    return file


def _without(reading: Reading, what: str) -> UnexpectedResponse:
    return UnexpectedResponse(
        f"{reading.title} answered without {what} that was due.",
        hint="Call again with raw: true to see what came instead.",
    )


def is_empty(response: OutboundResponse) -> bool:
    """Whether an answer has no content, so that its status says it all (RFC 9110 sections 15.3.5, 15.4.5)."""
    return not response.body or response.status in (204, NOT_MODIFIED)


def _projected(response: OutboundResponse, body: Any, answer: Answer, reading: Reading, note: str) -> Reply:
    clean = reading.redactor.clean
    if reading.is_raw:
        found = None if answer.items is None else [] if body is None else evaluate_or_none(answer.items, body, clean)
        items = found if isinstance(found, list) else None
        return Reply(response, body, items, body if items is None else items, note=note, came=items or ())
    if answer.items is None:
        value = body if body is None or answer.kind == "text" else evaluate(answer.item, body, clean)
        return Reply(response, body, None, value, note=note)
    items = [] if body is None else evaluate(answer.items, body, clean)
    if items is None and note:
        items = []  # the missing part of a GraphQL answer; the note says so
    if not isinstance(items, list):
        raise _without(reading, "the list")
    kept = items if answer.when is None else _kept(answer.when, items, clean)
    return Reply(response, body, kept, evaluate_each(answer.item, kept, clean), note=note, came=items)


def _kept(when: str, items: Sequence[Any], clean: Callable[[Any], Any]) -> list[Any]:
    return [item for item, holds in zip(items, evaluate_each(when, items, clean), strict=True) if is_true(holds)]


def as_said(response: OutboundResponse) -> Answer:
    """Return the kind of answer that its Content-Type names."""
    is_json = "json" in response.headers.get("content-type", "").lower()
    return Answer.model_validate({"as": "json" if is_json else "text"})


def json_or_text(response: OutboundResponse) -> Any:
    """Return a body as whatever it is; as text, JSON that would take too much memory."""
    try:
        _check_values(response.body)
        return _json(response.body)
    except (ValueError, RecursionError, ResponseTooLarge):
        return _text(response)


def _parse(response: OutboundResponse, answer: Answer, reading: Reading) -> Any:
    """The body as the kind of answer that is due. Raises `UnexpectedResponse`."""
    if not answer.is_json:
        return _text(response) if answer.kind == "text" else None
    _check_values(response.body)
    try:
        return _json_lines(response.body) if answer.kind == "json_lines" else _json(response.body)
    except (ValueError, RecursionError):
        content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()[:60]
        raise UnexpectedResponse(
            f"{reading.title} answered {response.status} with {content_type or 'text'} that is not JSON"
            " that can be read.",
            hint="A login page or a proxy may stand before it; ask the person to check the server's address."
            if reading.rules.is_read
            else "It may have been done all the same: look first, and do not simply call again.",
        ) from None


def _check_values(data: bytes) -> None:
    """Raise `ResponseTooLarge` before what is small as JSON is parsed into a hundred times its size (attack 107)."""
    if _brackets(data) > MOST_NESTED and _brackets(_TEXTS.sub(b"", data)) > MOST_NESTED:
        raise ResponseTooLarge(
            f"The provider's answer has more than {MOST_NESTED:,} objects and lists.",
            hint="Ask for less: a narrower filter, or a smaller limit.",
        )


def _brackets(data: bytes) -> int:
    return data.count(b"{") + data.count(b"[")


def _json(data: bytes) -> Any:
    """Parse JSON. Raises `ValueError`, or `RecursionError`; NaN, Infinity and 1e999, which it has not, become null."""
    value = _shallow(json.loads(data, parse_constant=lambda _: None, parse_float=_finite))
    return whole_characters(value) if _MAY_BE_HALF.search(data) else value


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _json_lines(data: bytes) -> list[Any]:
    values: list[Any] = []
    for line in io.BytesIO(data):
        if not line.strip():
            continue
        if len(values) == MOST_LINES:
            raise ResponseTooLarge(
                f"The provider's answer has more than {MOST_LINES:,} lines.", hint="Ask for less: a narrower filter."
            )
        values.append(_json(line))
    return values


def _text(response: OutboundResponse) -> str:
    said = _CHARSET.search(response.headers.get("content-type", ""))
    try:
        charset = codecs.lookup(said[1]).name if said else "utf-8"
    except LookupError:
        charset = "utf-8"
    return response.body.decode(charset if charset in _CHARSETS else "utf-8", "replace")


def _shallow(value: Any) -> Any:
    """Return a value as it is. Raises `ValueError` where it is nested deeper than `MAX_DEPTH`."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return value
    raise ValueError("nested too deeply")
