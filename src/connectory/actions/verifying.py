"""What a verify call tells of a sign-in: whose it is, what it may do, and facts for later requests (design 4.4)."""

from __future__ import annotations

import re
from typing import Any

from connectory.actions.answers import Reply
from connectory.actions.executor import Choice, Verified
from connectory.actions.expressions import Clean, evaluate
from connectory.catalog.manifest import AccountChoice, OAuth2Method, Proof
from connectory.errors import UnexpectedResponse

LONGEST_FACT = 500  # characters
MOST_CHOICES = 500  # sites and the like that are shown
_BETWEEN = re.compile(r"[,\s]+")


def read_verified(spec: Proof, reply: Reply, clean: Clean, title: str) -> Verified:
    """Return what the answer tells, `clean` of our credentials: all of it is stored and shown.

    Raises `UnexpectedResponse` where it names no account, though it should.
    """
    if spec.account.header is not None:
        account_id = _text(clean(reply.response.headers.get(spec.account.header)))
    else:
        account_id = None if spec.account.id is None else _text(evaluate(spec.account.id, reply.body, clean))
    if account_id is None and spec.account.id is not None:
        raise UnexpectedResponse(
            f"{title} answered, but not with an account.",
            hint="Check that the address and the kind of key are the right ones.",
        )
    facts = {name: _text(evaluate(path, reply.body, clean)) for name, path in spec.facts.items()}
    return Verified(
        account_id,
        _text(evaluate(spec.account.name, reply.body, clean)) or account_id,
        _scopes(spec, reply, clean),
        {name: value for name, value in facts.items() if value is not None and len(value) <= LONGEST_FACT},
    )


def read_choices(method: OAuth2Method, spec: AccountChoice, reply: Reply, clean: Clean) -> list[Choice]:
    """Return what the answer lists, with the facts that each would give; what has no id is left out."""
    found = evaluate(spec.items, reply.body, clean)
    told = {name: fact.chosen for name, fact in method.facts.items() if fact.chosen is not None}
    choices = []
    for item in (found if isinstance(found, list) else [])[:MOST_CHOICES]:
        item_id = _text(evaluate(spec.id, item, clean))
        facts = {name: _text(evaluate(path, item, clean)) for name, path in told.items()}
        known = {name: value for name, value in facts.items() if value is not None}
        if item_id is not None and len(known) == len(told):
            choices.append(Choice(item_id, _text(evaluate(spec.name, item, clean)) or item_id, known))
    return choices


def _scopes(spec: Proof, reply: Reply, clean: Clean) -> tuple[str, ...]:
    if spec.scopes is None:
        return ()
    if spec.scopes.body is not None:
        found = evaluate(spec.scopes.body, reply.body, clean)
    else:
        found = clean(reply.response.headers.get(str(spec.scopes.header), ""))
    named = found if isinstance(found, list) else [found]
    words = {word for one in named if isinstance(one, str) for word in _BETWEEN.split(one)}
    return tuple(sorted(words - {""}))


def _text(found: Any) -> str | None:
    """A text or number as a text; anything else is none."""
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) and found != "" else None
