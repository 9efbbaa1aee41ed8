"""What was typed is checked before anybody is asked, and told back without its value."""

from collections.abc import Mapping

import pytest

from connectory.auth.backend import Entry
from connectory.auth.entries import CheckedEntry, check_entry
from connectory.catalog.manifest import CredentialField, FieldKind
from connectory.settings import Settings

LOCAL = Settings()
FLEET = Settings(app_url="https://connect.example")
FIELDS = {
    "shop": CredentialField(title="Shop", pattern="[a-z0-9-]{1,63}"),
    "token": CredentialField(title="Key", kind=FieldKind.SECRET),
    "region": CredentialField(title="Region", required=False, default="eu"),
}
SITE = {
    "region": CredentialField(title="Region", kind=FieldKind.CHOICE, choices={"eu": "Europe", "us": "America"}),
    "size": CredentialField(title="Size", kind=FieldKind.CHOICE, choices={"s": "S", "m": "M"}, default="m"),
}
KEY_FILE = {"account": CredentialField(title="Key file", kind=FieldKind.FILE)}
SERVER = {"server": CredentialField(title="Server", kind=FieldKind.ORIGIN)}


def check(
    values: Mapping[str, str],
    fields: Mapping[str, CredentialField] = FIELDS,
    *,
    confirmed: bool = False,
    settings: Settings = LOCAL,
) -> CheckedEntry:
    return check_entry(fields, Entry("key", values, private_confirmed=confirmed), settings)


def test_facts_and_secrets_are_divided_and_defaults_filled_in() -> None:
    checked = check({"shop": " north ", "token": "s3cret"})

    assert checked.facts == {"shop": "north", "region": "eu"}
    assert checked.secrets["token"].get_secret_value() == "s3cret"
    assert not checked.problems
    assert "s3cret" not in repr(checked)


def test_a_pasted_key_loses_the_line_break_around_it() -> None:
    assert check({"shop": "north", "token": "\n s3cret\r\n"}).secrets["token"].get_secret_value() == "s3cret"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"token": "s3cret"}, "shop"),
        ({"shop": "   ", "token": "s3cret"}, "shop"),
        ({"shop": "north"}, "token"),
        ({"shop": "North!", "token": "s3cret"}, "shop"),
        ({"shop": "north\n", "token": "s3cret"}, "shop"),
        ({"shop": "north", "token": "s3cret\r\nX-Evil: 1"}, "token"),
        ({"shop": "north", "token": "s3cret\nX-Evil: 1"}, "token"),
        ({"shop": "north", "token": "s3\tcret"}, "token"),
        ({"shop": "north", "token": "s3\x00cret"}, "token"),
        ({"shop": "north", "token": "s3cret\u200b"}, "token"),
        ({"shop": "north", "token": "s3\ud800cret"}, "token"),
        ({"shop": "north", "token": "s3cret" * 2000}, "token"),
        ({"shop": "north", "token": "ä" * 4097}, "token"),
        ({"shop": "north", "token": "s3cret", "other": "s3cret"}, ""),
    ],
)
def test_a_bad_value_is_named_by_its_field_and_never_repeated(values: dict[str, str], field: str) -> None:
    problems = check(values).problems

    assert [problem.field for problem in problems] == [field]
    assert "s3" not in problems[0].message
    assert "orth" not in problems[0].message


def test_what_is_wrong_is_not_kept() -> None:
    checked = check({"shop": "North!", "token": "s3\x00cret"})

    assert "shop" not in checked.facts
    assert not checked.secrets


def test_a_public_origin_over_https_is_taken_in_its_one_spelling() -> None:
    checked = check({"server": "https://Kinto.Example.com:443/"}, SERVER)

    assert checked.facts == {"server": "https://kinto.example.com"}


def test_plain_http_to_a_public_host_is_refused_even_when_confirmed() -> None:
    [problem] = check({"server": "http://kinto.example.com"}, SERVER, confirmed=True).problems

    assert "https" in problem.message
    assert problem.confirm is None


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8888", "https://10.0.0.5", "http://localhost:8888"])
def test_a_private_address_wants_a_confirmation_in_local_mode(origin: str) -> None:
    [problem] = check({"server": origin}, SERVER).problems

    assert problem.confirm == "private_confirmed"
    assert not check({"server": origin}, SERVER, confirmed=True).problems


