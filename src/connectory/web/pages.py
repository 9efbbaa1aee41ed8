"""HTML from templates: escaping is on for every file, whatever it is called, and a missing value is an error."""

from __future__ import annotations

import base64
import functools
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from connectory import __version__
from connectory.web.headers import FORM_REFERRER
from connectory.web.static_files import static_url
from connectory.web.visitors import Member

FOLDER = Path(__file__).parent
FRAGMENT_HEADER = "HX-Request"  # htmx asks for what changes on a page, or for what stands in its dialog


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["web_link"] = web_link
    environment.globals["version"] = __version__
    environment.globals["static"] = static_url
    return environment


def load_templates() -> None:
    """Read and compile every template once, so that no request waits for a file."""
    for name in _environment().list_templates():
        _environment().get_template(name)


def render(template: str, status: int = 200, *, has_form: bool = False, **values: object) -> HTMLResponse:
    """Fill `templates/{template}.html`. `has_form` lets the browser name its origin when the form is posted."""
    html = _environment().get_template(f"{template}.html").render(values)
    headers: Mapping[str, str] = {"Referrer-Policy": FORM_REFERRER} if has_form else {}
    return HTMLResponse(html, status_code=status, headers=headers)


def render_member(template: str, member: Member, nav: str, status: int = 200, **values: object) -> HTMLResponse:
    """Fill a page of a member's; `nav` is the word of the page in the navigation."""
    values = {**values, "member": member, "visitor": member.visitor, "nav": nav}
    return render(template, status, has_form=True, **values)


def is_fragment(request: Request) -> bool:
    """Whether one of our own pages asks for a part of itself: no page of another site can send this header."""
    return FRAGMENT_HEADER in request.headers


def web_link(url: str | None) -> str | None:
    """Return `url` if it is a plain http(s) address, else None: manifests come from others too (attack 67)."""
    if not url or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname and parts.username is None else None


def logo_source(svg: str | None) -> str | None:
    """Return an SVG as a data URI for `<img>`, where a browser runs no script in it; never inline."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}" if svg else None
