"""What the doctor says of the issuer at which people sign in to the pages."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from tests.attacks.lying_issuer import LyingIssuer
from tests.cli.doctor.reports import Report, examine
from tests.cli.terminal import Terminal
from tests.web.ports import free_port

READY_S = 30.0


@contextmanager
def issuer() -> Iterator[LyingIssuer]:
    """One on loopback."""
    port = free_port()
    app = LyingIssuer(origin=f"http://127.0.0.1:{port}")
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, ws="none", lifespan="off"))
    thread = threading.Thread(target=server.run, name="issuer")
    thread.start()
    try:
        deadline = time.monotonic() + READY_S
        while not server.started:
            assert thread.is_alive(), "it ended before it was ready"
            assert time.monotonic() < deadline, "it does not start"
            time.sleep(0.01)
        yield app
    finally:
        server.should_exit = True
        thread.join(READY_S)


def examined(terminal: Terminal, origin: str, *words: str) -> Report:
    settings = {"CONNECTORY_OIDC_ISSUER": origin, "CONNECTORY_OIDC_CLIENT_ID": "connectory"}
    return examine(terminal, *words, **settings)


def test_one_that_answers_is_well_and_told_what_to_register(terminal: Terminal) -> None:
    with issuer() as running:
        report = examined(terminal, running.origin)
        assert "The redirect address to register there is http://localhost:" in report.text("issuer", "ok")
        assert "/signin/oidc/callback" in report.text("issuer", "ok")

        running.lies = {"issuer": f"{running.origin}/"}
        assert "to the letter" in examined(terminal, running.origin).text("issuer", "wrong")

        running.lies = {"id_token_signing_alg_values_supported": ["HS256", "RS512"]}
        assert "HS256, RS512, with 1 keys" in examined(terminal, running.origin).text("issuer", "wrong")

        asked = len(running.heard)
        assert examined(terminal, running.origin, "--offline").of("issuer") == []
        assert len(running.heard) == asked


def test_one_that_is_not_there_is_told_and_none_is_not_asked(terminal: Terminal) -> None:
    told = examined(terminal, "http://127.0.0.1:1").text("issuer", "wrong")
    assert "refused the connection" in told
    assert "Check CONNECTORY_OIDC_ISSUER" in told
    assert examine(terminal).of("issuer") == []
