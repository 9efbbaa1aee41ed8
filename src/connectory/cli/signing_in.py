"""One sign-in at the terminal: what is typed is verified before it is kept; what goes on elsewhere is waited for.

The person types while no event loop and no database waits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connectory.cli.acting import act
from connectory.cli.entry import (
    Asker,
    check_given,
    choose_account,
    choose_method,
    choose_option,
    fill_in,
    require_nothing_given,
    tell_problems,
    variables_of,
)
from connectory.errors import InvalidArguments, SignInFailed

if TYPE_CHECKING:
    from connectory.auth.backend import Connected, Entry, Form, MethodForm, Problem, Question, Step
    from connectory.cli.attempt import Attempt
    from connectory.identity.principal import Principal
    from connectory.vault.entities import ConnectSession
    from connectory.wiring import Application

TRIES = 3
MOST_QUESTIONS = 10


def sign_in(attempt: Attempt, form: Form) -> Connected:
    """Bring a session to its end. Raises what keeps it from that, after the person was told more on stderr."""
    from connectory.auth.backend import Connected

    given, asker = attempt.given, attempt.asker
    account = choose_account(form, given, asker) if not attempt.is_by_code else None
    if account is not None:
        step = _submit(attempt, account)
        if isinstance(step, Connected):
            return step
        tell_problems(_problems_of(step))
    chosen = choose_method(form, given, asker, by_code=attempt.is_by_code)
    by_code = attempt.is_by_code or chosen.method in attempt.codes
    if chosen.leaves and not by_code:
        from connectory.cli.leaving import by_link

        require_nothing_given(given)
        return by_link(attempt)
    return _typed(attempt, chosen, by_code=by_code and chosen.leaves)


def _typed(attempt: Attempt, chosen: MethodForm, *, by_code: bool) -> Connected:
    """Ask, try, and ask again what was wrong."""
    from connectory.auth.backend import Connected, DeviceCode
    from connectory.settings import read_variables

    given, asker = attempt.given, attempt.asker
    check_given(chosen, given)
    environment = read_variables(variables_of(chosen, given).values())
    entry = replace(fill_in(chosen, given, environment, asker), device=by_code)
    for left in reversed(range(TRIES)):
        step = _submit(attempt, entry)
        if isinstance(step, Connected):
            return step
        if isinstance(step, DeviceCode):
            from connectory.cli.leaving import by_code as wait_for_code

            reached = wait_for_code(attempt, step)
            return reached if isinstance(reached, Connected) else _answered(attempt, reached)
        problems = _problems_of(step)
        tell_problems(problems)
        if by_code and not any(problem.field or problem.confirm for problem in problems):
            raise _no_code(attempt)
        if asker is None or not left:
            raise _not_connected(attempt.session, problems)
        entry = _confirmed(entry, problems, asker) or replace(
            fill_in(chosen, given, environment, asker), device=by_code
        )
    raise AssertionError("the last try returns or raises")


def _answered(attempt: Attempt, question: Question) -> Connected:
    """Let the person choose and confirm what a sign-in that is done still wants to know."""
    from connectory.auth.backend import Connected, Entry
    from connectory.auth.backend import Question as Further

    entry = Entry("", {}, account_change_confirmed=attempt.given.account_change_confirmed)
    for _ in range(MOST_QUESTIONS):
        tell_problems([one for one in question.problems if not (one.confirm and getattr(entry, one.confirm))])
        chosen = choose_option(question, attempt.asker)
        entry = entry if chosen is None else replace(entry, chosen=chosen)
        open_problems = tuple(one for one in question.problems if not (one.confirm and getattr(entry, one.confirm)))
        if open_problems:
            confirmed = _confirmed(entry, open_problems, attempt.asker) if attempt.asker is not None else None
            if confirmed is None:
                raise _not_connected(attempt.session, open_problems)
            entry = confirmed
        step = _submit(attempt, entry)
        if isinstance(step, Connected):
            return step
        if not isinstance(step, Further):
            tell_problems(_problems_of(step))
            raise _not_connected(attempt.session, _problems_of(step))
        question = step
    raise _not_connected(attempt.session, question.problems)


def _submit(attempt: Attempt, entry: Entry) -> Step | Connected:
    async def submit(application: Application, _: Principal) -> Step | Connected:
        return await application.auth.sign_in.submit(attempt.session, attempt.browser, entry)

    return act(submit, workspace=attempt.workspace)


def _problems_of(step: Step | Connected) -> tuple[Problem, ...]:
    """What is wrong; nothing where the next step is a page, to which no code led."""
    from connectory.auth.backend import Form, Question

    return step.problems if isinstance(step, Form | Question) else ()


def _confirmed(entry: Entry, problems: tuple[Problem, ...], asker: Asker) -> Entry | None:
    """Return the entry with the person's yes to what needs one; None where something is to be typed again."""
    asked = {problem.confirm for problem in problems}
    if None in asked or not asked or not asker.confirm("Is that meant?"):
        return None
    return replace(
        entry,
        private_confirmed=entry.private_confirmed or "private_confirmed" in asked,
        account_change_confirmed=entry.account_change_confirmed or "account_change_confirmed" in asked,
    )


def _not_connected(session: ConnectSession, problems: tuple[Problem, ...]) -> InvalidArguments:
    flags = {"private_confirmed": "--private-address", "account_change_confirmed": "--other-account"}
    hints = [f"Add {flags[problem.confirm]} if that is meant." for problem in problems if problem.confirm]
    return InvalidArguments(
        f"{session.connector} was not connected; nothing was kept.",
        hint=" ".join(hints) or "Mend what is named above, then repeat.",
    )


def _no_code(attempt: Attempt) -> SignInFailed:
    return SignInFailed(
        f"{attempt.session.connector} gave no code to sign in by; nothing was kept.",
        hint=f"`connectory connect {attempt.session.connector}` without --device gives a link for a browser.",
    )
