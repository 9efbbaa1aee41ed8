"""What is known of a connection: which facts and secrets its ways to sign in give, and how far each may be believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectory.catalog.manifest import AuthMethod, AuthMethodBase, Manifest, TokenRequest

Ways = Mapping[str, AuthMethod]


@dataclass(frozen=True, slots=True)
class Sign:
    """One manifest beside the ways to sign in that it uses: its own, or its family's.

    `ways` is None where the family is not at hand: then what depends on it is left unchecked.
    """

    manifest: Manifest
    ways: Ways | None

    @property
    def methods(self) -> list[AuthMethod]:
        """The ways to sign in that are at hand."""
        return list((self.ways or {}).values())

    @property
    def known_facts(self) -> set[str] | None:
        """The facts that some connection has; None where nobody can say."""
        if self.ways is None:
            return None
        return {name for method in self.methods for name in self._facts(method, certain=False)}

    @property
    def certain_facts(self) -> set[str] | None:
        """The facts that every connection has, whichever way it signed in."""
        return self.certain_facts_of(self.methods)

    def certain_facts_of(self, methods: Sequence[AuthMethodBase]) -> set[str] | None:
        """The facts that every connection has that signed in by one of these."""
        if self.ways is None:
            return None
        each = [set(self._facts(method, certain=True)) for method in methods]
        return set.intersection(*each) if each else set()

    @property
    def facts_before_verify(self) -> set[str] | None:
        """What is known when the credentials are proven: nothing that only this call tells."""
        if self.ways is None:
            return None
        each = [set(sign_in_facts(method, certain=True)) for method in self.methods]
        return set.intersection(*each) if each else set()

    def lacking(self, ways: Ways | None, *, before_verify: bool = False) -> Mapping[str, str]:
        """Return of each fact that some connections have, who signed in by one of `ways`, and others have not: why."""
        if ways is None:
            return {}
        given = sign_in_facts if before_verify else self._facts
        certain = {way: set(given(method, certain=True)) for way, method in ways.items()}
        known = {way: set(given(method, certain=False)) for way, method in ways.items()}
        told: dict[str, str] = {}
        for name in self.known_facts or ():
            lacking = [way for way in ways if name not in certain[way]]
            absent = [way for way in lacking if name not in known[way]]
            if len(absent) == len(ways):
                told[name] = "only the answer of `verify` tells it" if before_verify else "no such sign-in gives it"
            elif absent:
                told[name] = f"signing in by {' or '.join(absent)} does not give it"
            elif lacking:
                told[name] = f"signing in by {' or '.join(lacking)} it may be left empty"
        return told

    def _facts(self, method: AuthMethodBase, *, certain: bool) -> Iterator[str]:
        yield from sign_in_facts(method, certain=certain)
        verify = self.manifest.verify_of(method)
        yield from verify.facts if verify is not None else ()


def sign_in_facts(method: AuthMethodBase, *, certain: bool) -> Iterator[str]:
    """Yield the facts that the sign-in gives: typed, told by the callback and the token answer, chosen."""
    for name, field in method.fields.items():
        if not field.is_secret and (not certain or field.required or field.default is not None):
            yield name
            yield from field.gives
    if isinstance(method, TokenRequest):
        yield from method.facts


def secret_fields(method: AuthMethodBase) -> set[str]:
    """Return the names of the fields that hold secrets."""
    return {name for name, field in method.fields.items() if field.is_secret}


def secrets_of(method: AuthMethodBase) -> set[str]:
    """Return the credentials that a request may carry: typed ones, and the tokens of a sign-in."""
    tokens = {"access_token", *method.token_answer.further} if isinstance(method, TokenRequest) else set()
    return secret_fields(method) | tokens
