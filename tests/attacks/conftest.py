"""One real process for all attacks that are made from outside, and a provider under our control behind it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.attacks.echoing import EchoProvider, echoing, write_manifest
from tests.attacks.outside import Outside
from tests.e2e.programs import Install


@pytest.fixture(scope="session")
def echo() -> Iterator[EchoProvider]:
    """The provider, and a second one that nobody may be led to."""
    with echoing() as provider:
        yield provider


@pytest.fixture(scope="session")
def evil() -> Iterator[EchoProvider]:
    """Somebody else's server: whatever it hears was led astray."""
    with echoing() as provider:
        yield provider


@pytest.fixture(scope="session")
def outside(echo: EchoProvider, evil: EchoProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    """`connectory serve`, with one account of the provider connected, and what an attacker beside it can do."""
    folder = tmp_path_factory.mktemp("attacked")
    extra = {
        "CONNECTORY_MANIFESTS": str(write_manifest(folder / "manifests")),
        "CONNECTORY_ALLOW_HOSTS": f"127.0.0.1:{echo.port},127.0.0.1:{evil.port}",
        "CONNECTORY_CALL_TIMEOUT_S": "2",
    }
    install = Install(folder, extra=extra)
    with install.serving() as process:
        made = install.run(
            "connect", "echo", "--method", "key", "--field", f"server={echo.url}", "--from-env",
            env={"ECHO_TOKEN": Outside.key},
        )  # fmt: skip
        assert made.returncode == 0, made.stderr
        yield Outside(install, process.pid, install.token(), echo, evil)
