"""Where this process runs, as far as that changes who can reach it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from connectory.setting_forms import is_loopback
from connectory.settings import Settings, read_variables

ROOT = Path("/")
MARKS = (  # what Docker, Podman, systemd-nspawn and LXC, and Kubernetes leave in every container
    ".dockerenv",
    "run/.containerenv",
    "run/systemd/container",
    "run/secrets/kubernetes.io",
    "var/run/secrets/kubernetes.io",
)
SSH = "SSH_CONNECTION"  # set by sshd(8): the client's address and port, the server's address and port
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


def reach_hint(
    settings: Settings, connector: str, *, root: Path = ROOT, environment: Mapping[str, str] | None = None
) -> str:
    """Return what to do where the person's browser may not reach a link to loopback; empty where nothing is in between.

    In fleet mode the address of the page is somebody's choice, and is taken as it is. Blocks for a moment.
    """
    if not settings.is_local:
        return ""
    if environment is None:
        environment = {name: value.get_secret_value() for name, value in read_variables([SSH]).items()}
    shown, port = _port(settings.origin), settings.port
    if container_mark(root) is not None:
        return (
            f"This server runs in a container. If the link does not open: publish the port (`-p 127.0.0.1:{shown}:"
            f"{port}`, with CONNECTORY_HOST=0.0.0.0), or run `connectory serve` on the machine itself and give the "
            f"client http://host.docker.internal:{port}/mcp, or sign in inside: "
            f"`docker exec -it CONTAINER connectory connect {connector}`."
        )
    if _is_remote(environment.get(SSH, "")):
        return (
            "This server runs on a machine reached over SSH. If the link does not open: run "
            f"`ssh -L {shown}:localhost:{port} HOST` on the person's own machine, and leave it open meanwhile."
        )
    if is_wsl(root):
        return "This server runs in WSL: localhost works from a browser on Windows too."
    return ""


def _port(origin: str) -> int:
    parts = urlsplit(origin)
    return parts.port or {"https": 443}.get(parts.scheme, 80)


def is_wsl(root: Path = ROOT) -> bool:
    """Whether the kernel is Microsoft's; WSL's variables may be missing, since clients pass on few of them."""
    try:
        return "microsoft" in (root / "proc/sys/kernel/osrelease").read_text(encoding="utf-8", errors="replace").lower()
    except OSError:
        return False


def _is_remote(ssh_connection: str) -> bool:
    """Whether the person sits at another machine: one may open a session to one's own, too."""
    client, _, rest = ssh_connection.partition(" ")
    return bool(client) and not is_loopback(client) and client not in rest.split()
