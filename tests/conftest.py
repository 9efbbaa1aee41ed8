"""What holds for every test: nothing may be left out in silence, and what blocks the event loop is named.

With `CONNECTORY_TEST_REQUIRE_ALL=1` (as `.ci/run` sets it) a skipped test fails, unless `MAY_BE_SKIPPED` lists it.
The tests run in several processes (pytest-xdist): the first tells the others what it took from the environment, and
they tell it what blocked their loops.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections.abc import Generator, Iterator
from typing import Any

import hypothesis
import pytest
import stamina
import structlog

# Node id -> why this test cannot run on every machine. Each is printed by name when it was skipped.
MAY_BE_SKIPPED = {
    "tests/e2e/test_wheel.py::test_the_wheel_serves_as_another_user_on_a_read_only_root": "needs mount namespaces",
}
# How the reason of a skip begins that may be anywhere: descriptions that nobody can fetch (tests/contracts).
IN_NO_PACKAGE = "in no package: "

# Taken out of the environment at once: programs under test refuse settings that they do not know.
REQUIRE_ALL = os.environ.pop("CONNECTORY_TEST_REQUIRE_ALL", "") == "1"


class BlockedLoop(logging.Handler):
    """Collects what asyncio's debug mode says of callbacks that held the loop for over 100 ms."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.current = ""
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.startswith("Executing ") and " took " in text:
            self.seen.append(f"{self.current}: {text.rsplit(' took ', 1)[1]}")


BLOCKED = BlockedLoop()


def pytest_configure(config: pytest.Config) -> None:
    global REQUIRE_ALL
    REQUIRE_ALL = getattr(config, "workerinput", {}).get("require_all", REQUIRE_ALL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # begun beside a shell: what we start would inherit that
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes, and making one, says how busy the machine is: a test that means time measures it.
    hypothesis.settings.register_profile("here", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
    hypothesis.settings.load_profile("here")
    stamina.set_testing(True, attempts=3, cap=True)  # retries happen, but nobody waits for them
    logging.getLogger("asyncio").addHandler(BLOCKED)
    # structlog's default draws a traceback with every local variable: seconds for one that a test provokes.
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
    )


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """What one test configures must not reach the next: levels, handlers and structlog's processors."""
    ours, root = logging.getLogger("connectory"), logging.getLogger()
    level, root_level, handlers = ours.level, root.level, list(root.handlers)
    processors = structlog.get_config()
    yield
    ours.setLevel(level)
    root.setLevel(root_level)
    root.handlers[:] = [one for one in root.handlers if one in handlers]
    structlog.configure(**processors)


def pytest_collection_finish() -> None:
    # What is imported by now stays: without this, each full collection goes over it again, for a tenth of a second.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_runtest_logstart(nodeid: str) -> None:
    BLOCKED.current = nodeid


def _may_be_skipped(report: pytest.TestReport | pytest.CollectReport) -> bool:
    return report.nodeid in MAY_BE_SKIPPED or _reason(report).startswith(IN_NO_PACKAGE)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Why it was skipped, in the words of the test."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    return text.removeprefix("Skipped: ")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail") and not _may_be_skipped(report):
        report.outcome, report.longrepr = "failed", f"left out, though all must run here: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if REQUIRE_ALL and report.skipped and not _may_be_skipped(report):
        report.outcome, report.longrepr = "failed", f"left out, though all must run here: {report.longrepr}"
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    node.workerinput["require_all"] = REQUIRE_ALL


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["blocked"] = BLOCKED.seen


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    BLOCKED.seen.extend(getattr(node, "workeroutput", {}).get("blocked", []))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.stats.get("skipped", []):
        if _may_be_skipped(report):
            why = MAY_BE_SKIPPED.get(report.nodeid) or _reason(report)
            terminalreporter.write_line(f"ALLOWED TO BE SKIPPED {report.nodeid}: {why}")
    for line in BLOCKED.seen[:20]:
        terminalreporter.write_line(f"HELD THE EVENT LOOP {line}")
