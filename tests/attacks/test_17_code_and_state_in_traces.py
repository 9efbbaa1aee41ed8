"""17. Code and state in Referer, history, logs: the callback leads on to a clean address, and leaves no trace."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from tests.attacks.in_chromium import browsers
from tests.attacks.lying_server import Heard, query_of, says
from tests.attacks.planted import files_with, found_in
from tests.attacks.real_sign_in import RealSignIn, browsing_plainly, real_sign_in, sign_in_as
from tests.attacks.signing_in import scene
from tests.web.chromium import needs_chromium

PAGE = """<title>agree</title><img src="{evil}/pixel.png"><script src="{evil}/tracker.js"></script>
<link rel=stylesheet href="{evil}/style.css"><a id=agree href="{back}">agree</a>"""


def _trace(heard: list[Heard]) -> str:
    return "\n".join(one.raw for one in heard)


@pytest.mark.slow
@needs_chromium
async def test_attack_17_no_code_state_or_link_stands_in_a_referer_or_in_the_history() -> None:
    async with browsers() as b:
        s, page = b.scene, await b.person()
        link = await s.link()
        s.server.page = PAGE.replace("{evil}", s.evil.origin)
        await b.fill(page, link)
        await page.wait_for_url(f"{s.server.origin}/authorize**")
        await page.wait_for_load_state("networkidle")
        callback = query_of(s.server.last_callback)
        answers: list[tuple[int, dict[str, str]]] = []
        page.on(
            "response",
            lambda answer: answers.append((answer.status, answer.headers)) if "callback" in answer.url else 0,
        )
        await page.click("#agree")
        await page.wait_for_url(f"{link}/done")
        await page.wait_for_load_state("networkidle")

        [(status, headers)] = answers
        assert status == 303
        assert headers["location"] == f"/connect/{link.rpartition('/')[2]}/done"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        # What the page that people finish on loads or leads to hears of neither; nor does the provider of our link.
        secrets = [callback["code"], callback["state"]]
        assert s.evil.heard != []
        assert found_in([callback["code"], link.rpartition("/")[2]], _trace(s.evil.heard)) == set()
        assert not [one for one in s.server.asked("/authorize") if "referer" in one.headers]
        assert found_in([link.rpartition("/")[2]], _trace(s.server.heard)) == set()
        assert found_in(secrets, await page.content()) == set()
        entries = await page.evaluate("performance.getEntries().map(one => one.name).join(' ')")
        assert found_in(secrets, f"{entries} {page.url} {await page.evaluate('document.referrer')}") == set()

        s.server.heard.clear()
        await page.go_back()  # to the provider's page: the callback itself is in no history
        assert page.url.startswith(s.server.origin)
        await page.go_forward()
        assert page.url == f"{link}/done"
        assert s.server.token_requests == []


@pytest.mark.slow
@needs_chromium
async def test_attack_17_the_page_at_the_end_loads_nothing_from_outside_and_tells_no_link_where_it_was() -> None:
    async with browsers() as b:
        s, page = b.scene, await b.person()
        link = await s.link()
        await b.fill(page, link)
        await page.wait_for_url(f"{link}/done")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.reload()
        assert {re.sub(r"^(http://[^/]+).*", r"\1", url) for url in asked} == {f"http://localhost:{b.port}"}
        s.evil.answers["/pixel.png"] = says("<title>pixel</title>")
        await page.evaluate(f"location.href = '{s.evil.origin}/pixel.png'")
        await page.wait_for_url(f"{s.evil.origin}/**")
        [left] = s.evil.asked("/pixel.png")
        assert "referer" not in left.headers
        assert await page.evaluate("document.referrer") == ""


@pytest.mark.parametrize("ending", ["good", "denied", "replayed", "forged", "wrong path", "too long"])
async def test_attack_17_every_answer_of_the_callback_has_the_headers(ending: str) -> None:
    async with scene() as s, s.browser() as browser:
        back = await s.back_from(browser, await s.link())
        code, state = query_of(back)["code"], query_of(back)["state"]
        if ending == "replayed":
            await s.follow(browser, back)
        asked = {
            "denied": back.replace("code=", "error=access_denied&x="),
            "forged": back.replace(state, "A" * 43),
            "wrong path": back.replace("callback/p", "callback/q"),
            "too long": f"{back}&x={'y' * 200_000}",
        }.get(ending, back)
        answer = await s.follow_any(browser, asked)
        assert answer.status_code in (303, 410)
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert found_in([code, state], answer.text + answer.headers.get("location", "")) == set()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSignIn]:
    with real_sign_in(tmp_path_factory.mktemp("traces")) as running:
        yield running


@pytest.mark.slow
def test_attack_17_no_log_and_no_file_of_a_real_server_holds_them(real: RealSignIn) -> None:
    with browsing_plainly() as browser:
        link = real.link()
        back = sign_in_as("alice", real.leave(browser, link, "read"))
        secrets = [query_of(back)["code"], query_of(back)["state"], link.rpartition("/")[2]]
        bad = browser.get(back.replace("code=", "error=x&error_description=y&code="), headers={"Cookie": ""})
        done = browser.get(back)
        again = browser.get(back)
    assert (bad.status_code, done.status_code, again.status_code) == (410, 303, 410)
    assert real.server.counts().authorization_code.ok == 1
    log = real.outside.log
    assert len(re.findall(r"GET /\S* (303|410)", log)) >= 3  # each request has its line, by its path alone
    assert "?" not in "".join(re.findall(r"GET (\S+)", log))
    assert files_with(secrets, real.install.folder) == set()
