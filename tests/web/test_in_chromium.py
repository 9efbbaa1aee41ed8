"""What only a real browser shows: that its own headers pass the guard, and that nothing of the page is blocked."""

from __future__ import annotations

import pytest
from tests.web.browsing import make_web
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port, serving
from tests.web.test_connect import KINTO_YAML, ROBOT_YAML, Refusing

from connectory.testing.application import make_principal
from connectory.testing.connectors import make_catalog, make_connector
from connectory.testing.provider import FakeProvider, answers

pytestmark = [pytest.mark.slow, needs_chromium]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1"])
async def test_a_person_connects_by_keyboard_alone(name: str) -> None:
    port = free_port()
    async with make_web({"CONNECTORY_PORT": str(port)}) as (application, app):
        principal = await make_principal(application)
        link = application.auth.link_url(await application.auth.connect(principal, "notes"))
        async with serving(app, application.settings), browsing(java_script_enabled=False) as page:
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(message.text))
            await page.goto(link.replace("localhost", name))
            assert page.url == link  # one page, one name
            await page.get_by_label("API key").fill("s3cret-token")
            await page.keyboard.press("Enter")
            await page.wait_for_url(f"{link}/done")
            assert "Notes is connected" in await page.inner_text("main")
            await page.go_back()
            assert "s3cret" not in await page.content()
            await page.goto(link)
            assert page.url == f"{link}/done"
        assert complaints == []
        assert len(await application.auth.list_connections(principal)) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_file_is_uploaded_and_a_choice_made_without_a_script_on_a_narrow_screen(scheme: str) -> None:
    port = free_port()
    told = FakeProvider(answers(200, {"id": 7, "login": "robot-7"}))
    catalog, mounts = make_catalog(make_connector(ROBOT_YAML)), {"https://eu.robot.example": told}
    key = {"name": "key.json", "mimeType": "application/json", "buffer": b'{"private_key":\r\n "s3cret"}'}
    async with make_web({"CONNECTORY_PORT": str(port)}, catalog=catalog, mounts=mounts) as (application, app):
        principal = await make_principal(application)
        link = application.auth.link_url(await application.auth.connect(principal, "robot"))
        screen = {"color_scheme": scheme, "viewport": {"width": 360, "height": 800}}
        async with serving(app, application.settings), browsing(java_script_enabled=False, **screen) as page:
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(message.text))
            await page.goto(link)
            for element in await page.locator("select, textarea, input:not([type=hidden]), button").all():
                box = await element.bounding_box()
                assert box["x"] >= 0
                assert box["x"] + box["width"] <= 360
            await page.get_by_label("Region").select_option("eu")
            await page.get_by_label("Name").fill("robot")
            await page.get_by_label("Key file: the file").set_input_files(key)
            await page.get_by_role("button", name="Connect Robot").click()
            await page.wait_for_url(f"{link}/done")
        assert complaints == []
        [(connection, grant)] = await application.auth.list_connections(principal)
        access = await application.auth.get_credentials(principal, connection.id)
    assert access.credentials.secrets()["account"].get_secret_value() == '{"private_key":\n "s3cret"}'
    assert grant.facts["region"] == "eu"


async def test_what_was_typed_on_the_connect_page_outlives_a_mistake_and_a_server_that_is_away() -> None:
    port = free_port()
    mounts = {"https://kinto.example": FakeProvider(answers(200, {"user": {"id": "ann"}}))}
    web = make_web({"CONNECTORY_PORT": str(port)}, catalog=make_catalog(make_connector(KINTO_YAML)), mounts=mounts)
    async with web as (application, app), serving(app, application.settings), browsing() as page:
        principal = await make_principal(application)
        link = application.auth.link_url(await application.auth.connect(principal, "kinto"))
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        await page.goto(link)
        server, password = page.get_by_label("Server", exact=True), page.get_by_label("Password", exact=True)
        await server.fill("localhost")
        await page.get_by_label("User name").fill("ann")
        await password.fill("s3cret")
        await page.route("**/connect/**", lambda route: route.abort("connectionrefused"))
        await password.press("Enter")
        await page.get_by_role("alert").get_by_text("The server did not answer.").wait_for()
        await page.unroute("**/connect/**")
        await page.route("**/connect/**", lambda route: route.fulfill(status=502, body="Bad Gateway"))
        await password.press("Enter")
        await page.get_by_role("alert").get_by_text("The server did not answer.").wait_for()
        await page.unroute("**/connect/**")
        await page.get_by_role("button", name="Connect Kinto").click()
        await page.get_by_text("This address is in a private network.").wait_for()
        assert await password.input_value() == "s3cret"
        assert await page.get_by_text("The server did not answer.").count() == 0
        assert await page.get_by_role("button", name="Show Password").is_visible()
        await server.fill("kinto.example")
        await password.press("Enter")
        await page.wait_for_url(f"{link}/done")
        assert [
            one for one in complaints if not any(known in one for known in ("CONNECTION_REFUSED", "422", "502"))
        ] == []


async def test_a_file_is_sent_and_stays_chosen_after_a_mistake() -> None:
    port = free_port()
    told = Refusing(401)
    catalog, mounts = make_catalog(make_connector(ROBOT_YAML)), {"https://eu.robot.example": told}
    key = {"name": "key.json", "mimeType": "application/json", "buffer": b'{"private_key": "s3cret"}'}
    web = make_web({"CONNECTORY_PORT": str(port)}, catalog=catalog, mounts=mounts)
    async with web as (application, app), serving(app, application.settings), browsing() as page:
        principal = await make_principal(application)
        link = application.auth.link_url(await application.auth.connect(principal, "robot"))
        await page.goto(link)
        await page.get_by_label("Region").select_option("eu")
        await page.get_by_label("Name").fill("robot")
        await page.get_by_label("Key file: the file").set_input_files(key)
        await page.get_by_role("button", name="Connect Robot").click()
        await page.get_by_text("did not accept this").wait_for()
        told.status, told.body = 200, {"id": 7, "login": "robot-7"}
        await page.get_by_role("button", name="Connect Robot").click()
        await page.wait_for_url(f"{link}/done")


async def test_nothing_of_a_page_can_be_framed_or_scripted() -> None:
    port = free_port()
    async with (
        make_web({"CONNECTORY_PORT": str(port)}) as (application, app),
        serving(app, application.settings),
        browsing() as page,
    ):
        await page.goto(f"http://localhost:{port}/")
        ran = await page.evaluate(
            """() => new Promise(done => {
                const script = document.createElement("script");
                script.textContent = "window.ran = true";
                document.body.append(script);
                const frame = document.createElement("iframe");
                frame.src = "/";
                frame.onload = () => done([window.ran === true, frame.contentDocument !== null]);
                document.body.append(frame);
            })"""
        )
    assert ran == [False, False]
