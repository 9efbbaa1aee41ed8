"""Attack 108: a JMESPath that is long, deep, or makes much of little: an agent's, and a manifest's over any answer."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

import pytest
from tests.actions.calling import ORIGIN, Caller, gives

from connectory.actions.http import HttpExecutor
from connectory.errors import InvalidArguments, ResponseTooLarge, UnexpectedResponse
from connectory.gateway.paths import search
from connectory.net.client import OutboundClient
from connectory.testing.application import connect, make_application, make_principal
from connectory.testing.connectors import NOTES_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider, answers

DOUBLING = "|".join(["[@,@]"] * 24)


@dataclass
class Held:
    """How long the event loop was held while the block ran: what another call would have waited."""

    longest_s: float = 0.0
    _watching: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> Held:
        self._watching.append(asyncio.create_task(self._watch()))
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0.01)  # what held the loop last counts too
        self._watching.pop().cancel()

    async def _watch(self) -> None:
        while True:
            started = time.thread_time()  # what this very thread worked: another one's turns are none of the loop's
            await asyncio.sleep(0.001)
            self.longest_s = max(self.longest_s, time.thread_time() - started)


ROWS = [[n, n] for n in range(20_000)]


@pytest.mark.parametrize(
    "path",
    [
        DOUBLING,
        f"{DOUBLING}|to_string(@)",
        f"{DOUBLING}|length(to_string(@))",
        f"{DOUBLING}|[0]==[1]",
        f"{DOUBLING}|contains(@, @)",
        "|".join(["[@,@][]"] * 12),
        "|".join(["{a:@,b:@}"] * 24),
        "|".join(["[@,@,@,@,@,@,@]"] * 6),
        "[*].[@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@]",
        f"join('{'x' * 900}', [*].to_string(@))",
        f"[*].'{'x' * 900}'",
        f"[*].[{'[@,@]|' * 10}@]",
        f"map(&length(to_string({'[@,@]|' * 12}@)), @)",
        f"map(&({'[@,@]|' * 12}[0]==[1]), @)",
        f"[?{'[@,@]|' * 12}[0]==[1]]",
        "merge(@[0], @[0])",
        "sort_by(@, &to_string(@))",
        "[*][*][*][*]",
    ],
)
def test_attack_108_what_grows_or_takes_long_is_refused_in_time(path: str) -> None:
    started = time.thread_time()
    with contextlib.suppress(InvalidArguments):
        search(path, ROWS)
    assert time.thread_time() - started < 6


@pytest.mark.parametrize("path", [DOUBLING, "|".join(["[@,@][]"] * 12), f"[*].[{','.join('@' * 40)}]"])
def test_attack_108_doubling_is_refused(path: str) -> None:
    with pytest.raises(InvalidArguments, match=r"gives more than the result holds|takes too much work"):
        search(path, ROWS)


TINY = b"[" + b"{}," * 3_000_000 + b"{}]"
NUMBERS = b"[" + b"1," * 90_000 + b"1]"
LIST = (
    'request: {get: /things}\nanswer: {items: "@", item: "{id: id, title: title, author: user.login, url: html_url}"}'
)
PAGED = """
request: {get: /things}
pages: {style: next_url, body: "links[?rel=='next' && type=='page'].href | [0]", max_size: 100}
answer: {items: things}
"""
WORDS = b'{"html": "' + b"<a href=x>" * 18_000 + b'"}'
HTML = 'request: {get: /things}\nanswer: {item: "{text: from_html(html)}"}'
LINKS = b'{"things": [], "links": [' + b'{"rel":"x"},' * 50_000 + b"{}]}"


EXPANDED = """
request: {get: /things}
answer:
  items: "@"
  expand: {request: {get: "/things/{each}"}, when: "length(@) > `9`"}
"""
TEXTS = b"[" + b'"xy",' * 15_000 + b'"x"]'
HOSTILE = [(LIST, TINY), (LIST, NUMBERS), (PAGED, LINKS), (HTML, WORDS), (EXPANDED, TEXTS)]


@pytest.mark.parametrize(("action", "body"), HOSTILE)
async def test_attack_108_a_manifest_over_a_hostile_answer_takes_bounded_work(action: str, body: bytes) -> None:
    """Ten megabytes of `{}` kept a thread, which no deadline stops, for minutes; small ones held all other calls."""
    bodies = iter([b"[]", body])
    caller = Caller(action, lambda _: gives(next(bodies)))
    caller.executor = HttpExecutor(OutboundClient(mounts={ORIGIN: caller.provider}))  # watched by nobody
    with contextlib.suppress(UnexpectedResponse):
        await caller.call()  # the first call imports what all need
    started = time.process_time()
    async with Held() as held:
        with contextlib.suppress(ResponseTooLarge):
            await caller.call()
    assert time.process_time() - started < 30
    assert held.longest_s < 0.1  # of the loop's own work: what is heavy is done beside it


GROWING = [DOUBLING, f"{DOUBLING}|to_string(@)", "|".join(["[@,@][]"] * 24), "|".join(["{a:@,b:@}"] * 24)]


@pytest.mark.parametrize("growing", GROWING)
async def test_attack_108_a_manifest_that_makes_much_of_little_is_refused(growing: str) -> None:
    yaml = NOTES_YAML.replace("answer: {as: text}", f'answer: {{item: "{growing}"}}')
    async with make_application(FakeProvider(answers(200, ["x"])), catalog=make_catalog(make_connector(yaml))) as app:
        principal = await make_principal(app)
        await connect(app, principal)

        started = time.process_time()
        with pytest.raises(ResponseTooLarge):
            await app.gateway.call_action(principal, "notes_read_file", {"book": "b", "path": "p"})
    assert time.process_time() - started < 40
