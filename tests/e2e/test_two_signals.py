"""Asked twice to end, stdio ends at once, though its client holds stdin open and a thread is reading it."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest
from tests.e2e.programs import COMMAND, Install


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_stdio_at_once(install: Install, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [str(COMMAND), "stdio"],
        env=install.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        process.stdin.flush()
        assert process.stdout.readline()  # it serves by now
        process.send_signal(number)
        time.sleep(0.1)
        process.send_signal(number)

        process.wait(60)  # it would wait for its client as long as that stays
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()
