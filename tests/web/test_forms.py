"""Reading posted forms: what no browser sends is refused before anything of it is used."""

from __future__ import annotations

import pytest
from tests.web.browsing import Browser, make_web, open_signed_in
from tests.web.settings import ROOT

from connectory.testing.application import make_principal

HALF = b"+2D0-"  # a half character in UTF-7


def multipart(fields: dict[str, bytes]) -> bytes:
    part = '--q\r\nContent-Disposition: form-data; name="{}"\r\n\r\n'
    return b"".join(part.format(name).encode() + value + b"\r\n" for name, value in fields.items()) + b"--q--\r\n"


@pytest.mark.parametrize(
    ("charset", "is_read"),
    [
        ("", True),
        ("; charset=utf-8", True),
        ('; charset="UTF-8"', True),
        ("; charset=utf-7", False),
        ('; Charset="utf-7"', False),
        ("; charset = utf-7", False),
        ("; charset*0=utf; charset*1=-7", False),
        ("; charset=utf-8; charset=utf-7", False),
        ("; charset=utf-16", False),
        ("; charset=nothing", False),
    ],
)
async def test_a_form_with_files_is_read_as_utf_8_or_not_at_all(charset: str, is_read: bool) -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        page = await open_signed_in(application, browser, principal, f"{ROOT}/connectors")
        sent = {"csrf": page.forms[0].fields["csrf"].encode(), "manifest": HALF, "do": b"check"}
        headers = {"Content-Type": f"multipart/form-data; boundary=q{charset}", "Origin": browser.origin}
        answer = await browser.client.post(f"{ROOT}/connectors", content=multipart(sent), headers=headers)
        session = await application.auth.connect(principal, "notes")
        on_the_connect_page = await browser.client.post(
            f"/connect/{session.link}",
            content=multipart({"method": b"token", "value.token": HALF}),
            headers=headers,
        )
    if is_read:
        assert HALF.decode() in answer.text  # as text, for the manifest's check
        assert on_the_connect_page.status_code == 303
    else:
        assert (answer.status_code, on_the_connect_page.status_code) == (422, 422)
        assert "The form could not be read" in answer.text
