from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectory.auth.backend import ConnectedAccount, Form, MethodForm
from connectory.catalog.manifest import CredentialField, FieldKind
from connectory.cli.entry import Given, check_given, choose_account, choose_method, fill_in, parse_given, variables_of
from connectory.errors import InvalidArguments
from connectory.vault.entities import GrantId

SECRET = "s3cret-value"
KEY = MethodForm(
    method="key",
    title="Key",
    help="Make a key.",
    docs=None,
    fields={
        "server": CredentialField(title="Server"),
        "token": CredentialField(title="Key", kind=FieldKind.SECRET),
        "note": CredentialField(title="Note", required=False),
    },
)
ROBOT = MethodForm(
    method="robot",
    title="Robot",
    help="",
    docs=None,
    fields={
        "region": CredentialField(title="Region", kind=FieldKind.CHOICE, choices={"eu": "Europe", "us": "America"}),
        "size": CredentialField(title="Size", kind=FieldKind.CHOICE, choices={"s": "S", "m": "M"}, required=False),
        "account": CredentialField(title="Key file", kind=FieldKind.FILE),
    },
)
BASIC = MethodForm(method="basic", title="Password", help="", docs=None, fields={})


class Person:
    """Answers questions in turn and remembers them."""

    def __init__(self, *answers: str) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, bool]] = []
        self.offered: list[tuple[tuple[str, ...], str | None]] = []

    def ask(self, text: str, *, hidden: bool, default: str | None) -> str:
        self.asked.append((text, hidden))
        return self._answers.pop(0)

    def confirm(self, text: str) -> bool:
        self.asked.append((text, False))
        return self._answers.pop(0) == "y"

    def choose(self, text: str, choices: Sequence[str], default: str | None = None) -> str:
        self.offered.append((tuple(choices), default))
        return self._answers.pop(0)


def test_secrets_are_asked_for_without_an_echo_and_facts_with_one() -> None:
    person = Person("https://a.example", SECRET, "")

    entry = fill_in(KEY, parse_given("my-shop", None, [], [], private=False, other=False), {}, person)

    assert entry.values == {"server": "https://a.example", "token": SECRET, "note": ""}
    assert [hidden for _, hidden in person.asked] == [False, True, False]
    assert SECRET not in repr(entry)


def test_a_bare_from_env_names_variables_after_connector_and_field() -> None:
    known = parse_given("my-shop", None, ["server=https://a.example"], ["*"], private=False, other=False)

    assert variables_of(KEY, known) == {"token": "MY_SHOP_TOKEN", "note": "MY_SHOP_NOTE"}
    entry = fill_in(KEY, known, {"MY_SHOP_TOKEN": SecretStr(SECRET)}, None)
    assert entry.values == {"server": "https://a.example", "token": SECRET}


def test_a_variable_named_for_a_field_must_be_set() -> None:
    known = parse_given("my-shop", None, ["server=https://a.example"], ["token=MINE"], private=False, other=False)

    with pytest.raises(InvalidArguments, match="MINE is not set"):
        fill_in(KEY, known, {}, None)


def test_a_secret_among_the_arguments_is_refused_with_the_reason_and_not_repeated() -> None:
    known = parse_given("my-shop", None, [f"token={SECRET}"], [], private=False, other=False)

    with pytest.raises(InvalidArguments) as refusal:
        check_given(KEY, known)

    assert "process list" in refusal.value.text
    assert SECRET not in refusal.value.text


def test_a_field_that_is_not_asked_for_is_answered_with_the_nearest() -> None:
    known = parse_given("my-shop", None, [f"tokn={SECRET}"], [], private=False, other=False)

    with pytest.raises(InvalidArguments) as refusal:
        check_given(KEY, known)

    assert "'token'" in refusal.value.hint
    assert SECRET not in refusal.value.text


def test_where_nobody_can_be_asked_what_is_missing_is_named() -> None:
    known = parse_given("my-shop", None, [], [], private=False, other=False)

    with pytest.raises(InvalidArguments) as refusal:
        fill_in(KEY, known, {}, None)

    assert "server, token" in refusal.value.message


