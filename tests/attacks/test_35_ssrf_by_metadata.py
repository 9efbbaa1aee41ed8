"""35. SSRF by metadata: whatever a server says of itself, nothing inside is asked, and its words stand in no error."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.responses import RedirectResponse
from tests.attacks.lying_server import DISCOVERY, OPENID, RESOURCE, LyingServer, says
from tests.attacks.signing_in import P_YAML, Scene, oauth_form, scene
from tests.net.provider import Provider, serving
from tests.web.browsing import Browser, Page

MARK = "mark-of-the-body-x9"
INSIDE = [
    "http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/latest/meta-data/", "http://127.0.0.1:{port}/x",
    "https://127.0.0.1:{port}/x", "https://[::1]:{port}/x", "https://localhost:{port}/x", "https://10.0.0.1/x",
    "https://[fd00::1]/x", "https://[::ffff:127.0.0.1]:{port}/x", "https://metadata.google.internal/x",
    "https://0x7f000001:{port}/x", "https://127.1:{port}/x", "http://public.example/x", "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/x", "//127.0.0.1:{port}/x", "https://[x", "https://[fe80::1%25eth0]/x",
    "https://p.example@127.0.0.1:{port}/x", "", 7, ["x"], {"a": 1},
]  # fmt: skip
BY_RESOURCE = P_YAML.replace('    issuer: "https://p.example"', '    resource: "https://p.example"')


def _at(address: Any, inside: Provider) -> Any:
    return address.replace("{port}", str(inside.port)) if isinstance(address, str) else address


async def _submit(s: Scene, browser: Browser, link: str) -> Page:
    page = await browser.open(link)
    return Page(await browser.send(oauth_form(page)))


@pytest.mark.parametrize("address", INSIDE, ids=str)
async def test_attack_35_no_code_goes_to_a_token_endpoint_inside(address: Any) -> None:
    async with serving() as inside, scene() as s, s.browser() as browser:
        s.server.lies["token_endpoint"] = _at(address, inside)
        page = await _submit(s, browser, await s.link())
        if page.status == 200:  # an https address; where it leads is judged when it is asked
            [leaving] = [link["href"] for link in page.links if "authorize" in link["href"]]
            back = await s.server.sign_in(leaving)
            async with s.refused("code-0", spends=True):
                page = await s.problem(browser, await s.follow(browser, back))
        assert "Sign in with" in page.text  # the form again, with the reason
        assert await s.connections() == []
        assert inside.connections == 0


@pytest.mark.parametrize("address", INSIDE, ids=str)
async def test_attack_35_nobody_registers_with_an_address_inside(address: Any) -> None:
    async with serving() as inside, scene(client={}) as s, s.browser() as browser:
        s.server.lies["registration_endpoint"] = _at(address, inside)
        link = await s.link()
        async with s.refused(may_ask=1, spends=True):
            page = await _submit(s, browser, link)
        assert page.status == 422
        assert inside.connections == 0


@pytest.mark.parametrize("address", INSIDE, ids=str)
async def test_attack_35_no_authorization_server_inside_is_asked(address: Any) -> None:
    async with serving() as inside, scene(BY_RESOURCE) as s, s.browser() as browser:
        s.server.answers[RESOURCE] = says(
            {"resource": "https://p.example", "authorization_servers": [_at(address, inside)]}
        )
        link = await s.link()
        async with s.refused(may_ask=1, spends=True):
            page = await _submit(s, browser, link)
        assert page.status == 422
        assert [one.path for one in s.server.heard] == [RESOURCE]
        assert inside.connections == 0


@pytest.mark.parametrize(
    "name", ["jwks_uri", "registration_client_uri", "logo_uri", "op_policy_uri", "service_documentation"]
)
async def test_attack_35_what_nobody_needs_is_never_asked(name: str) -> None:
    async with serving() as inside, scene() as s, s.browser() as browser:
        s.server.lies[name] = f"http://127.0.0.1:{inside.port}/x"
        await s.connected(browser)
        assert inside.connections == 0


@pytest.mark.parametrize("path", [DISCOVERY, OPENID, RESOURCE])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_attack_35_a_redirect_of_metadata_is_not_followed(path: str, status: int) -> None:
    async with serving() as inside, scene(BY_RESOURCE) as s, s.browser() as browser:
        for asked in {DISCOVERY, OPENID} if path == OPENID else {path}:
            s.server.answers[asked] = lambda _: RedirectResponse(f"http://127.0.0.1:{inside.port}/x", status)
        page = await _submit(s, browser, await s.link())
        if path == DISCOVERY:  # the other document is as good
            assert page.status == 200
        else:
            assert page.status == 422
        assert inside.connections == 0
        s.server.answers = {one: lambda _: RedirectResponse("https://evil.example/x", status) for one in (RESOURCE,)}
        assert (await _submit(s, browser, await s.link())).status == 422
        assert s.evil.heard == []


async def test_attack_35_a_revocation_endpoint_inside_is_not_asked_and_the_person_is_told() -> None:
    async with serving() as inside, scene() as s, s.browser() as browser:
        s.server.lies["revocation_endpoint"] = f"https://127.0.0.1:{inside.port}/x"
        await s.connected(browser)
        said = await s.face.call(s.token, "disconnect", connection="p/default")
        assert "could not be told" in said.text
        assert inside.connections == 0


@pytest.mark.parametrize(
    "where", ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:{port}/x", "https://evil.example/x"]
)
async def test_attack_35_what_a_401_names_is_not_asked(where: str) -> None:
    async with serving() as inside, scene() as s, s.browser() as browser:
        await s.connected(browser)
        named = f'Bearer resource_metadata="{_at(where, inside)}"'
        s.server.answers["/things"] = says({"message": "no"}, 401, WWW_Authenticate=named)
        said = await s.face.call(s.token, "p_list_things")
        assert said.failed
        assert "169.254" not in said.text
        assert inside.connections == 0
        assert s.evil.heard == []


CLIENT_IDS: list[Any] = ["x\r\nX-Evil: 1", "x\n", "\x00", "", "x" * 3000, 7, None, ["x"], "x\u2028y"]


@pytest.mark.parametrize("client_id", CLIENT_IDS, ids=lambda one: repr(one)[:20])
async def test_attack_35_a_registered_client_id_is_plain_or_none(client_id: Any) -> None:
    async with scene(client={}) as s, s.browser() as browser:
        s.server.lies["registration_endpoint"] = "https://p.example/register"
        s.server.answers["/register"] = says({"client_id": client_id, "client_secret": MARK}, 201)
        link = await s.link()
        async with s.refused(MARK, may_ask=2, spends=True):
            page = await _submit(s, browser, link)
        assert page.status == 422
        assert MARK not in page.html


BODIES: dict[str, Any] = {
    "another issuer": {"issuer": f"https://{MARK}.example"},
    "a text as token endpoint": {"issuer": "https://p.example", "token_endpoint": MARK},
    "a scheme": {"issuer": "https://p.example", "token_endpoint": f"{MARK}://x"},
    "HTML": f"<h1>{MARK}</h1>",
    "an error": {"error": MARK, "error_description": MARK},
    "another resource": {"resource": f"https://{MARK}.example", "authorization_servers": ["https://p.example"]},
    "another server": {"resource": "https://p.example", "authorization_servers": [f"https://{MARK}.example"]},
    "a plain server": {"resource": "https://p.example", "authorization_servers": [f"http://{MARK}.example"]},
    "no address": {"resource": "https://p.example", "authorization_servers": [f"{MARK} x"]},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", [DISCOVERY, RESOURCE])
async def test_attack_35_no_error_repeats_what_the_metadata_said(path: str, body: Any) -> None:
    other = LyingServer(f"https://{MARK}.example", lies={"issuer": "https://p.example"})
    async with scene(BY_RESOURCE, mounts={other.origin: other.transport}) as s, s.browser() as browser:
        for one in {path, OPENID} if path == DISCOVERY else {path}:
            s.server.answers[one] = says(body)
        page = await _submit(s, browser, await s.link())
        assert page.status == 422
        assert MARK not in page.html
