"""Browser and system by a `User-Agent` header, as browsers send it in 2026."""

from __future__ import annotations

import pytest

from connectory.web.browsers import browser_of

GECKO = "Mozilla/5.0 ({}) Gecko/20100101 Firefox/140.0"
KIT = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) {}"
MAC, PHONE = "Macintosh; Intel Mac OS X 10_15_7", "iPhone; CPU iPhone OS 18_5 like Mac OS X"


@pytest.mark.parametrize(
    ("sent", "called"),
    [
        (GECKO.format("X11; Linux x86_64; rv:140.0"), "Firefox on Linux"),
        (GECKO.format("Windows NT 10.0; Win64; x64; rv:140.0"), "Firefox on Windows"),
        (GECKO.format("Android 15; Mobile; rv:140.0"), "Firefox on Android"),
        (KIT.format(MAC, "Chrome/138.0.0.0 Safari/537.36"), "Chrome on macOS"),
        (KIT.format("X11; CrOS x86_64 14541.0.0", "Chrome/138.0.0.0 Safari/537.36"), "Chrome on ChromeOS"),
        (KIT.format("Linux; Android 10; K", "Chrome/138.0.0.0 Mobile Safari/537.36"), "Chrome on Android"),
        (KIT.format("X11; Linux x86_64", "HeadlessChrome/138.0.0.0 Safari/537.36"), "Chrome on Linux"),
        (KIT.format("Windows NT 10.0", "Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0"), "Edge on Windows"),
        (KIT.format(MAC, "Chrome/138.0.0.0 Safari/537.36 OPR/120.0.0.0"), "Opera on macOS"),
        (KIT.format(MAC, "Version/18.5 Safari/605.1.15"), "Safari on macOS"),
        (KIT.format(PHONE, "Version/18.5 Mobile/15E148 Safari/604.1"), "Safari on an iPhone"),
        (KIT.format(PHONE, "CriOS/138.0 Mobile/15E148 Safari/604.1"), "Chrome on an iPhone"),
        (KIT.format("iPad; CPU OS 18_5 like Mac OS X", "FxiOS/140.0 Safari/605.1.15"), "Firefox on an iPad"),
        ("curl/8.14.1", "curl"),
        ("Something/1.0 (Linux)", "an unknown browser on Linux"),
        ("python-httpx2/1.0", ""),
        ("", ""),
        ("<script>\u202e" * 1000 + "Firefox/1", ""),
    ],
)
def test_a_browser_is_called_as_people_call_it(sent: str, called: str) -> None:
    assert browser_of(sent) == called
