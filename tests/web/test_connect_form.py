"""What the connect page's forms are as plain values."""

from __future__ import annotations

import pytest

from connectory.auth.backend import AppSetup, ConnectedAccount, Entry, Form, MethodForm, Problem, Question
from connectory.catalog.manifest import CredentialField
from connectory.vault.entities import GrantId
from connectory.web.connect_form import entry_at_once, read_entry

LEAVES = MethodForm("oauth", "Sign in", "", None, {}, leaves=True, scopes={"read": "Read"}, backend="builtin")
TYPED = MethodForm("key", "A key", "", None, {"key": CredentialField(title="Key")}, backend="direct")
NO_APP = AppSetup(None, (), "", (), needs_secret=True, without="")
SETUP = MethodForm("oauth", "Sign in", "", None, {}, leaves=True, setup=NO_APP)
ACCOUNT = ConnectedAccount(GrantId("gr_1"), "Ann", ("Mail",))


@pytest.mark.parametrize(
    ("step", "is_at_once"),
    [
        (Form((LEAVES, TYPED)), True),
        (Form((TYPED, LEAVES)), False),
        (Form((SETUP,)), False),
        (Form(()), False),
        (Form((LEAVES,), accounts=(ACCOUNT,)), False),
        (Question(problems=(Problem("", "Is that meant?"),)), False),
    ],
)
def test_only_what_asks_for_nothing_is_entered_at_once(step: Form | Question, is_at_once: bool) -> None:
    assert entry_at_once(step) == (Entry("oauth", {}, backend="builtin") if is_at_once else None)


@pytest.mark.parametrize("prefix", ["value.", "credential."])
def test_an_entry_is_read_from_the_fields_of_its_prefix_and_a_file_goes_before_pasted_text(prefix: str) -> None:
    form = {"method": "key", f"{prefix}key": "typed", f"{prefix}other": "kept", "manifest": "x", "backend": ""}
    files = {"file.key": "uploaded", "file.other": ""}

    read = read_entry(form, files, is_local=True, prefix=prefix)

    assert read == Entry("key", {"key": "uploaded", "other": "kept"})


@pytest.mark.parametrize("is_local", [True, False])
def test_a_private_address_is_confirmed_on_one_s_own_machine_alone(*, is_local: bool) -> None:
    form = {"method": "key", "private_confirmed": "yes", "scopes": "", "scope.read": "yes"}

    read = read_entry(form, {}, is_local=is_local)

    assert read == Entry("key", {}, private_confirmed=is_local, scopes=("read",))
