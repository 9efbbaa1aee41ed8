"""Attack 60: values and raw paths that climb. A place of a path is its segments and no more."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from tests.attacks import givers
from tests.attacks.places import GROUPS, assert_all_stay
from tests.attacks.wire import scene
from tests.mcp.test_tools import BOTH_ERAS, Era

from connectory.actions.filling import Values
from connectory.actions.raw import RawRequest, check_raw
from connectory.actions.request import prepare
from connectory.errors import InvalidPath
from connectory.testing.connectors import make_connector

NOTES = make_connector()
BASE = "https://api.notes.example/v1/books/"
CLIMBING = (
    "../../admin", "..", ".", "%2e%2e", "%2e%2e%2fadmin", "..%2f", "a/../../b", "..\\admin", "....//", "..;/admin",
    "..%00/", "%252e%252e%252f", "/etc/passwd", "//evil.example/x", "http://evil.example/", "\\\\evil.example",
    "..%c0%af",     "‥/x", "．．/x", "/", "a/", "/a", "a//b", "",
)  # fmt: skip


@BOTH_ERAS
@pytest.mark.parametrize("group", GROUPS)
async def test_attack_60_no_value_climbs_out_of_its_place(era: Era, group: str) -> None:
    taken = await assert_all_stay(era, group, CLIMBING)
    assert taken >= {name for name in GROUPS[group] if "mail_" not in name and "media_type" not in name} - {
        "related_type"
    }


SEVERAL = (*CLIMBING, "a/..", "a/./b", "../..", "a/%2e%2e/b", "a/..%2f..", "a\\..\\b", "a/b/../../../../c")


@BOTH_ERAS
async def test_attack_60_several_segments_stay_below_the_literal_ones(era: Era) -> None:
    action = 'inputs: {x: {type: string, required: true}}\nrequest: {get: "/things/{+x}/end"}'
    async with scene(era, {"deep": action}) as at:
        for value in SEVERAL:
            received, text, failed = await at.call("places_deep", {"x": value})
            if not received:
                assert failed
                assert text.startswith("invalid_path: "), text
                continue
            [one] = received
            before, *inside, after = one.target.removeprefix("/base/").split("/")
            assert (before, after) == ("things", "end")
            assert len(inside) == value.count("/") + 1
            assert not {".", "..", ""} & {segment.replace("%2E", ".") for segment in inside}
            assert one.target.isascii()
            assert "\\" not in one.target


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


RAW_PATHS = (
    "/v1/../../internal", "/%2e%2e/internal", "/a/%2E./b", "/a/..;x=1/b", "/%252e%252e/x", "/a%5c..%5cb", "/.", "/a/.",
    "/a/..", "/..%2f..%2finternal", "/a/%2e%2e%5cb", "/%25252e%25252e/x/%2e%2e",
)  # fmt: skip


@pytest.mark.parametrize("path", RAW_PATHS)
def test_attack_60_a_raw_path_cannot_climb(path: str) -> None:
    with pytest.raises(InvalidPath):
        check_raw(RawRequest("GET", path), NOTES)


@BOTH_ERAS
async def test_attack_60_the_request_tool_s_path_stays_below_the_base(era: Era) -> None:
    async with scene(era, {"thing": "request: {get: /thing}"}) as at:
        for path in (*RAW_PATHS, *(f"/{value}" for value in CLIMBING), *(f"/a/{value}/b" for value in CLIMBING)):
            received, text, failed = await at.call(
                "request", {"connection": "places/default", "method": "GET", "path": path}
            )
            if not received:
                assert failed
                assert text.startswith("invalid_path: "), text
                continue
            [one] = received
            assert one.target == f"/base{path}"
            loosely = unquote(unquote(one.target)).replace("\\", "/").split("/")
            assert not {".", ".."} & {segment.partition(";")[0] for segment in loosely}


@BOTH_ERAS
@givers.PLACES
async def test_attack_60_nothing_that_a_provider_or_a_person_gives_leaves_its_place(era: Era, giver: str) -> None:
    assert await givers.assert_all_stay(era, giver, CLIMBING)
