"""`open`: the web page in the browser, signed in by a link that works once (design 5.6, attack 73)."""

from __future__ import annotations

import os
import webbrowser
from datetime import timedelta
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connectory.cli.acting import act
from connectory.cli.output import note, show_text

if TYPE_CHECKING:
    from connectory.identity.principal import Principal
    from connectory.settings import Settings
    from connectory.wiring import Application

OPENS_FOR = timedelta(minutes=10)
REDIRECT_FILE = "open.html"


def open_page(
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Only show the link; it works once.")] = False,
) -> None:
    """Open the web page in the browser, signed in."""

    async def make(application: Application, principal: Principal) -> tuple[str, Path]:
        await application.presence()
        link = await sign_in_link(application, principal, OPENS_FOR)
        return link, application.settings.data_dir

    link, folder = act(make)
    show_text(f"{link}\nIt works once, within ten minutes.")
    if not no_browser:
        note("If no page opens in your browser, open the link yourself.")
        webbrowser.open(_redirect_file(folder, link).as_uri())


async def sign_in_link(application: Application, principal: Principal, lasts: timedelta) -> str:
    """Return an address that opens the page as `principal`, once. In fleet mode people sign in by themselves."""
    settings: Settings = application.settings
    if not settings.is_local:
        return f"{settings.origin}/signin"
    return f"{settings.origin}/open/{await application.web_sessions.make_link(principal, lasts)}"


def _redirect_file(folder: Path, link: str) -> Path:
    """A file that leads to the link: whoever lists the processes of this machine would read an argument."""
    path = folder / REDIRECT_FILE
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        target = escape(link, quote=True)
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={target}"><a href="{target}">Go on</a>')
    return path
