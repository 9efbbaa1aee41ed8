"""The wire itself, bare: a `connectory stdio` and a `connectory serve` to which any bytes can be sent."""

from __future__ import annotations

import copy
import json
import queue
import random
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx2
from tests.e2e.programs import COMMAND, ROOT, Era, Install

PATIENCE_S = 60.0
MODERN = "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
CODES = {-32700, -32600, -32601, -32602, -32020, -32022}  # the last two: MCP, headers and version
INNARDS = re.compile(
    r"Traceback|\b[A-Z]\w*(?:Error|Exception)\b|JSONRPC[A-Z]|pydantic|input_value|\.py\b|site-packages"
)
ODD: tuple[Any, ...] = (
    None, True, 1.5, -1, 2**63, 2**70, 1e300, "", "\0", "x" * 5000, [], [1], [[]], {}, {"": {}}, {"_meta": 7}, "../etc",
)  # fmt: skip
SNIPPETS = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b",",
    b":",
    b"\\",
    b"\0",
    b"\xff",
    b"\xc3",
    b"9" * 40,
    b"\\ud800",
    b"NaN",
    b"\t",
)


def request(request_id: Any, method: str, era: Era = "legacy", **params: Any) -> dict[str, Any]:
    """A request as a client of the era sends it; `server/discover` and all of the modern one carry their envelope."""
    if era == "auto":
        params = {"_meta": ENVELOPE, **params}
    return {"jsonrpc": "2.0", "id": request_id, "method": method, **({"params": params} if params else {})}


def initialize(request_id: Any) -> dict[str, Any]:
    """The handshake of the legacy era."""
    client = {"name": "wire", "version": "1"}
    return request(request_id, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=client)


def line(message: Any) -> bytes:
    """The message on the wire."""
    return json.dumps(message).encode()


def code_of(answer: Mapping[str, Any]) -> int | None:
    """The code of an error, or None where it is a result."""
    return answer["error"]["code"] if "error" in answer else None


def assert_is_answer(answer: Any, folder: Path) -> None:
    """It is JSON-RPC 2.0, with a code that this server may use, and shows nothing of what it is made of."""
    assert isinstance(answer, dict)
    assert answer["jsonrpc"] == "2.0"
    if "method" in answer:  # a notification of ours
        assert set(answer) <= {"jsonrpc", "method", "params"}
        return
    assert ("result" in answer) != ("error" in answer), answer
    assert answer["id"] is None or type(answer["id"]) in (int, str), answer
    if "error" in answer:
        assert answer["error"]["code"] in CODES, answer
        assert answer["error"]["message"]
    text = json.dumps(answer)
    assert not INNARDS.search(text), text[:500]
    assert str(folder) not in text
    assert str(ROOT) not in text


def mutants(seeds: list[dict[str, Any]], count: int, seed: int) -> Iterator[bytes]:
    """Valid messages, each with one to three things broken; the same ones for the same `seed`."""
    dice = random.Random(seed)
    for number in range(count):
        message = json.loads(json.dumps(dice.choice(seeds)))
        if "id" in message:
            message["id"] = number
        for _ in range(dice.randint(0, 2)):
            _put_something_odd(message, dice)
        raw = line(message)
        for _ in range(dice.randint(0, 2)):
            raw = _break_bytes(raw, dice)
        yield raw.replace(b"\n", b" ").replace(b"\r", b" ")


def _put_something_odd(message: dict[str, Any], dice: random.Random) -> None:
    place: Any = message
    key = dice.choice(list(place))
    while isinstance(place[key], dict) and place[key] and dice.random() < 0.7:
        place = place[key]
        key = dice.choice(list(place))
    match dice.randrange(3):
        case 0:
            del place[key]
        case 1:
            place[key] = copy.deepcopy(dice.choice(ODD))
        case _:
            place[dice.choice(["result", "error", "extra", "params"])] = copy.deepcopy(dice.choice(ODD))
    if not message:
        message["jsonrpc"] = "2.0"


def _break_bytes(raw: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(raw) + 1)
    match dice.randrange(4):
        case 0:
            return raw[:at]
        case 1:
            return raw[:at] + dice.choice(SNIPPETS) + raw[at:]
        case 2:
            return raw[:at] + raw[at + dice.randint(1, 4) :]
        case _:
            return raw[:at] + bytes([dice.randrange(256)]) + raw[at + 1 :]


def is_broken(raw: bytes) -> bool:
    """Whether nobody could read this as JSON. A reader may be stricter than Python's, and is."""
    try:
        json.loads(raw.decode(errors="replace"))
    except (ValueError, RecursionError):
        return True
    return False


