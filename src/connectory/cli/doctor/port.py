"""The port of the web page, and who holds it: proven by the secret of this data folder, as the election does it."""

from __future__ import annotations

import asyncio

from connectory.cli.doctor.finding import Finding, from_error, ok, wrong
from connectory.errors import ConnectoryError
from connectory.settings import Settings
from connectory.vault.keys import KeyRing
from connectory.web.election import SAME_PORT, asked_addresses, elsewhere, is_held
from connectory.web.proof import Answerer, ask
from connectory.web.server import open_sockets, who_listens

GROUP = "port"


async def check_port(settings: Settings, keys: KeyRing | None) -> list[Finding]:
    """Say who answers where links lead."""
    held = await asyncio.to_thread(_is_held, settings)
    addresses = await asyncio.to_thread(asked_addresses, settings)
    ring = keys or KeyRing([b"\0" * 32])  # nobody can prove anything by it: whoever answers is a stranger then
    answers = dict(
        zip(addresses, await asyncio.gather(*(ask(ring, one, settings.port) for one in addresses)), strict=True)
    )
    strangers = [address for address, who in answers.items() if who is Answerer.STRANGER]
    if strangers:
        return [_stranger(settings, strangers, held=held, has_key=keys is not None)]
    if Answerer.OURS in answers.values():
        return [ok(GROUP, f"A Connectory of this data folder serves the page at {settings.origin}.")]
    if held:
        return [wrong(GROUP, elsewhere(settings.port), SAME_PORT)]
    return await asyncio.to_thread(_free, settings)


def _is_held(settings: Settings) -> bool:
    try:
        return is_held(settings.data_dir)
    except OSError:  # the data folder's own finding says so
        return False


def _stranger(settings: Settings, addresses: list[str], *, held: bool, has_key: bool) -> Finding:
    where = f"port {settings.port} ({', '.join(addresses)})"
    if not has_key:
        return wrong(
            GROUP,
            f"Somebody listens on {where}; without the key it cannot be told whether that is Connectory.",
            "Mend the key first, then repeat this.",
        )
    if held:
        return wrong(
            GROUP,
            f"Whoever listens on {where} cannot prove to be Connectory with this key, though one is running here.",
            "If the key or CONNECTORY_PORT was changed, restart `connectory serve` and the clients; else end the other"
            f" program: {who_listens(settings.port)} shows which it is.",
        )
    return wrong(
        GROUP,
        f"Another program listens on {where}, so no sign-in page can be served and no link offered.",
        f"End it ({who_listens(settings.port)} shows which it is), or set CONNECTORY_PORT to the same free port for"
        " every client. A Connectory with another data folder is another program too.",
    )


def _free(settings: Settings) -> list[Finding]:
    try:
        for listener in open_sockets(settings):
            listener.close()
    except ConnectoryError as error:
        return [from_error(GROUP, error)]
    except OSError as error:  # a privileged port
        return [wrong(GROUP, f"Port {settings.port} cannot be used: {error.strerror}.", "Set CONNECTORY_PORT.")]
    return [ok(GROUP, f"Port {settings.port} is free; a client or `connectory serve` will serve the page there.")]
