"""Where this machine keeps programs' settings; on WSL also where the Windows around it does.

Under WSL most clients run on Windows, while Connectory runs on Linux: their files are reached through the mounted
drive, and they start it through `wsl.exe`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from connectory.cli.surroundings import is_wsl

Run = Callable[[Sequence[str]], str]
ASKING_S = 5.0  # a Windows program started from WSL may be slow the first time
_CMD = "/mnt/c/Windows/System32/cmd.exe"  # Windows' own search path may be kept out of WSL
_DISTRO = re.compile(r"^[\\/]{2}wsl[^\\/]*[\\/]([^\\/]+)")  # \\wsl.localhost\Debian\, formerly \\wsl$\Debian\
_DRIVE = re.compile(r"^/mnt/[a-z]/")


@dataclass(frozen=True, slots=True)
class Windows:
    """The Windows around WSL: its person's folders as Linux sees them, and what Windows calls this Linux."""

    user: Path
    roaming: Path
    local: Path
    distro: str


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine as its person's programs see it."""

    system: Literal["linux", "macos"]
    home: Path
    config: Path
    windows: Windows | None = None

    def is_windows_file(self, path: Path) -> bool:
        """Whether the client that reads this file runs on Windows."""
        return self.windows is not None and bool(_DRIVE.match(str(path)))


def this_machine() -> Machine:
    """Look at the machine this runs on."""
    home = Path.home()
    if sys.platform == "darwin":
        return Machine("macos", home, home / ".config")
    import platformdirs

    windows = windows_around(_run) if is_wsl() else None
    return Machine("linux", home, Path(platformdirs.user_config_dir()), windows)


def windows_around(run: Run) -> Windows | None:
    """Ask Windows for its person's folders; None where it does not answer (interoperation can be switched off)."""
    try:
        said = run([_CMD, "/d", "/c", "echo %USERPROFILE%& echo %APPDATA%& echo %LOCALAPPDATA%"])
        folders = [Path(run(["wslpath", "-u", line.strip()]).strip()) for line in said.splitlines() if line.strip()]
        distro = _DISTRO.match(run(["wslpath", "-w", "/"]).strip())
    except (OSError, subprocess.SubprocessError):
        return None
    if len(folders) != 3 or distro is None:
        return None
    user, roaming, local = folders
    return Windows(user, roaming, local, distro[1])


def _run(command: Sequence[str]) -> str:
    # A folder of Windows' own as working directory: cmd.exe complains about those of Linux.
    done = subprocess.run(  # noqa: S603  # fixed words, and paths that Windows itself said
        command, capture_output=True, text=True, check=True, timeout=ASKING_S, cwd="/mnt/c", errors="replace"
    )
    return done.stdout