def test_of_several_ways_to_sign_in_the_person_chooses_one() -> None:
    form = Form((KEY, BASIC))
    open_choice = parse_given("my-shop", None, [], [], private=False, other=False)
    named = parse_given("my-shop", "basic", [], [], private=False, other=False)
    misspelt = parse_given("my-shop", "basik", [], [], private=False, other=False)

    assert choose_method(form, open_choice, Person("basic")) is BASIC
    assert choose_method(form, named, None) is BASIC
    with pytest.raises(InvalidArguments, match="several"):
        choose_method(form, open_choice, None)
    with pytest.raises(InvalidArguments) as refusal:
        choose_method(form, misspelt, None)
    assert "'basic'" in refusal.value.hint


def given(*, fields: Sequence[str] = (), env: Sequence[str] = (), files: Sequence[str] = ()) -> Given:
    return parse_given("my-shop", None, fields, env, files, private=False, other=False)


def test_a_choice_is_chosen_and_a_file_read_from_the_path_that_the_person_gives(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text('{"key":\n "x"}')
    person = Person("us", "", str(tmp_path / "key.json"))

    entry = fill_in(ROBOT, given(), {}, person)

    assert entry.values == {"region": "us", "size": "", "account": '{"key":\n "x"}'}
    assert person.offered == [(("eu", "us"), None), (("s", "m"), "")]


def test_a_file_comes_from_a_path_or_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_bytes(b'{"key":\r\n "\xff"}')
    named = given(fields=["region=eu"], files=[f"account={tmp_path / 'key.json'}"])
    check_given(ROBOT, named)

    assert fill_in(ROBOT, named, {}, None).values["account"] == '{"key":\r\n "\udcff"}'
    from_env = given(fields=["region=eu"], env=["*"])
    assert variables_of(ROBOT, from_env)["account"] == "MY_SHOP_ACCOUNT"
    assert fill_in(ROBOT, from_env, {"MY_SHOP_ACCOUNT": SecretStr("a\nb")}, None).values["account"] == "a\nb"
    assert "account" not in variables_of(ROBOT, given(env=["*"], files=["account=x"]))


@pytest.mark.parametrize("path", ["nowhere-s3cret", ".", "a\x00b", "~nobody-s3cret/x"])
def test_a_file_that_cannot_be_read_is_told_without_what_was_given_as_its_path(path: str) -> None:
    with pytest.raises(InvalidArguments, match="account") as refusal:
        fill_in(ROBOT, given(fields=["region=eu"], files=[f"account={path}"]), {}, None)

    assert "s3cret" not in refusal.value.text


def test_no_more_of_a_file_is_read_than_a_credential_may_have(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x" * 65_537)

    with pytest.raises(InvalidArguments, match="64 KB"):
        fill_in(ROBOT, given(fields=["region=eu"], files=[f"account={tmp_path / 'large'}"]), {}, None)


@pytest.mark.parametrize(("name", "says"), [("region", "--field region=VALUE, one of: eu, us"), ("nme", "It asks for")])
def test_only_a_file_is_taken_from_a_path(name: str, says: str) -> None:
    with pytest.raises(InvalidArguments) as refusal:
        check_given(ROBOT, given(files=[f"{name}=x"]))

    assert says in refusal.value.hint


def test_where_nobody_can_be_asked_a_file_is_named_with_its_option() -> None:
    with pytest.raises(InvalidArguments) as refusal:
        fill_in(ROBOT, given(fields=["region=eu"]), {}, None)

    assert "--file account=PATH" in refusal.value.hint


ANN = ConnectedAccount(GrantId("gr_ann"), "ann@example.com", ("Mail", "Files"))
BOB = ConnectedAccount(GrantId("gr_bob"), "bob@example.com", ("Mail",))


@pytest.mark.parametrize(("answers", "chosen"), [(["y"], "gr_ann"), (["n", "y"], "gr_bob"), (["n", "n"], None)])
def test_the_person_is_asked_for_each_account_that_is_connected_already(answers: list[str], chosen: str | None) -> None:
    person = Person(*answers)

    entry = choose_account(Form((KEY,), accounts=(ANN, BOB)), given(), person)

    assert (entry and entry.grant_id) == chosen
    assert person.asked[0][0] == "Use the account ann@example.com that is signed in for Mail, Files already?"
    assert len(person.asked) == len(answers)


@pytest.mark.parametrize("said", [given(fields=["server=x"]), given(env=["*"]), given(files=["account=x"])])
def test_whoever_gives_a_part_of_a_sign_in_is_not_asked_for_an_account(said: Given) -> None:
    form = Form((KEY,), accounts=(ANN,))

    assert choose_account(form, said, Person()) is None
    assert choose_account(form, given(), None) is None
