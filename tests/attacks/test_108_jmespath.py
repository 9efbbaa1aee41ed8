"""Attack 108: a JMESPath that is long, deep, or makes much of little."""

from __future__ import annotations

import contextlib
import time

import pytest

from connectory.errors import InvalidArguments
from connectory.gateway.paths import search

DOUBLING = "|".join(["[@,@]"] * 24)
ROWS = [[n, n] for n in range(20_000)]


@pytest.mark.parametrize(
    "path",
    [
        DOUBLING,
        f"{DOUBLING}|to_string(@)",
        f"{DOUBLING}|length(to_string(@))",
        f"{DOUBLING}|[0]==[1]",
        f"{DOUBLING}|contains(@, @)",
        "|".join(["[@,@][]"] * 12),
        "|".join(["{a:@,b:@}"] * 24),
        "|".join(["[@,@,@,@,@,@,@]"] * 6),
        "[*].[@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@,@]",
        f"join('{'x' * 900}', [*].to_string(@))",
        f"[*].'{'x' * 900}'",
        f"[*].[{'[@,@]|' * 10}@]",
        f"map(&length(to_string({'[@,@]|' * 12}@)), @)",
        f"map(&({'[@,@]|' * 12}[0]==[1]), @)",
        f"[?{'[@,@]|' * 12}[0]==[1]]",
        "merge(@[0], @[0])",
        "sort_by(@, &to_string(@))",
        "[*][*][*][*]",
    ],
)
def test_attack_108_what_grows_or_takes_long_is_refused_in_time(path: str) -> None:
    started = time.thread_time()
    with contextlib.suppress(InvalidArguments):
        search(path, ROWS)
    assert time.thread_time() - started < 6


@pytest.mark.parametrize("path", [DOUBLING, "|".join(["[@,@][]"] * 12), f"[*].[{','.join('@' * 40)}]"])
def test_attack_108_doubling_is_refused(path: str) -> None:
    with pytest.raises(InvalidArguments, match=r"gives more than the result holds|takes too much work"):
        search(path, ROWS)
