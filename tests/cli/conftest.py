"""Terminals on fresh data folders; the database is made once and copied: migrating it each time would be slower."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from tests.cli.provider import KEY, Provider, provider
from tests.cli.terminal import Terminal

from connectory.cli.logging import StderrHandler


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first") / "data"
    assert Terminal(folder).run("connections").code == 0
    return folder


@pytest.fixture
def terminal(first_start: Path, tmp_path: Path) -> Terminal:
    folder = tmp_path / "data"
    shutil.copytree(first_start, folder)
    return Terminal(folder)


@pytest.fixture
def demo(terminal: Terminal) -> Terminal:
    """A terminal with the demo connected."""
    assert terminal.run("connect", "demo").code == 0
    return terminal


@pytest.fixture(scope="session")
def _acme() -> Iterator[Provider]:
    with provider() as found:
        yield found


@pytest.fixture
def acme(_acme: Provider, terminal: Terminal, tmp_path: Path) -> Provider:
    """A provider with a key; its connector `acme` exists in `terminal`."""
    _acme.requests.clear()
    terminal.environment = _acme.environment(tmp_path / "manifests")
    return _acme


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Commands turn on logging for their process, and here they share one."""
    level = logging.getLogger("connectory").level
    yield
    root = logging.getLogger()
    for handler in [one for one in root.handlers if isinstance(one, StderrHandler)]:
        root.removeHandler(handler)
    logging.getLogger("connectory").setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def acme_at_terminal(acme: Provider, terminal: Terminal) -> tuple[Terminal, list[str], str]:
    """A terminal, the command that asks for one secret, and that secret."""
    return terminal, ["connect", "acme", "--field", f"server={acme.origin}"], KEY
