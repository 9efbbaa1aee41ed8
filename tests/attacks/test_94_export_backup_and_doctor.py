"""Attack 94, at the command line: what is exported, shown or handed to support holds no secret and no encrypted blob.

`/api/openapi.json` and `/metrics` come with the rooms that serve them.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.attacks.planted import found_in
from tests.cli.provider import KEY, Provider, provider
from tests.cli.terminal import Outcome, Terminal
from tests.web.ports import free_port

from connectory.vault.inspection import SEALED

NANGO = "sk-nango-6c1f0b7a95e2"
TYPO = "not-a-port-3f9d17c2b8"
LONG = re.compile(r"[A-Za-z0-9+_-]{70,}")  # longer than a digest of the audit, or any name
EXPORTS = [
    "connections", "connectors", "connectors show acme", "search things", "settings", "version", "token list",
    "user list", "workspace list", "workspace members", "policy list", "audit", "doctor", "doctor --offline",
]  # fmt: skip


@dataclass(frozen=True)
class Installed:
    """An installation with one account, and everything in it that nobody may be shown."""

    terminal: Terminal
    provider: Provider
    encryption_key: str
    token: str

    @property
    def secrets(self) -> list[str]:
        return [KEY, self.encryption_key, self.token, NANGO, TYPO]

    def run(self, command: str, *words: str, **variables: str) -> Outcome:
        given = {"NANGO_SECRET_KEY": NANGO, "CONNECTORY_PORT": str(free_port()), "HOME": str(self.terminal.folder)}
        return self.terminal.run(*command.split(), *words, **{**given, **variables})

    def leaked(self, *outcomes: Outcome) -> set[str]:
        """Which secrets, and which encrypted values in whatever spelling, were shown."""
        text = "\n".join(outcome.out + outcome.err for outcome in outcomes)
        codes = {code for sealed in sealed_in(self.terminal.folder) for code in spellings(sealed)}
        return found_in(self.secrets, text) | {code for code in codes if code in text} | set(LONG.findall(text))


def sealed_in(folder: Path) -> list[bytes]:
    database = sqlite3.connect(folder / "connectory.db")
    found = [row[0] for table, column in SEALED for row in database.execute(f"SELECT {column} FROM {table}")]
    database.close()
    return found


def spellings(sealed: bytes) -> set[str]:
    """The ciphertext's middle as hex, base64 at each alignment, Python's and JSON's text."""
    part = sealed[20:44]
    coded = {base64.b64encode(part[start:])[:24].decode() for start in range(3)}
    return {part.hex(), repr(part)[2:14], part.decode("latin-1")[:12], *coded}


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installed]:
    with provider() as acme:
        key = os.urandom(32).hex()
        terminal = Terminal(tmp_path / "data")
        terminal.environment = {**acme.environment(tmp_path / "manifests"), "CONNECTOR_ENCRYPTION_KEY": key}
        words = ("connect", "acme", "--field", f"server={acme.origin}", "--from-env", "token=ACME_KEY")
        assert terminal.run(*words, ACME_KEY=KEY).code == 0
        token = terminal.run("token", "create", "t", "--json").json["token"]
        assert terminal.run("call", "acme_list_things").code == 0
        yield Installed(terminal, acme, key, token)


def test_attack_94_no_export_holds_a_secret_or_an_encrypted_value(installed: Installed) -> None:
    runs = [(command, installed.run(command, *how)) for how in (["--json"], []) for command in EXPORTS]
    outcomes = [outcome for _, outcome in runs]

    failed = [(command, outcome.out + outcome.err) for command, outcome in runs if outcome.code != 0]
    assert [command for command, _ in failed] == ["doctor", "doctor"], failed  # whose key finds no Nango here
    assert len(sealed_in(installed.terminal.folder)) >= 2
    assert installed.leaked(*outcomes) == set()


def test_attack_94_the_search_for_leaks_finds_them(installed: Installed) -> None:
    sealed = sealed_in(installed.terminal.folder)[0]

    for leak in (KEY, installed.encryption_key, sealed.hex(), base64.b64encode(sealed).decode(), repr(sealed)):
        assert installed.leaked(Outcome(0, f"x{leak}y", "")) != set()


