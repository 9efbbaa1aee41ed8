"""The clock, against what was written here earlier: links, tokens and sign-ins end by it.

It is not compared with a clock elsewhere: that would need the network, and somebody to trust.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import connectory
from connectory.cli.doctor.database import Sound
from connectory.cli.doctor.finding import Finding, note, ok, wrong
from connectory.settings import Settings
from connectory.vault.inspection import inspecting, newest_audit_line

GROUP = "clock"
TOLERANCE = timedelta(seconds=60)
DRIVE_TOLERANCE_S = 5.0
SET_IT = 'Set it right: `timedatectl set-ntp true` on Linux, "Set time automatically" elsewhere.'


def check_clock(settings: Settings, database: Sound, *, now: Callable[[], float] = time.time) -> list[Finding]:
    """Say whether anything here was written later than now."""
    here = datetime.fromtimestamp(now(), UTC)
    findings = [*_behind(here, database), *_drive(settings.data_dir, now)]
    return findings or [ok(GROUP, f"It says {here:%Y-%m-%d %H:%M:%S} UTC, and nothing here was written later.")]


def _behind(here: datetime, database: Sound) -> Iterator[Finding]:
    written = {"this program was installed": datetime.fromtimestamp(_mtime(Path(connectory.__file__)), UTC)}
    if database.path is not None:
        with inspecting(database.path) as connection:
            newest = newest_audit_line(connection)
        if newest is not None:
            written["the newest line of the audit was written"] = newest
    for what, time_of_it in written.items():
        if time_of_it > here + TOLERANCE:
            yield wrong(
                GROUP,
                f"It says {here:%Y-%m-%d %H:%M} UTC, but {what} at {time_of_it:%Y-%m-%d %H:%M}: it was set back, or was"
                " wrong then. Links and tokens end too late or too early.",
                SET_IT,
            )


def _drive(folder: Path, now: Callable[[], float]) -> Iterator[Finding]:
    """A new file has its time from the file system: on a network drive, from another machine's clock."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            apart_s = _mtime(Path(probe.name)) - now()
    except OSError:  # the data folder's own finding says so
        return
    if abs(apart_s) > DRIVE_TOLERANCE_S:
        yield note(
            GROUP,
            f"The drive of {folder} is {abs(apart_s):,.0f} s {'ahead of' if apart_s > 0 else 'behind'} it.",
            f"{SET_IT} The data folder belongs on a local disk.",
        )


def _mtime(path: Path) -> float:
    return path.stat().st_mtime
