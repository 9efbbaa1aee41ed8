"""Attack 60: path parameters and raw paths that climb."""

import pytest

from connectory.actions.filling import Values
from connectory.actions.raw import RawRequest, check_raw
from connectory.actions.request import prepare
from connectory.errors import InvalidPath
from connectory.testing.connectors import make_connector

NOTES = make_connector()
BASE = "https://api.notes.example/v1/books/"


@pytest.mark.parametrize("typed", ["../../admin", "%2e%2e%2fadmin", "..%2f", "a/../../b", "..\\admin", "....//"])
def test_attack_60_a_path_parameter_is_exactly_one_segment(typed: str) -> None:
    request = prepare(
        NOTES, "token", NOTES.actions["delete_note"].manifest.request, Values({"book": typed, "id": 1}, {})
    )

    segment = request.url.removeprefix(BASE).removesuffix("/notes/1")
    assert request.url.startswith(BASE)
    assert not {"/", "\\"} & set(segment)
    assert segment.replace("%2E", ".") not in (".", "..")


@pytest.mark.parametrize("typed", [".", "..", ""])
def test_attack_60_a_dot_segment_is_refused(typed: str) -> None:
    with pytest.raises(InvalidPath):
        prepare(NOTES, "token", NOTES.actions["delete_note"].manifest.request, Values({"book": typed, "id": 1}, {}))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/../../internal",
        "/%2e%2e/internal",
        "/a/%2E./b",
        "/a/..;x=1/b",
        "/%252e%252e/x",
        "/a%5c..%5cb",
        "/.",
        "/a/.",
    ],
)
def test_attack_60_a_raw_path_cannot_climb(path: str) -> None:
    with pytest.raises(InvalidPath):
        check_raw(RawRequest("GET", path), NOTES)
