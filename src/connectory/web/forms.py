"""Reading a posted form: the content types of our own forms, each name once, nothing that is not text."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from connectory.errors import InvalidArguments

MOST_FIELDS = 100
FORM_TYPE = "application/x-www-form-urlencoded"
FILES_TYPE = "multipart/form-data"
OTHER_CHARSET = re.compile(r'charset(?!="?utf-8"?\s*(?:;|$))', re.IGNORECASE)  # browsers name none (RFC 7578)
HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # no page and no database takes one
MOST_FILES = 10
MAX_PART_BYTES = 1_310_720  # the guard has limited the whole before


async def read_form(request: Request) -> dict[str, str]:
    """Return the form's fields. The guard has limited the body already.

    Raises `HTTPException` 415 for another content type (a plain cross-site post is `text/plain`, attack 29), and
    `InvalidArguments` for what no browser sends: bytes that are not UTF-8, a name twice, over `MOST_FIELDS` fields.
    """
    if _type_of(request) != FORM_TYPE:
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


async def read_form_with_files(request: Request) -> tuple[dict[str, str], dict[str, str]]:
    """Return the fields and the uploaded files' texts, by name, of a form with or without files.

    What of a file is no UTF-8 is kept as lone surrogates, which no check of a text lets pass. Raises as `read_form`,
    and for another encoding than UTF-8: of some, UTF-7 for one, the parser makes half characters.
    """
    if _type_of(request) != FILES_TYPE:
        return await read_form(request), {}
    if OTHER_CHARSET.search(request.headers["content-type"]):
        raise _unreadable()
    parser = MultiPartParser(
        request.headers, request.stream(), max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=MAX_PART_BYTES
    )
    try:
        form = await parser.parse()
    except MultiPartException:
        raise _unreadable() from None
    try:
        pairs = form.multi_items()
        fields = {name: value for name, value in pairs if isinstance(value, str)}
        if len(form) != len(pairs) or any(map(HALF_CHARACTER.search, [*form, *fields.values()])):
            raise _unreadable()
        files = {
            name: (await value.read()).decode(errors="surrogateescape")
            for name, value in pairs
            if isinstance(value, UploadFile)
        }
    finally:
        await form.close()
    return fields, files


def _type_of(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _unreadable() -> InvalidArguments:
    return InvalidArguments("The form could not be read.", hint="Open the page again and send it from there.")
