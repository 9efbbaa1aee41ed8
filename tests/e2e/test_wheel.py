"""The wheel alone is the product: installed from pinned hashes, it runs without the checkout, and as the image does.

No container engine is needed: another user, a read-only root and one writable folder are what the image gives.
"""

from __future__ import annotations

import http.client
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.ports import free_port

ROOT = Path(__file__).parents[2]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs", "--bounding-set=-all"]
START_S = 30.0

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder that every user can look into, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="connectory-wheel-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    run(*pip, folder / "wheel", ROOT)
    (built,) = (folder / "wheel").glob("connectory-*.whl")
    return built


@pytest.fixture(scope="module")
def command(folder: Path, wheel: Path) -> Path:
    """The installed command, in an environment with nothing but the wheel and what requirements.txt pins."""
    environment = folder / "venv"
    run(python_for_everybody(), "-m", "venv", "--without-pip", environment)
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "install", "--quiet"]
    run(*pip, "--require-hashes", "-r", ROOT / "requirements.txt")
    run(*pip, "--no-deps", wheel)
    return environment / "bin" / "connectory"


def python_for_everybody() -> str:
    """A Python that another user can start too: one that lies in root's home can't be, Debian's can."""
    own = os.path.realpath(sys.executable)
    if os.getuid() != 0:
        return own
    asked = 'exec "$0" -c "import sys; sys.exit(sys.version_info < (3, 11))"'
    for candidate in (own, "/usr/bin/python3", "/usr/bin/python3.11"):
        if subprocess.run([*NOBODY, "sh", "-c", asked, candidate], capture_output=True, timeout=30).returncode == 0:
            return candidate
    return own


def clean_environment(data: Path) -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "CONNECTORY_DATA_DIR": str(data), "LANG": "C.UTF-8"}


def test_the_wheel_holds_the_manifests_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    packaged = {
        name.removeprefix("connectory/manifests/") for name in names if name.startswith("connectory/manifests/")
    }
    assert packaged == {
        path.relative_to(ROOT / "manifests").as_posix() for path in (ROOT / "manifests").rglob("*.yaml")
    }
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"connectory"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_wheel_lists_its_connectors_from_anywhere(command: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    said = run(command, "connectors", "--json", cwd=elsewhere, env=clean_environment(tmp_path / "data"))

    listed = json.loads(said)
    entries = listed if isinstance(listed, list) else listed["connectors"]
    assert {"demo", "github"} <= {entry["name"] for entry in entries}
    assert not list(elsewhere.iterdir())


def test_the_wheel_serves_as_another_user_on_a_read_only_root(command: Path, folder: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can start a program as another user")
    possible = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "mount", "-o", "remount,ro,bind", "/"],
        capture_output=True,
        text=True,
        timeout=30,
    )
    if possible.returncode != 0:
        pytest.skip(f"this machine permits no mount namespace: {possible.stderr.strip()}")
    data, port = folder / "data", free_port()
    data.mkdir()
    environment = clean_environment(data) | image_environment() | {"CONNECTORY_PORT": str(port)}
    server = subprocess.Popen(
        ["unshare", "--mount", "--propagation", "private", "sh", "-ec", confined(data, [str(command), "serve"])],
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        answered = wait_for_healthz(server, port)
        owner = Path(f"/proc/{server.pid}").stat().st_uid if answered else None
        health = subprocess.run(health_check(command), env=environment, capture_output=True, text=True, timeout=30)
    finally:
        server.terminate()
        said, _ = server.communicate(timeout=30)
    assert answered == 200, said
    assert owner == 65534
    assert health.returncode == 0, health.stderr


def confined(data: Path, command: list[str]) -> str:
    """Shell text: one writable folder, all else of the root read-only (checked), then the command as nobody."""
    folder = shlex.quote(str(data))
    return (
        f"mount -t tmpfs -o mode=0700,uid=65534,gid=65534 tmpfs {folder}; mount -o remount,ro,bind /; "
        f"if touch {shlex.quote(str(data.parent))}/written 2>/dev/null; then echo the root can be written; exit 9; fi; "
        f"exec {shlex.join([*NOBODY, *command])}"
    )


def image_environment() -> dict[str, str]:
    """As in the Dockerfile's example behind a proxy, but on loopback: nothing of a test listens to the network."""
    return {"APP_URL": "https://connect.example.com", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}


def health_check(command: Path) -> list[str]:
    """The image's own HEALTHCHECK, run by the environment's Python."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    words: list[str] = json.loads(text.partition("HEALTHCHECK")[2].partition("CMD ")[2].partition("\n")[0])
    return [str(command.with_name("python")), *words[1:]]


def wait_for_healthz(server: subprocess.Popen[str], port: int) -> int | None:
    """Ask until it answers; None when the server ended or `START_S` passed."""
    deadline = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < deadline:
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            asked.request("GET", "/healthz")
            return asked.getresponse().status
        except OSError:
            time.sleep(0.1)
        finally:
            asked.close()
    return None
