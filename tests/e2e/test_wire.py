"""Whatever comes over the wire: each line has its right answer, nothing else is written, and the process lives.

What the SDK below us leaves unanswered stands in `UNANSWERED` by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.e2e.programs import ERAS, Era, Install
from tests.e2e.wire import (
    MODERN,
    Posts,
    code_of,
    initialize,
    is_broken,
    line,
    mutants,
    request,
    resident_mb,
    stdio_wire,
)

SEED = 20260728
PARSE, INVALID, UNKNOWN, PARAMS = -32700, -32600, -32601, -32602
HEADERS, VERSION = -32020, -32022
MOST_GROWTH_MB = 80.0  # usual are 8, and 23 after 120 MB of long lines
PING = {"jsonrpc": "2.0", "id": 3, "method": "ping"}
PING_TEXT = line(PING)

# what is sent -> the code and the id of its answer
WRONG: dict[str, tuple[bytes, int, int | str | None]] = {
    "half an object": (b'{"jsonrpc":', PARSE, None),
    "no JSON": (b"hello", PARSE, None),
    "cut in a character": (b'{"jsonrpc":"2.0","id":3,"method":"\xc3', PARSE, None),
    "UTF-16": (PING_TEXT.decode().encode("utf-16-le"), PARSE, None),
    "BOM": (b"\xef\xbb\xbf" + PING_TEXT, PARSE, None),
    "NUL": (b"\0", PARSE, None),
    "NUL after": (PING_TEXT + b"\0", PARSE, None),
    "two in a line": (PING_TEXT + PING_TEXT, PARSE, None),
    "a hundred thousand lists": (b"[" * 100_000, PARSE, None),
    "a hundred thousand objects": (b'{"a":' * 100_000, PARSE, None),
    "deep params": (PING_TEXT[:-1] + b',"params":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}", PARSE, None),
    "half a surrogate": (b'{"jsonrpc":"2.0","id":3,"method":"\\ud800"}', PARSE, None),
    "id of 4,400 digits": (b'{"jsonrpc":"2.0","id":' + b"9" * 4400 + b',"method":"ping"}', PARSE, None),
    "null": (b"null", INVALID, None),
    "a text": (b'"ping"', INVALID, None),
    "a number": (b"7", INVALID, None),
    "nothing in it": (b"{}", INVALID, None),
    "an empty batch": (b"[]", INVALID, None),
    "a batch": (line([PING, {**PING, "id": 4}]), INVALID, None),
    "a mixed batch": (line([PING, 1, {"jsonrpc": "2.0", "method": "notifications/initialized"}]), INVALID, None),
    "a nested batch": (line([[PING]]), INVALID, None),
    "no jsonrpc": (line({"id": 3, "method": "ping"}), INVALID, 3),
    "JSON-RPC 1.0": (line({**PING, "jsonrpc": "1.0"}), INVALID, 3),
    "jsonrpc as a number": (line({**PING, "jsonrpc": 2.0}), INVALID, 3),
    "method as a number": (line({**PING, "method": 7}), INVALID, 3),
    "method as null": (line({**PING, "id": "a", "method": None}), INVALID, "a"),
    "params as a list": (line({**PING, "params": [1]}), INVALID, 3),
    "params as a number": (line({**PING, "params": 1}), INVALID, 3),
    "a float for an id": (line({**PING, "id": 1.5, "params": 1}), INVALID, None),
    "true for an id": (line({**PING, "id": True, "params": 1}), INVALID, None),
    "a broken notification": (line({"jsonrpc": "2.0", "method": "notifications/x", "params": 7}), INVALID, None),
    "a broken response": (line({"jsonrpc": "2.0", "id": 3, "result": 7}), INVALID, None),  # 3 is ours, not theirs
    "a broken error": (line({"jsonrpc": "2.0", "id": 3, "error": "no"}), INVALID, None),
}  # fmt: skip

# what the SDK takes for something that needs no answer, and how
UNANSWERED: dict[str, bytes] = {
    "id null: a notification to the SDK": line({**PING, "id": None}),
    "id 1.5: a notification to the SDK": line({**PING, "id": 1.5}),
    "id true: a notification to the SDK": line({**PING, "id": True}),
    "id an object: a notification to the SDK": line({**PING, "id": {}}),
    "result and error at once: a response to the SDK": line(
        {"jsonrpc": "2.0", "id": 3, "result": {}, "error": {"code": 1, "message": ""}}
    ),
    "a response that nobody asked for": line({"jsonrpc": "2.0", "id": 999, "result": {}}),
    "an error that nobody asked for": line({"jsonrpc": "2.0", "id": 999, "error": {"code": 1, "message": "x"}}),
    "an error without an id": line({"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "x"}}),
    "an unknown notification": line({"jsonrpc": "2.0", "method": "notifications/none"}),
    "an unknown call is cancelled": line(
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 77}}
    ),
    "an object is cancelled": line(
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": {}}}
    ),
    "nothing is cancelled": line({"jsonrpc": "2.0", "method": "notifications/cancelled"}),
}

# what the modern HTTP of the SDK reads nevertheless, for it reads with Python's own `json`
READ_ALL_THE_SAME = {"UTF-16", "BOM", "half a surrogate"}
NAMED = {"tools/call", "resources/read", "prompts/get"}  # whose header `Mcp-Name` is looked at first


def refused_calls(era: Era) -> list[tuple[dict[str, Any], int]]:
    """Well-formed requests that ask for what there is not, each with its code."""
    return [
        (request(3, "nope", era), UNKNOWN),
        (request("", "", era), UNKNOWN),
        (request(-1, "notifications/initialized", era), UNKNOWN),
        (request(2**70, "notifications/cancelled", era, requestId=1), UNKNOWN),
        (request("x" * 50_000, "nope", era), UNKNOWN),
        (request(4, "tools/call", era), PARAMS),
        (request(5, "tools/call", era, name=7), PARAMS),
        (request(6, "tools/call", era, name="demo_list_tasks", arguments=[]), PARAMS),
        (request(7, "tools/list", era, cursor=[]), PARAMS),
        (request(8, "resources/read", era, uri="\0"), PARAMS),
        (request(9, "prompts/get", era, name="zz"), PARAMS),
        ({"jsonrpc": "2.0", "id": 10, "method": "tools/list", "params": {"_meta": 7}}, PARAMS),
    ]


def good_calls(era: Era) -> list[dict[str, Any]]:
    """What a client sends on a good day: the mutants come of these."""
    calls = [
        request(0, "tools/list", era),
        request(0, "tools/call", era, name="demo_list_tasks", arguments={"limit": 2, "state": "open"}),
        request(0, "resources/list", era),
        request(0, "prompts/list", era),
        request(0, "prompts/get", era, name="what_can_you_do"),
        request(0, "server/discover", "auto"),
        {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1, "reason": "x"}},
        {"jsonrpc": "2.0", "id": 0, "result": {"action": "accept"}},
    ]
    return [*calls, initialize(0), request(0, "ping")] if era == "legacy" else calls


@pytest.fixture(scope="module")
def connected(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """An installation with the demo connected; whatever its processes log is free of traces at the end."""
    install = Install(tmp_path_factory.mktemp("wire"))
    done = install.run("connect", "demo")
    assert done.returncode == 0, done.stderr
    return install


@pytest.fixture(autouse=True)
def logged_no_trace(connected: Install) -> Iterator[None]:
    yield
    log = connected.log.read_text()
    for word in ("Traceback", "internal_error", "never awaited"):
        assert word not in log


# -- stdio ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ERAS)
def test_each_wrong_line_has_its_answer(connected: Install, era: Era) -> None:
    with stdio_wire(connected, era) as wire:
        wire.answers_to()
        before = resident_mb(wire.process)
        for name, (raw, code, request_id) in WRONG.items():
            [answer] = wire.answers_to(raw)
            assert (code_of(answer), answer["id"]) == (code, request_id), name
        for name, raw in UNANSWERED.items():
            assert wire.answers_to(raw) == [], name
        for message, code in refused_calls(era):
            [answer] = wire.answers_to(line(message))
            assert (code_of(answer), answer["id"]) == (code, message["id"]), str(message)[:200]
        assert resident_mb(wire.process) - before < MOST_GROWTH_MB


@pytest.mark.parametrize("era", ERAS)
def test_any_end_of_a_line_and_any_number_of_blank_ones_will_do(connected: Install, era: Era) -> None:
    call = line(request(3, "prompts/list", era))
    with stdio_wire(connected, era) as wire:
        for end in (b"\n", b"\r\n", b"\n\n\n", b" \t\n", b"\r\n \r\n"):
            [answer] = wire.answers_to(call, end=end)
            assert (answer["id"], code_of(answer)) == (3, None)
        assert wire.answers_to(b"", b"\r", b"   ") == []


@pytest.mark.parametrize("era", ERAS)
def test_lines_of_megabytes_are_read_and_do_not_stay(connected: Install, era: Era) -> None:
    def long(size: int) -> bytes:
        return line(request(3, "tools/call", era, name="demo_list_tasks", arguments={"x": "y" * size}))

    with stdio_wire(connected, era) as wire:
        before = 0.0
        for size in (1_000_000, 8_000_000, *[4_000_000] * 7):
            [answer] = wire.answers_to(long(size))
            assert "unknown argument 'x'" in answer["result"]["content"][0]["text"]
            [answer] = wire.answers_to(long(size)[:-2])
            assert code_of(answer) == PARSE
            [answer] = wire.answers_to(b"[" + long(size) + b"]")
            assert code_of(answer) == INVALID
            before = before or (resident_mb(wire.process) if size == 8_000_000 else 0)
        assert resident_mb(wire.process) - before < MOST_GROWTH_MB


@pytest.mark.parametrize("era", ERAS)
def test_an_id_used_twice_at_once_gets_two_answers(connected: Install, era: Era) -> None:
    with stdio_wire(connected, era) as wire:
        call = line(request("twice", "tools/call", era, name="demo_list_tasks", arguments={"limit": 1}))
        answers = wire.answers_to(call, call)
        answers += [wire.next() for _ in range(2 - len(answers))]
        assert [(answer["id"], code_of(answer)) for answer in answers] == [("twice", None)] * 2


def test_what_comes_before_the_handshake_is_refused_and_a_second_one_is_taken(connected: Install) -> None:
    with stdio_wire(connected, "legacy", is_opened=False) as wire:
        for raw, code, request_id in (
            (line(request(1, "tools/list")), PARAMS, 1),
            (b"{", PARSE, None),
            (line([initialize(2)]), INVALID, None),
            (line({**PING, "id": 3}), None, 3),
            (line(request(4, "initialize", protocolVersion=7)), PARAMS, 4),
            (line(initialize(5)), None, 5),
        ):
            wire.send(raw)
            answer = wire.next()
            assert (code_of(answer), answer["id"]) == (code, request_id), raw
        assert wire.answers_to(line({"jsonrpc": "2.0", "method": "notifications/initialized"})) == []
        [again] = wire.answers_to(line(initialize(6)))
        assert (again["id"], code_of(again)) == (6, None)


@pytest.mark.parametrize("era", ERAS)
def test_the_other_era_is_refused_on_the_same_connection_and_the_own_goes_on(connected: Install, era: Era) -> None:
    others = (
        [request(1, "server/discover", "auto"), request(2, "tools/list", "auto")]
        if era == "legacy"
        else [request(1, "ping"), request(2, "tools/list"), initialize(3)]
    )
    with stdio_wire(connected, era) as wire:
        wire.answers_to()
        for other in others:
            [answer] = wire.answers_to(line(other))
            assert answer["id"] == other["id"]
            assert code_of(answer) in {INVALID, UNKNOWN, PARAMS, VERSION}, answer


@pytest.mark.parametrize("era", ERAS)
def test_a_thousand_mutants_leave_it_well(connected: Install, era: Era) -> None:
    with stdio_wire(connected, era) as wire:
        wire.answers_to()
        before, sent = resident_mb(wire.process), list(mutants(good_calls(era), 1000, SEED))
        answers = [answer for at in range(0, 1000, 25) for answer in wire.answers_to(*sent[at : at + 25])]
        answers += wire.answers_to()
        assert resident_mb(wire.process) - before < MOST_GROWTH_MB
    broken = sum(is_broken(raw) for raw in sent if raw.strip())
    assert broken > 100, f"seed {SEED} breaks nothing"
    assert broken <= sum(code_of(answer) == PARSE for answer in answers) <= broken + 50, f"seed {SEED}"
    assert len(answers) <= len(sent)


# -- HTTP -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["stateless", "stateful"])
def http(connected: Install, request: pytest.FixtureRequest) -> Iterator[httpx2.Client]:
    """A client of a running server, with a token and without the headers of an era."""
    install = Install(connected.folder, extra={"CONNECTORY_HTTP_SESSIONS": request.param})
    headers = {
        "Authorization": f"Bearer {install.token(request.param)}",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
    }
    url = f"http://127.0.0.1:{install.port}"
    with (
        install.serving() as process,
        httpx2.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client,
    ):
        client.post("/mcp", content=line(initialize(1)))
        before = resident_mb(process)
        yield client
        assert resident_mb(process) - before < MOST_GROWTH_MB


def posts_of(http: httpx2.Client, era: Era, folder: Path) -> Posts:
    """A client of the era: one that has had its handshake and its session, or one that needs none."""
    if era == "auto":
        return Posts(http, folder, era, {"MCP-Protocol-Version": MODERN})
    shaken = http.post("/mcp", content=line(initialize(1)))
    assert shaken.status_code == 200
    named = {"MCP-Protocol-Version": "2025-11-25", "Mcp-Session-Id": shaken.headers.get("mcp-session-id", "")}
    posts = Posts(http, folder, era, {name: value for name, value in named.items() if value})
    assert posts.post(line({"jsonrpc": "2.0", "method": "notifications/initialized"})) == (202, None)
    return posts


@pytest.mark.parametrize("era", ERAS)
def test_each_wrong_body_has_its_answer(http: httpx2.Client, connected: Install, era: Era) -> None:
    posts = posts_of(http, era, connected.folder)
    for number, (name, (raw, code, _)) in enumerate(WRONG.items()):
        status, answer = posts.post(raw)
        is_read = era == "auto" and name in READ_ALL_THE_SAME
        assert status == 400, name
        assert answer is not None, name
        assert (code_of(answer), answer["id"]) == ((PARAMS, 3) if is_read else (code, None)), name
        if number % 5 == 0:
            posts.lives()
    for name, raw in UNANSWERED.items():
        status, answer = posts.post(raw)
        if era == "legacy" or "notifications/" in raw.decode():
            assert (status, answer) == (202, None), name
        else:  # an id must be one, and nobody was asked for a response
            assert answer is not None
            assert (status, code_of(answer), answer["id"]) == (400, INVALID, None), name
    for message, code in refused_calls(era):
        status, answer = posts.ask(message)
        assert answer is not None
        assert answer["id"] == message["id"]
        needs_name = era == "auto" and message["method"] in NAMED and code == PARAMS
        assert code_of(answer) in ({code, HEADERS} if needs_name else {code}), str(message)[:200]
        assert status == (200 if era == "legacy" else 404 if code == UNKNOWN else 400), str(message)[:200]
    posts.lives()


@pytest.mark.parametrize("era", ERAS)
def test_five_hundred_mutants_leave_it_well(http: httpx2.Client, connected: Install, era: Era) -> None:
    posts = posts_of(http, era, connected.folder)
    for number, raw in enumerate(mutants(good_calls(era), 500, SEED)):
        status, answer = posts.post(raw, **({"Mcp_Method": "tools/list"} if era == "auto" else {}))
        assert status in (200, 202, 400, 404), (SEED, number)
        assert (answer is None) == (status == 202), (SEED, number)
        assert not is_broken(raw) or (answer is not None and code_of(answer) == PARSE), (SEED, number)
        if number % 50 == 0:
            posts.lives()
    posts.lives()


def test_headers_and_methods_that_do_not_fit_have_their_status(http: httpx2.Client, connected: Install) -> None:
    legacy, modern = (posts_of(http, era, connected.folder) for era in ("legacy", "auto"))
    listing = line(request(3, "tools/list", "auto"))
    wrong: list[tuple[bytes, dict[str, str], int, int | None]] = [
        (listing, {"Mcp_Method": "tools/call"}, 400, HEADERS),
        (listing, {}, 400, HEADERS),
        (listing, {"Mcp_Method": "tools/list", "MCP_Protocol_Version": "2099-01-01"}, 400, HEADERS),
        (line(request(3, "tools/list")), {"Mcp_Method": "tools/list"}, 400, PARAMS),
        (line(initialize(3)), {"Mcp_Method": "initialize"}, 400, PARAMS),
        (listing, {"Mcp_Method": "tools/list", "Accept": "text/html"}, 406, None),
        (listing, {"Mcp_Method": "tools/list", "Content_Type": "text/plain"}, 400, None),
    ]
    for body, headers, status, code in wrong:
        got, answer = modern.post(body, **headers)
        assert (got, answer and code_of(answer)) == (status, code), headers
    assert legacy.post(PING_TEXT, Accept="text/html")[0] == 406
    assert legacy.post(PING_TEXT, Content_Type="text/plain")[0] == 400
    assert legacy.post(b" " * 5_000_000 + PING_TEXT)[0] == 413
    assert http.get("/mcp", headers={"Accept": "text/html"}).status_code == 406
    for method in ("PUT", "PATCH", "OPTIONS", "DELETE"):
        assert http.request(method, "/mcp").status_code == 405
    for method in ("GET", "PUT", "DELETE"):
        assert http.request(method, "/mcp", headers={"MCP-Protocol-Version": MODERN}).status_code == 405
    assert http.post("/mcp", content=PING_TEXT, headers={"Authorization": "Bearer no"}).status_code == 401
    legacy.lives()
    modern.lives()


def test_both_eras_take_turns_at_one_address(http: httpx2.Client, connected: Install) -> None:
    legacy, modern = (posts_of(http, era, connected.folder) for era in ("legacy", "auto"))
    for raw in (b"{", b"[]", line(request(3, "nope")), line(request(4, "nope", "auto"))):
        for posts, other in ((legacy, modern), (modern, legacy)):
            posts.post(raw)
            other.lives()
            posts.lives()
    status, answer = legacy.post(line(request(5, "server/discover", "auto")))
    assert answer is not None
    assert (status, answer["id"], code_of(answer)) == (200, 5, UNKNOWN)
