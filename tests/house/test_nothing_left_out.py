"""In CI a test that was left out is a failure, and the variable that says so reaches no program under test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

LEFT_OUT = {
    "by mark": "import pytest\n\n@pytest.mark.skip(reason='no browser')\ndef test_it(): ...\n",
    "while running": "import pytest\n\ndef test_it():\n    pytest.skip('no browser')\n",
    "whole module": "import pytest\npytest.skip('no browser', allow_module_level=True)\n",
    "missing import": "import pytest\npytest.importorskip('no_such_browser')\n",
}
READS_IT = (
    "import os\n\ndef test_it():\n    assert not [name for name in os.environ if name.startswith('CONNECTORY_TEST')]\n"
)


def pytest_on(text: str, folder: Path, *, require_all: bool) -> subprocess.CompletedProcess[str]:
    shutil.copy(Path(__file__).parents[1] / "conftest.py", folder)
    (folder / "test_sample.py").write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-rs",
        "-c",
        os.devnull,
        "--rootdir",
        str(folder),
    ]
    environment = {**os.environ, "CONNECTORY_TEST_REQUIRE_ALL": "1" if require_all else "0"}
    return subprocess.run(
        [*command, str(folder)], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("text", LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_a_test_left_out_fails_where_all_must_run(text: str, tmp_path: Path) -> None:
    done = pytest_on(text, tmp_path, require_all=True)
    assert done.returncode not in (0, 5), done.stdout
    assert "left out, though all must run here" in done.stdout


def test_a_test_left_out_is_named_elsewhere(tmp_path: Path) -> None:
    done = pytest_on(LEFT_OUT["while running"], tmp_path, require_all=False)
    assert done.returncode == 0, done.stdout
    assert "no browser" in done.stdout


def test_only_what_nobody_can_fetch_may_be_left_out_anywhere(tmp_path: Path) -> None:
    done = pytest_on(LEFT_OUT["while running"].replace("no b", "in no package: b"), tmp_path, require_all=True)
    assert done.returncode == 0, done.stdout
    assert "ALLOWED TO BE SKIPPED test_sample.py::test_it: in no package: browser" in done.stdout


def test_programs_under_test_do_not_see_the_variable(tmp_path: Path) -> None:
    assert pytest_on(READS_IT, tmp_path, require_all=True).returncode == 0