def test_attack_94_a_doctor_who_finds_everything_broken_tells_no_secret(installed: Installed) -> None:
    folder, wrong_key = installed.terminal.folder, os.urandom(32).hex()
    outcomes = [
        installed.run("doctor", "--json", CONNECTOR_ENCRYPTION_KEY=wrong_key),
        installed.run("doctor", "--json", CONNECTOR_ENCRYPTION_KEY=f"{KEY},{installed.encryption_key}"),
        installed.run("doctor", "--json", CONNECTORY_PORT=TYPO, CONNECTOR_ENCRYPTION_KEYS=installed.encryption_key),
        installed.run("doctor", "--json", CONNECTORY_DATABASE_URL=f"postgresql://me:{NANGO}@db.example/x"),
        installed.run("doctor", "--json", CONNECTORY_TOKEN=installed.token[:-3] + "xyz"),
        installed.run("doctor", "--json", CONNECTORY_PROXY=f"http://me:{NANGO}@127.0.0.1:1"),
    ]
    (folder / "key").write_text(installed.encryption_key)
    (folder / "key").chmod(0o644)
    outcomes.append(installed.run("doctor", "--json", CONNECTOR_ENCRYPTION_KEY=""))

    assert [outcome.code for outcome in outcomes] == [1] * len(outcomes)
    assert installed.leaked(*outcomes) == set()
    assert wrong_key not in outcomes[0].out + outcomes[0].err


def test_attack_94_a_provider_that_repeats_the_key_it_refused_is_not_quoted(installed: Installed) -> None:
    with provider("another-key-0000000") as refusing:
        installed.terminal.environment = {
            **installed.terminal.environment,
            "CONNECTORY_ALLOW_HOSTS": f"127.0.0.1:{refusing.port}",
        }
        database = sqlite3.connect(installed.terminal.folder / "connectory.db")
        database.execute(
            "UPDATE connections SET hosts = replace(hosts, ?, ?)", (installed.provider.origin, refusing.origin)
        )
        database.execute("UPDATE grants SET facts = replace(facts, ?, ?)", (installed.provider.origin, refusing.origin))
        database.commit()
        database.close()

        outcome = installed.run("doctor", "--json")

    assert outcome.code == 1
    assert "connectory connect acme --alias default" in outcome.out
    assert installed.leaked(outcome) == set()


def test_attack_94_a_backup_holds_the_key_only_if_asked_and_never_shows_it(
    installed: Installed, tmp_path: Path
) -> None:
    plain, whole = tmp_path / "plain.tar", tmp_path / "whole.tar"
    outcomes = [
        installed.run("backup", str(plain), "--json"),
        installed.run("backup", str(whole), "--with-key", "--json"),
        installed.run("backup", str(whole)),
        installed.run("restore", str(whole)),
        installed.run("restore", str(whole), "--replace", "--json"),
    ]

    assert [outcome.code for outcome in outcomes] == [0, 0, 1, 1, 0]
    assert installed.leaked(*outcomes) == set()
    assert found_in([KEY, installed.encryption_key, installed.token[12:], NANGO], plain.read_bytes()) == set()
    assert installed.encryption_key.encode() in whole.read_bytes()
    assert found_in([KEY, installed.token[12:], NANGO], whole.read_bytes()) == set()
    assert [oct(file.stat().st_mode & 0o7777) for file in (plain, whole)] == ["0o600", "0o600"]


def test_attack_94_an_old_backup_brings_no_revoked_token_into_the_output(installed: Installed, tmp_path: Path) -> None:
    """What a restore brings back is listed by prefix alone, as ever."""
    installed.run("backup", str(tmp_path / "b.tar"), "--with-key")
    shutil.rmtree(installed.terminal.folder)

    outcomes = [installed.run("restore", str(tmp_path / "b.tar")), installed.run("token list", "--json")]

    assert [outcome.code for outcome in outcomes] == [0, 0]
    assert installed.leaked(*outcomes) == set()
