"""Which of a connector's ways to sign in work on this server, in words for an agent and for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectory.catalog.connector import Connector
from connectory.catalog.manifest import AuthMethod

KINDS = {
    "api_key": "an API key",
    "basic": "a user name and password",
    "fields": "credentials",
    "none": "no sign-in",
    "dsn": "a database address",
    "oauth2": "OAuth",
    "client_credentials": "OAuth client credentials",
    "oauth1": "OAuth 1.0a",
    "jwt_bearer": "a service account",
}


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways of one connector: those that work here, those that do once an app is set up, and the others."""

    connector: Connector
    here: tuple[str, ...]
    after_setup: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def is_possible(self) -> bool:
        """Whether a link can help at all."""
        return bool(self.here or self.after_setup)

    @property
    def can(self) -> str:
        """What works here, as a sentence or two; empty where nothing does."""
        title = self.connector.title
        sentences = [f"{title} can be connected here {self._with(self.here)}."] if self.here else []
        if self.after_setup:
            how = f"{'; ' if self.here else f'{title} can be connected here '}{self._with(self.after_setup)}"
            needs = "once somebody has registered an OAuth app there, which the page for signing in leads through."
            sentences = [f"{sentences[0][:-1]}{how} {needs}"] if sentences else [f"{how} {needs}"]
        return "".join(sentences)

    def _with(self, names: tuple[str, ...]) -> str:
        """With which credentials: "with an API key or without a sign-in"."""
        methods = [self.connector.auth[name] for name in names]
        with_nothing = any(method.method == "none" for method in methods)
        named = _either([_titled(method) for method in methods if method.method != "none"])
        return " or ".join(
            filter(None, [f"with {named}" if named else "", "without a sign-in" if with_nothing else ""])
        )

    @property
    def cannot(self) -> str:
        """What this server does not offer, as a phrase, e.g. "OAuth (oauth2)"; empty where all works."""
        kinds = dict.fromkeys(self.connector.auth[name].method for name in self.missing)
        return _either([f"{KINDS[kind]} ({kind})" for kind in kinds])


def _titled(method: AuthMethod) -> str:
    """A way to sign in as part of a sentence: "a bot token", "an API key"."""
    title = method.title
    if title is None:
        return KINDS[method.method]
    if title.lower().startswith(("sign in", "log in", "connect")):
        return f"“{title}”"
    first, rest = title.split(" ", 1)[0], title
    if first[1:].islower() or len(first) == 1:  # no abbreviation, whose capitals stay
        rest = title[0].lower() + title[1:]
    if rest.endswith("s") or " and " in rest:
        return rest
    return f"{'an' if rest[0].lower() in 'aeiou' else 'a'} {rest}"


def _either(parts: Sequence[str]) -> str:
    return " or ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
