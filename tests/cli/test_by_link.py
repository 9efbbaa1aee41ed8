"""`connect` where the sign-in goes on in a browser: at a real authorization server, by a page of whoever serves it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from tests.cli import oauth
from tests.cli.processes import PATIENCE_S, at_terminal, environment, program, read_until, seconds_to_end
from tests.cli.terminal import Terminal
from tests.cli.test_serving import wait_for_page
from tests.oauth_servers.oidc import SECRET, OidcServer, confidential_client, device_client, oidc_server
from tests.oauth_servers.pages import approve_device, deny, sign_in
from tests.web.browsing import Page
from tests.web.ports import free_port

pytestmark = pytest.mark.slow

LINK = re.compile(rb"http://localhost:\d+/connect/[\w-]+")


@dataclass
class Scene:
    """A terminal at which `acme` is signed in to at a real server, and the page's port."""

    terminal: Terminal
    server: OidcServer
    port: int

    @property
    def env(self) -> dict[str, str]:
        """What a program finds."""
        more = {"ACME_CLIENT_ID": "connectory", "ACME_CLIENT_SECRET": SECRET, **self.terminal.environment}
        return environment(self.terminal.folder, CONNECTORY_PORT=str(self.port), **more)

    def to_provider(self, browser: httpx2.Client, link: str) -> str:
        """Open the link, send the form with the server's address, and return the provider's page it leads to."""
        page = Page(browser.get(link))
        form = next(one for one in page.forms if "value.server" in one.fields)
        sent = browser.post(form.action, data={**form.fields, "value.server": self.server.issuer})
        return next(one["href"] for one in Page(sent).links if one["href"].startswith(self.server.issuer))

    def browser(self) -> httpx2.Client:
        origin = f"http://localhost:{self.port}"
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        return httpx2.Client(base_url=origin, headers=headers, trust_env=False, follow_redirects=True, timeout=30)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(port: int) -> Iterator[OidcServer]:
    client = confidential_client(f"http://localhost:{port}/api/auth/callback/acme")
    with oidc_server(client, device_client()) as running:
        yield running


@pytest.fixture
def scene(terminal: Terminal, server: OidcServer, port: int, tmp_path: Path) -> Scene:
    terminal.environment = oauth.environment(tmp_path / "manifests", server=f"127.0.0.1:{server.port}")
    return Scene(terminal, server, port)


def link_of(process: subprocess.Popen[bytes]) -> str:
    """The link, once it is shown."""
    assert process.stderr is not None
    said = b""
    while line := process.stderr.readline():
        said += line
        if found := LINK.search(line):
            return found[0].decode()
    raise AssertionError(said)


def test_the_page_is_served_while_a_person_signs_in_and_until_they_have_seen_the_end(scene: Scene) -> None:
    with program("connect", "acme", env=scene.env) as process, scene.browser() as browser:
        link = link_of(process)
        back = asyncio.run(sign_in(scene.to_provider(browser, link)))
        done = browser.get(back)
        out, err = process.communicate(timeout=PATIENCE_S)

    assert done.status_code == 200
    assert done.url.path.endswith("/done")
    assert process.returncode == 0, err
    assert out == b"Connected Acme as acme/default (account alice@example.test).\n"
    [row] = scene.terminal.run("connections", "--json").json
    assert (row["connection"], row["status"]) == ("acme/default", "active")
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", scene.port)) != 0  # nothing is left behind


def test_a_script_hears_that_the_person_said_no_and_the_link_is_dead(scene: Scene) -> None:
    with program("connect", "acme", env=scene.env) as process, scene.browser() as browser:
        link = link_of(process)
        browser.get(asyncio.run(deny(scene.to_provider(browser, link))))
        out, err = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert out == b""
    assert b"sign_in_failed: You did not allow it at Acme, so nothing was connected. Repeat the command" in err
    with program("connect", "acme", env=scene.env) as process:
        assert link_of(process) != link