def resident_mb(process: subprocess.Popen[Any]) -> float:
    """The memory that a process holds now, as Linux counts it."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


@dataclass
class Wire:
    """One `connectory stdio`; every line that it writes is held to the rules as it comes."""

    process: subprocess.Popen[bytes]
    folder: Path
    era: Era
    _lines: queue.Queue[bytes] = field(default_factory=queue.Queue)
    _probes: int = 0

    def send(self, *lines: bytes, end: bytes = b"\n") -> None:
        """Write lines as they are."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"".join(one + end for one in lines))
        self.process.stdin.flush()

    def next(self) -> dict[str, Any]:
        """Return the next answer. Fails where the process has ended, or says nothing."""
        try:
            raw = self._lines.get(timeout=PATIENCE_S)
        except queue.Empty:
            raise AssertionError("no answer came") from None
        assert raw, f"the process ended with {self.process.wait(5)}"
        assert raw.endswith(b"\n")
        answer = json.loads(raw)
        assert_is_answer(answer, self.folder)
        return dict(answer)

    def until(self, *ids: str) -> list[dict[str, Any]]:
        """Return all answers up to those with the ids."""
        left, answers = set(ids), list[dict[str, Any]]()
        while left:
            answers.append(self.next())
            left -= {str(answers[-1].get("id"))}
        return answers

    def answers_to(self, *lines: bytes, end: bytes = b"\n") -> list[dict[str, Any]]:
        """Send lines, then two valid requests that must be answered rightly; return what came besides."""
        self._probes += 1
        listing, calling = f"list-{self._probes}", f"call-{self._probes}"
        self.send(*lines, end=end)
        self.send(line(request(listing, "tools/list", self.era)))
        self.send(line(request(calling, "tools/call", self.era, name="demo_list_tasks", arguments={"limit": 1})))
        answers = self.until(listing, calling)
        by_id = {answer.get("id"): answer for answer in answers}
        assert "demo_list_tasks" in {tool["name"] for tool in by_id[listing]["result"]["tools"]}
        assert "From Demo" in by_id[calling]["result"]["content"][0]["text"]
        return [one for one in answers if one.get("id") not in (listing, calling) and "method" not in one]

    def read_all(self, stdout: IO[bytes]) -> None:
        """Take what the process writes, until it ends."""
        for raw in stdout:
            self._lines.put(raw)
        self._lines.put(b"")


@contextmanager
def stdio_wire(install: Install, era: Era, *, is_opened: bool = True) -> Iterator[Wire]:
    """Run `connectory stdio` for the block; a legacy one has had its handshake, unless that is said not to be."""
    with install.log.open("a") as log:
        process = subprocess.Popen(
            [str(COMMAND), "stdio"],
            env=install.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    wire = Wire(process, install.folder, era)
    assert process.stdout is not None
    reader = threading.Thread(target=wire.read_all, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        if is_opened and era == "legacy":
            wire.send(line(initialize("hello")), line({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            wire.until("hello")
        yield wire
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(PATIENCE_S) == 0
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()
        if process.stdin is not None:
            process.stdin.close()


@dataclass(frozen=True)
class Posts:
    """The client of a running `/mcp`: `headers` are those of its era and session."""

    http: httpx2.Client
    folder: Path
    era: Era
    headers: Mapping[str, str] = field(default_factory=dict)

    def post(self, body: bytes, **headers: str) -> tuple[int, dict[str, Any] | None]:
        """Return the status, and the answer where there is one in JSON-RPC."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = self.http.post("/mcp", content=body, headers={**self.headers, **named})
        text = response.text
        assert not INNARDS.search(text), text[:500]
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            text = "".join(one.removeprefix("data: ") for one in text.splitlines() if one.startswith("data: "))
        if not text.startswith("{"):
            return response.status_code, None
        answer = json.loads(text)
        assert_is_answer(answer, self.folder)
        return response.status_code, answer

    def ask(self, message: Mapping[str, Any]) -> tuple[int, dict[str, Any] | None]:
        """Send a request with the headers that belong to it."""
        params = message.get("params", {})
        named = {"Mcp_Name": name} if isinstance(name := params.get("name"), str) else {}
        headers = {"Mcp_Method": message["method"], **named} if self.era == "auto" else {}
        return self.post(line(message), **headers)

    def lives(self) -> None:
        """Two valid requests are answered rightly."""
        status, listed = self.ask(request("list", "tools/list", self.era))
        assert listed is not None
        assert (status, listed["id"]) == (200, "list")
        assert "demo_list_tasks" in {tool["name"] for tool in listed["result"]["tools"]}
        arguments = {"limit": 1}
        status, called = self.ask(request(2, "tools/call", self.era, name="demo_list_tasks", arguments=arguments))
        assert called is not None
        assert (status, called["id"]) == (200, 2)
        assert "From Demo" in called["result"]["content"][0]["text"]
