"""Attack 85: a nonce used twice with one key would give AES-GCM away.

100,000 encryptions of one text, in 8 processes that were forked after the ring was made, and in their parent.
"""

from __future__ import annotations

import os
import subprocess
import sys

FORKING = """
import os, sys
from connectory.vault.keys import KeyRing
ring = KeyRing([bytes.fromhex(sys.argv[1])])
ring.seal(b"before the fork", bound_to="here")
def seal(descriptor, number):
    with os.fdopen(descriptor, "wb") as pipe:
        for _ in range(number):
            pipe.write(ring.seal(b"one text", bound_to="here")[5:17])
readers = []
for _ in range(8):
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        seal(writer, 11_000)
        os._exit(0)
    os.close(writer)
    readers.append(reader)
output = sys.stdout.buffer
for _ in range(12_000):
    output.write(ring.seal(b"one text", bound_to="here")[5:17])
for reader in readers:
    with os.fdopen(reader, "rb") as pipe:
        output.write(pipe.read())
"""


def test_attack_85_no_nonce_comes_twice_from_any_process() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", FORKING, os.urandom(32).hex()], capture_output=True, timeout=60, env=environment
    )
    assert done.returncode == 0, done.stderr.decode()

    nonces = [done.stdout[start : start + 12] for start in range(0, len(done.stdout), 12)]
    assert len(nonces) == 100_000
    assert len(set(nonces)) == 100_000
    # 96 random bits: each one is set in about half of them (10 standard deviations either way).
    counts = [sum(nonce[bit // 8] >> bit % 8 & 1 for nonce in nonces) for bit in range(96)]
    assert all(abs(count - 50_000) < 1_600 for count in counts)
