"""What only a real browser shows: that its own headers pass the guard, and that nothing of the page is blocked."""

from __future__ import annotations

import pytest
from tests.web.browsing import make_web
from tests.web.chromium import browsing, needs_chromium
from tests.web.ports import free_port, serving

from connectory.testing.application import make_principal

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
                document.body.append(frame);
                setTimeout(() => done([window.ran === true, frame.contentDocument !== null]), 300);
            })"""
        )
    assert ran == [False, False]
