"""Attack 59: a raw path that names another host."""

import pytest

from connectory.actions.raw import RawRequest, check_raw
from connectory.errors import InvalidPath
from connectory.testing.connectors import make_connector


@pytest.mark.parametrize(
    "path",
    [
        "http://evil.example/x", "//evil.example", "\\\\evil.example", "@evil.example", ".evil.example", ":8080/x",
        "/\\evil.example", "/ok?next=http://evil.example", "/ok#x", "/a b", "/a\tb", "/a\nb", "", "x", "/é", "///x",
    ],
)  # fmt: skip
def test_attack_59_the_host_is_the_bases_or_the_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidPath):
        check_raw(RawRequest("GET", path), make_connector())