def test_a_person_may_try_again_after_a_no(scene: Scene) -> None:
    with at_terminal("connect", "acme", env=scene.env) as (run, person), scene.browser() as browser:
        found = LINK.search(read_until(person, b"Ctrl-C gives up."))
        assert found
        link = found[0].decode()
        browser.get(asyncio.run(deny(scene.to_provider(browser, link))))
        said = read_until(person, b"You did not allow it at Acme")
        if b"that browser alone" not in said:  # whichever is noticed first
            read_until(person, b"that browser alone")
        browser.get(asyncio.run(sign_in(scene.to_provider(browser, link), login="bob")))
        read_until(person, b"(account bob@example.test)")
        assert run.wait(PATIENCE_S) == 0


def test_another_process_that_serves_the_page_goes_on_with_it(scene: Scene) -> None:
    with program("serve", env=scene.env) as serving:
        wait_for_page(scene.port)
        with program("connect", "acme", env=scene.env) as process, scene.browser() as browser:
            browser.get(asyncio.run(sign_in(scene.to_provider(browser, link_of(process)))))
            _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err
        assert wait_for_page(scene.port).status_code == 200
        seconds_to_end(serving, signal.SIGTERM)


def test_a_stranger_on_the_port_is_named_and_no_link_is_shown(scene: Scene) -> None:
    with socket.create_server(("127.0.0.1", scene.port)), program("connect", "acme", env=scene.env) as process:
        out, err = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert b"port_taken: Another program holds port" in err
    assert b"CONNECTORY_PORT" in err
    assert not LINK.search(out + err)


def test_ctrl_c_ends_the_wait_and_the_link(scene: Scene) -> None:
    with program("connect", "acme", env=scene.env) as process:
        link = link_of(process)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 130, err
    assert b"Traceback" not in err
    with program("connect", "acme", env=scene.env) as process:
        assert link_of(process) != link


def test_a_browser_is_opened_only_where_that_is_asked_for(scene: Scene, tmp_path: Path) -> None:
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    script.chmod(0o700)
    env = {**scene.env, "BROWSER": f"{script} %s"}
    with program("connect", "acme", env=env) as process:
        link_of(process)
    assert not (tmp_path / "opened").exists()

    with program("connect", "acme", "--open", env=env) as process:
        link = link_of(process)
        assert process.stderr is not None
        while b"Waiting" not in process.stderr.readline():
            pass
        assert (tmp_path / "opened").read_text().strip() == link


def test_what_the_page_asks_for_is_not_taken_here(scene: Scene) -> None:
    with program("connect", "acme", "--field", "server=https://a.example", env=scene.env) as process:
        _, err = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert b"invalid_arguments: acme is signed in to on a page, which asks for all that is needed." in err


def test_a_code_typed_at_a_real_server_connects_without_any_page(scene: Scene, tmp_path: Path) -> None:
    public = oauth.OAUTH.replace("    register:\n", "    client_authentication: none\n    register:\n")
    settings = oauth.environment(tmp_path / "manifests", public, server=f"127.0.0.1:{scene.server.port}")
    env = {**scene.env, **settings, "ACME_CLIENT_ID": "connectory-device", "ACME_CLIENT_SECRET": ""}
    words = ("connect", "acme", "--device", "--field", f"server={scene.server.issuer}")
    with program(*words, env=env) as process:
        assert process.stderr is not None
        said = b""
        while b"Waiting" not in said:
            said += process.stderr.readline()
        uri = re.search(rb"Open (\S+) in any browser", said)
        code = re.search(rb"^  (\S+)$", said, re.MULTILINE)
        assert uri, said
        assert code, said
        asyncio.run(approve_device(uri[1].decode(), user_code=code[1].decode(), login="carol"))
        out, err = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0, err
    assert out == b"Connected Acme as acme/default (account carol@example.test).\n"
    assert os.fsencode("carol") not in err
