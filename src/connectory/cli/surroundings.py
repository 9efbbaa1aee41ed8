"""Where this process runs, as far as that changes who can reach it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path("/")
MARKS = (  # what Docker, Podman, systemd-nspawn and LXC, and Kubernetes leave in every container
    ".dockerenv",
    "run/.containerenv",
    "run/systemd/container",
    "run/secrets/kubernetes.io",
    "var/run/secrets/kubernetes.io",
)
_CONTAINER_GROUPS = re.compile(r"docker|containerd|kubepods|libpod|/lxc[/.]", re.ASCII)


def container_mark(root: Path = ROOT) -> str | None:
    """Return the file that says that we are in a container, None where none does. Blocks for a moment."""
    found = next((root / name for name in MARKS if (root / name).exists()), None)
    if found is not None:
        return str(found)
    groups = root / "proc/1/cgroup"  # with version 2 of cgroups it says nothing, but then one of the files is there
    try:
        return str(groups) if _CONTAINER_GROUPS.search(groups.read_text(encoding="utf-8", errors="replace")) else None
    except OSError:
        return None
