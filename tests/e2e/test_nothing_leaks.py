"""88, 89, 92. After a whole day of use the credentials stand nowhere: no file, log, answer, argument or environment."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from tests.attacks.planted import environments_with, files_with, found_in, processes_with
from tests.e2e.hearing import Hearing
from tests.e2e.programs import ERAS, Forms, Install, Kinto, link_in


@asynccontextmanager
async def both_ways(install: Install, token: str) -> AsyncIterator[list[Hearing]]:
    """Clients of both eras, one over HTTP and one over stdio, at once on one data folder."""
    with install.serving():
        async with install.over_http(ERAS[0], token) as modern, install.over_stdio(ERAS[1]) as legacy:
            yield [Hearing(modern), Hearing(legacy)]


async def test_credentials_stand_nowhere_but_sealed(install: Install, kinto: Kinto) -> None:
    name = f"u{secrets.token_hex(4)}"
    password, wrong = (f'pw/{secrets.token_hex(6)}+"&%{secrets.token_hex(6)}' for _ in range(2))
    kinto.create_account(name, password)
    token = install.token()
    assert install.run("connect", "demo").returncode == 0
    planted: list[str] = [password, wrong, token]
    links: list[str] = []  # with the pages' cookies: the person and their form may see those, a file or a log may not
    async with both_ways(install, token) as hearings:
        for number, hearing in enumerate(hearings):
            cookies, link = await a_day(hearing, kinto, name, (password, wrong), f"n{number}")
            links += [*cookies, link.rpartition("/")[2]]
        told = [
            await asyncio.to_thread(install.run, *words)
            for words in (["audit", "--json"], ["connections"], ["search", "x"])
        ]
        assert processes_with([*planted, *links]) == set()
        assert environments_with([*planted, *links], [os.getpid()]) == set()
        assert_stored_sealed(install, [*planted, *links])
    assert_stored_sealed(install, [*planted, *links])
    heard = [text for hearing in hearings for text in hearing.heard] + [one.stdout + one.stderr for one in told]
    assert len(heard) > 40
    assert {one for text in heard for one in found_in(planted, text)} == set()


async def a_day(
    hearing: Hearing, kinto: Kinto, name: str, passwords: tuple[str, str], alias: str
) -> tuple[list[str], str]:
    """Connect, with a wrong password first; succeed and fail. Returns the cookies of the page, and its link."""
    right, wrong = passwords
    link = link_in(await hearing.say("connect", connector="kinto", alias=alias))
    values = {"value.server": kinto.url, "value.username": name, "private_confirmed": "yes"}
    with httpx2.Client(trust_env=False, follow_redirects=True, timeout=60) as browser:
        for typed, words in ((wrong, "did not accept"), (right, "is connected")):
            page = browser.get(link)
            action, fields = Forms(page.text).forms[0]
            page = browser.post(str(page.url.join(action)), data={**fields, **values, "value.password": typed})
            assert words in hearing.note(page.text)
        cookies = [cookie.value for cookie in browser.cookies.jar if cookie.value]
    assert cookies
    await hearing.say("connect", connector="kinto", alias=alias)
    bucket, account = f"b{secrets.token_hex(4)}", {"connection": f"kinto/{alias}"}
    await hearing.tools()
    await hearing.say("kinto_create_bucket", bucket=bucket, **account)
    await hearing.say("kinto_create_collection", bucket=bucket, collection="c", **account)
    records = [{"number": number, "text": "x" * 900} for number in range(50)]
    kinto.fill((name, right), bucket, "c", records)
    cut = await hearing.say("kinto_list_records", bucket=bucket, collection="c", limit=50, **account)
    await hearing.say("read_result", result=cut.partition("result=")[2].partition(",")[0], offset=30)
    await hearing.say("request", method="GET", path="/", **account)
    await hearing.say("demo_list_tasks")
    await hearing.say("demo_create_task", title="x")
    await hearing.refused("kinto_create_bucket", bucket=bucket, **account)
    await hearing.refused("kinto_get_record", bucket=bucket, collection="c", record="none", **account)
    await hearing.refused("request", method="GET", path="/nowhere", **account)
    await hearing.refused("request", method="GET", path="/", headers={"Authorization": f"Basic {wrong}"}, **account)
    await hearing.refused("connect", connector="kinto", alias="typed", password=wrong)
    await hearing.refused("kinto_list_buckets", connection="kinto/none")
    await hearing.say("list_connections")
    return cookies, link


def assert_stored_sealed(install: Install, planted: list[str]) -> None:
    """Neither what is stored nor what is logged holds any of it; and the places that were meant did exist."""
    data = install.folder / "data"
    names = {file.name for file in data.rglob("*") if file.is_file()}
    assert {"connectory.db", "demo.db"} <= names
    assert files_with(planted, data) == set()
    assert found_in(planted, install.log.read_text()) == set()
    assert "POST /mcp 200" in install.log.read_text()
