"""What people call the browser that sends a `User-Agent` header (RFC 9110 section 10.1.5), to tell theirs apart.

Whoever sends the header can write anything into it. So nothing of it is kept: what comes out are names of these tables.
"""

from __future__ import annotations

from collections.abc import Mapping

MOST_CHARACTERS = 500
BROWSERS: Mapping[str, str] = {  # what stands in the header; many say that they are also those below
    "Edg": "Edge",  # Edg/, EdgA/, EdgiOS/
    "OPR/": "Opera",
    "Vivaldi/": "Vivaldi",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "Chrome/": "Chrome",
    "CriOS/": "Chrome",
    "Safari/": "Safari",
    "curl/": "curl",
}
SYSTEMS: Mapping[str, str] = {
    "iPhone": "an iPhone",
    "iPad": "an iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Macintosh": "macOS",
    "Linux": "Linux",
}


def browser_of(user_agent: str) -> str:
    """Return browser and system, such as "Firefox on Linux"; empty where neither is known."""
    sent = user_agent[:MOST_CHARACTERS]
    browser = next((name for sign, name in BROWSERS.items() if sign in sent), "")
    system = next((name for sign, name in SYSTEMS.items() if sign in sent), "")
    if not system:
        return browser
    return f"{browser or 'an unknown browser'} on {system}"
