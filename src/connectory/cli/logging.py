"""Logs: to stderr alone, and never with a secret in them (attack 89).

Three fences. What other libraries log is told by name and place only, since HTTP, SQL and server loggers put whole
requests into their texts. An exception is told by type and place, and by its text only if it is one of ours. And over
every finished line go the shapes of secrets and the very values of those in the settings.
"""

from __future__ import annotations

import base64
import logging
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import structlog

from connectory.cli.output import printable
from connectory.errors import ConnectoryError

if TYPE_CHECKING:
    from structlog.typing import Processor

    from connectory.settings import Settings

OURS = "connectory"
TOLD_LIBRARIES = frozenset({"uvicorn.error", "alembic"})  # their warnings hold no request data
MASK = "***"
LEFT_OUT = "(text left out: it could hold a secret)"
SECRET_NAMES = re.compile(
    r"token|secret|password|passwd|authorization|cookie|credential|api_?key|(^|_)link$|dsn", re.IGNORECASE
)
SHORTEST_SECRET = 6
MOST_FRAMES = 12
SHAPES = (
    (re.compile(r"cny_[A-Za-z0-9_-]{16,}"), "cny_" + MASK),  # our own tokens
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {MASK}"),  # RFC 6750, RFC 7617
    (re.compile(r"/(connect|confirm)/[A-Za-z0-9_-]{16,}"), rf"/\1/{MASK}"),  # our links
    (re.compile(r"://[^/\s@\"']*:[^/\s\"']*@"), f"://{MASK}@"),  # passwords in addresses
    (re.compile(r"([?&][^=\s&\"']{1,64}=)[^&\s\"']+"), rf"\1{MASK}"),  # query values
)

Event = MutableMapping[str, Any]


def configure_logging(level: str, settings: Settings) -> None:
    """Send this package's log from `level` on to stderr, and warnings of others without their text."""
    known = tuple(_spellings(_secrets_of(settings)))
    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%Y-%m-%dT%H:%M:%SZ", utc=True),
        _tell_exception,
        _hide_values,
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_withhold_foreign_text, *before],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _Line(known)],
    )
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, StderrHandler)]:
        root.removeHandler(handler)
    root.addHandler(StderrHandler(formatter))
    logging.getLogger(OURS).setLevel(level.upper())


class StderrHandler(logging.Handler):
    """Writes to stderr as it is at that moment; what others log below a warning stays out, whatever level they have."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)
        self.addFilter(lambda record: is_ours(record.name) or record.levelno >= logging.WARNING)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line. The usual handler of failures would print the record's arguments."""
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001 # a log line must never end the work it tells of
            line = f"a line of {record.name} could not be written ({type(error).__name__})"
        try:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):
            return  # stderr is closed, and there is no other place to say so


def is_ours(name: str) -> bool:
    """Whether a logger belongs to this package."""
    return name == OURS or name.startswith(OURS + ".")


def mask_shapes(text: str) -> str:
    """Return `text` without what looks like a secret."""
    for shape, mask in SHAPES:
        text = shape.sub(mask, text)
    return text


class _Line:
    """Makes the finished line, and goes over it for secrets once more."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known = sorted(set(known), key=len, reverse=True)

    def __call__(self, _logger: object, _method: str, event: Event) -> str:
        head = [event.pop(name, "") for name in ("timestamp", "level", "logger", "event")]
        rest = [f"{name}={_quoted(value)}" for name, value in event.items()]
        line = " ".join([str(head[0]), f"{head[1]!s:<7}", f"{head[2]}:", str(head[3]), *rest])
        for secret in self._known:
            line = line.replace(secret, MASK)
        return printable(mask_shapes(line)).replace("\n", "\\n")


def _withhold_foreign_text(_logger: object, _method: str, event: Event) -> Event:
    record: logging.LogRecord = event["_record"]
    if not is_ours(record.name) and record.name not in TOLD_LIBRARIES:
        event["event"] = f"{LEFT_OUT} at {Path(record.pathname).name}:{record.lineno}"
    return event


def _tell_exception(_logger: object, _method: str, event: Event) -> Event:
    """Replace `exc_info` by type and places; the text is only ever one of ours, which hold no secret."""
    given = event.pop("exc_info", None)
    event.pop("stack_info", None)
    error = given[1] if isinstance(given, tuple) else given if isinstance(given, BaseException) else None
    if error is None and given:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error"] = _named(error)
        event["trace"] = " < ".join(_places(error))
        if (cause := error.__cause__ or error.__context__) is not None:
            event["cause"] = _named(cause)
    return event


def _named(error: BaseException) -> str:
    return f"{error.code}: {error.text}" if isinstance(error, ConnectoryError) else type(error).__name__


def _places(error: BaseException) -> list[str]:
    """Where it happened, the innermost place first."""
    frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames)]


def _hide_values(_logger: object, _method: str, event: Event) -> Event:
    """Mask values by their name or type; what is no plain value is told by its type."""
    for name, value in event.items():
        if name.startswith("_") or name in ("event", "error", "trace", "cause"):
            continue
        if SECRET_NAMES.search(name) and not isinstance(value, bool | int):
            event[name] = MASK
        elif isinstance(value, ConnectoryError):
            event[name] = _named(value)
        elif not isinstance(value, str | int | float | bool | None | Path):
            event[name] = f"<{type(value).__name__}>"
    return event


def _quoted(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text or not text else text


def _secrets_of(settings: Settings) -> Iterator[str]:
    """Every secret that the settings hold."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if hasattr(value, "get_secret_value"):
            yield from (part.strip() for part in value.get_secret_value().split(","))
    if settings.database_url:
        yield settings.database_url
    for client in settings.oauth_clients.values():
        if client.client_secret is not None:
            yield client.client_secret.get_secret_value()


def _spellings(secrets: Iterable[str]) -> Iterator[str]:
    """Each secret as it is, as in a URL, and in base64."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            yield from (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode().rstrip("="))
