"""Reading a posted form: one content type, each name once, nothing that is not text."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from connectory.errors import InvalidArguments

MOST_FIELDS = 100
FORM_TYPE = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> dict[str, str]:
    """Return the form's fields. The guard has limited the body already.

    Raises `HTTPException` 415 for another content type (a plain cross-site post is `text/plain`, attack 29), and
    `InvalidArguments` for what no browser sends: bytes that are not UTF-8, a name twice, over `MOST_FIELDS` fields.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise HTTPException(415, "This is not a form that this page knows.")
    try:
        pairs = parse_qsl(
            (await request.body()).decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:  # UnicodeDecodeError is one; its text could hold a secret
        raise _unreadable() from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise _unreadable()
    return form


def _unreadable() -> InvalidArguments:
    return InvalidArguments("The form could not be read.", hint="Open the page again and send it from there.")
