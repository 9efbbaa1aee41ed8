"""What a page tells a person about an error, in place of what an agent is told."""

from __future__ import annotations

import re

import pytest

from connectory.catalog.manifest import Effect
from connectory.errors import (
    ConfirmationNeeded,
    ConnectoryError,
    InvalidArguments,
    NeedsReconnect,
    ProviderConflict,
    ProviderForbidden,
    ProviderNotFound,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    RateLimited,
    RedirectRefused,
    RoleDenied,
    UnexpectedResponse,
    UnknownConnection,
)
from connectory.gateway.confirmations import SaidNo
from connectory.gateway.policy import Decision, Judged, Verdict, decide, refusal
from connectory.identity.principal import Principal
from connectory.vault.entities import Role, UserId, WorkspaceId
from connectory.web.advice import LOOK_FIRST, OWNERS, WORDS, advice_about

TO_AN_AGENT = re.compile(r"\b(person|them|retry|repeat|list_\w+|search_\w+|connect\()")


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_no_words_of_the_table_are_for_an_agent(kind: type[ConnectoryError]) -> None:
    words = WORDS[kind]

    assert not TO_AN_AGENT.search(f"{words.do} {words.link} {words.instead}")
    assert words.do or words.instead


@pytest.mark.parametrize(
    ("error", "do"),
    [
        (
            ProviderUnavailable("Down.", hint="Try again in a minute; if it lasts, tell the person."),
            "Try again in a while",
        ),
        (ProviderTimeout("Slow.", hint="Try again later."), "Try again in a while"),
        (RateLimited("Too many.", hint="Try again in 30 s.", retry_after_s=29.5), "Try again in 30 s."),
        (RateLimited("Too many.", hint="Try again in a minute."), "Try again in a while."),
        (ProviderForbidden("No.", hint="Ask the person."), "Another account"),
        (ProviderNotFound("Not there.", hint="List or search first."), "Check what you typed"),
        (ProviderConflict("Changed.", hint="Read the object again."), "Look at it again"),
        (ProviderRejected("Wrong.", hint="Correct the arguments and call again."), "Change what you typed"),
        (RedirectRefused("Moved.", hint="Tell the person."), "Its address seems to have moved"),
        (UnexpectedResponse("Odd.", hint="Call again with raw: true."), "Try again in a while"),
        (UnknownConnection("notes/a"), "It may have been disconnected"),
        (InvalidArguments("This alias cannot be used.", hint="Use small letters."), "Use small letters."),
        (RoleDenied("Only owners.", hint="Ask whoever runs this server."), "Ask whoever runs this server."),
    ],
    ids=lambda value: value.code if isinstance(value, ConnectoryError) else "",
)
def test_what_to_do_is_said_to_whoever_is_there(error: ConnectoryError, do: str) -> None:
    advice = advice_about(error)

    assert advice.message == error.message
    assert advice.do.startswith(do)
    assert not TO_AN_AGENT.search(advice.do)


def test_a_message_that_speaks_of_the_person_is_replaced() -> None:
    no = SaidNo(
        "The person said no to this notes_create_note call.", hint="Do not retry it; ask what they want instead."
    )
    needed = ConfirmationNeeded("notes_create_note on notes/default needs the person's yes.")

    assert (advice_about(no).message, advice_about(no).do) == ("You said no to this call.", "")
    assert advice_about(needed).message == "This call needs a yes first."


@pytest.mark.parametrize(
    ("mended", "do"),
    [
        (None, "An owner of the workspace can change this with `connectory policy`."),
        (Role.VIEWER, OWNERS),
    ],
)
def test_a_refusal_says_who_can_change_it(mended: Role | None, do: str) -> None:
    judged = Judged("disconnect", Effect.DESTRUCTIVE)
    if mended is None:
        error = refusal(Decision(Verdict.DENY, "a policy denies '*'"), judged)
    else:
        viewer = Principal(WorkspaceId("ws_a"), UserId("us_a"), mended)
        error = refusal(decide([], viewer, judged), judged)

    assert advice_about(error).do == do


@pytest.mark.parametrize("kind", [ProviderUnavailable, ProviderTimeout])
def test_what_may_have_been_done_all_the_same_is_to_be_looked_at(kind: type[ConnectoryError]) -> None:
    assert advice_about(kind("Down."), is_write=True).do.endswith(LOOK_FIRST)
    assert LOOK_FIRST not in advice_about(kind("Down.")).do
    assert LOOK_FIRST not in advice_about(NeedsReconnect("It is over."), is_write=True).do