def test_in_fleet_mode_only_the_operator_can_allow_a_private_address() -> None:
    [problem] = check({"server": "http://10.0.0.5:8888"}, SERVER, confirmed=True, settings=FLEET).problems
    assert problem.confirm is None
    assert "CONNECTORY_ALLOW_HOSTS" in problem.message

    allowing = FLEET.model_copy(update={"allow_hosts": ("10.0.0.5:8888",)})
    assert not check({"server": "http://10.0.0.5:8888"}, SERVER, settings=allowing).problems


def test_the_operator_can_allow_a_name_by_its_spelling() -> None:
    allowing = FLEET.model_copy(update={"allow_hosts": ("kinto:8888",)})

    assert not check({"server": "http://kinto:8888"}, SERVER, settings=allowing).problems
    assert check({"server": "http://kinto:8889"}, SERVER, settings=allowing).problems


def test_a_metadata_address_is_refused_whatever_is_confirmed_or_allowed() -> None:
    allowing = LOCAL.model_copy(update={"allow_hosts": ("169.254.169.254:80",)})

    assert check({"server": "http://169.254.169.254"}, SERVER, confirmed=True, settings=allowing).problems


def test_of_a_choice_only_the_choices_are_taken_and_its_default_where_nothing_was_chosen() -> None:
    assert check({"region": "us"}, SITE).facts == {"region": "us", "size": "m"}

    [problem] = check({"region": "us.evil.example", "size": "s"}, SITE).problems
    assert (problem.field, problem.message) == ("region", "Choose one of these: Europe, America.")
    assert [problem.field for problem in check({"region": ""}, SITE).problems] == ["region"]


def test_a_choice_gives_the_facts_that_follow_from_it() -> None:
    hosts = {"eu": "api-eu.acme.example", "us": "api.acme.example"}
    region = SITE["region"].model_copy(update={"gives": {"host": hosts}})

    assert check({"region": "us"}, {"region": region}).facts == {"region": "us", "host": "api.acme.example"}
    assert not check({"region": "xx"}, {"region": region}).facts
    assert check({"region": "us", "host": "evil.example"}, {"region": region}).problems


@pytest.mark.parametrize("text", ['{\n\t"a": "b"\n}', '\ufeff{\r\n\t"a": "b"\r\n}\r\n'])
def test_a_file_may_hold_line_breaks_and_is_the_same_pasted_or_uploaded(text: str) -> None:
    checked = check({"account": text}, KEY_FILE)

    assert checked.secrets["account"].get_secret_value() == '{\n\t"a": "b"\n}'
    assert not checked.facts
    assert "b" not in repr(checked.secrets)


@pytest.mark.parametrize("text", ["a\x00b", "a\udcffb", "a\x1bb", "a\u202eb"])
def test_what_is_no_text_is_no_file_of_credentials(text: str) -> None:
    [problem] = check({"account": text}, KEY_FILE).problems

    assert problem.message.startswith("This is no text file")


def test_a_file_may_have_64_kb_and_no_more() -> None:
    assert not check({"account": "ä" * 32_768}, KEY_FILE).problems
    assert "64 KB" in check({"account": "ä" * 32_768 + "x"}, KEY_FILE).problems[0].message


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("shop.example", "https://shop.example"),
        ("Shop.Example:8443/", "https://shop.example:8443"),
        (" shop.example ", "https://shop.example"),
        ("https://shop.example", "https://shop.example"),
    ],
)
def test_a_server_without_its_scheme_is_meant_by_https(typed: str, taken: str) -> None:
    checked = check({"server": typed}, SERVER)
    assert (checked.facts, checked.problems) == ({"server": taken}, ())


@pytest.mark.parametrize(
    "typed", ["shop.example/admin", "me@shop.example", "//shop.example", "ftp:shop.example", "a b"]
)
def test_what_is_more_than_a_host_is_not_completed(typed: str) -> None:
    assert [problem.field for problem in check({"server": typed}, SERVER).problems] == ["server"]


def test_a_pattern_is_held_to_the_whole_address() -> None:
    fields = {"server": SERVER["server"].model_copy(update={"pattern": "https://.+"})}
    checked = check({"server": "shop.example"}, fields)
    assert (checked.facts, checked.problems) == ({"server": "https://shop.example"}, ())


def test_a_bare_host_in_a_private_network_is_asked_about_all_the_same() -> None:
    (problem,) = check({"server": "localhost:8888"}, SERVER).problems
    assert problem.confirm == "private_confirmed"
