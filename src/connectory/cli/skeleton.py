"""The manifest that `manifest new` writes: it works as it is, and its comments teach what to change. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

SignIn = Literal["bearer", "header", "query", "basic", "none"]
SIGN_INS: tuple[SignIn, ...] = ("bearer", "header", "query", "basic", "none")
_PLAIN = re.compile(r"[A-Za-z/](?:[A-Za-z0-9_ ./-]|:(?=/))*(?<! )")
_NO_TEXT = frozenset({"true", "false", "null", "~"})
_PLACEHOLDER = re.compile(r"\{\+?([a-z][a-z0-9_]*)\}")
_FACT = re.compile(r"\{connection\.([a-z][a-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is known of a service before anything of it was tried."""

    name: str
    title: str
    base_url: str
    category: str
    docs: str
    sign_in: SignIn
    key_name: str  # of the header or query parameter; empty for the other ways
    verify: str  # path of a cheap call
    account_id: str
    account_name: str
    path: str  # of the first action
    items: str  # where its list is; empty: the answer is one object

    @property
    def action(self) -> str:
        """The first action's name, made of its path: /v1/users/{user}/repos gives list_repos."""
        words = [word for word in self.path.partition("?")[0].split("/") if word and "{" not in word]
        thing = re.sub(r"[^a-z0-9]+", "_", words[-1].lower()).strip("_") if words else ""
        return f"{'list' if self.items else 'get'}_{thing or 'start'}"[: 40 - len(self.name) - 1]

    @property
    def query(self) -> list[tuple[str, str]]:
        """What stands behind the path's question mark."""
        return list(dict(parse_qsl(self.path.partition("?")[2], keep_blank_values=True)).items())

    @property
    def things(self) -> str:
        """What the first action is about, in words."""
        return self.action.partition("_")[2].replace("_", " ")


def write_skeleton(sketch: Sketch) -> str:
    """Return the manifest's text."""
    parts = (_head(sketch), _sign_in(sketch), _verify(sketch), _rest(sketch), _action(sketch))
    return "".join(parts)


def scalar(text: str) -> str:
    """Return a text as YAML has it: bare where that cannot be misread."""
    is_plain = _PLAIN.fullmatch(text) and text not in _NO_TEXT
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _head(sketch: Sketch) -> str:
    return f"""\
# A connector: everything Connectory knows of {_comment(sketch.title)}. docs/connector-tutorial.md makes one
# step by step, docs/manifests.md explains every key. After a change: `connectory manifest check FILE`.
format: 1
name: {sketch.name} # tools begin with it: {sketch.name.replace("-", "_")}_...
title: {scalar(sketch.title)}
description: {scalar(f"Work with {sketch.title}.")} # what one can do with it, for people and models
category: {sketch.category}
docs: {scalar(sketch.docs)}
servers:
  # Base address of the API. Keys are sent nowhere else.
  api: {scalar(sketch.base_url)}
"""


def _sign_in(sketch: Sketch) -> str:
    fields = "".join(_fact_field(name, sketch.base_url) for name in dict.fromkeys(_FACT.findall(sketch.base_url)))
    asked = (
        f"    fields: # what the person is asked for; others read it as {{connection.NAME}}\n{fields}" if fields else ""
    )
    if sketch.sign_in == "none":
        return f"auth:\n  none:\n    method: none # nothing to enter that is secret\n{asked}"
    if sketch.sign_in == "basic":
        return f"""\
auth:
  login:
    method: basic # user name and password are asked for, and sent by HTTP Basic
    help: User name and password of the account. # where a person finds them
{asked}"""
    key = "      token: {title: API key, kind: secret} # secret: encrypted, never shown\n" if fields else ""
    place, name, value = {
        "bearer": ("headers", "Authorization", "Bearer {credential.token}"),
        "header": ("headers", sketch.key_name, "{credential.token}"),
        "query": ("query", sketch.key_name, "{credential.token}"),
    }[sketch.sign_in]
    return f"""\
auth:
  key:
    method: api_key
    help: Make a key in the settings of your account. # where a person gets one, and with which rights
{asked}{key}    # Where the key goes in every request. The agent never sees it.
    {place}: {{{scalar(name)}: {scalar(value)}}}
"""


def _fact_field(name: str, base_url: str) -> str:
    title = name.replace("_", " ").capitalize()
    if base_url.startswith(f"{{connection.{name}}}"):
        return (
            f"      {name}: {{title: {title}, kind: origin, placeholder: https://example.com}} # a server's address\n"
        )
    pattern = "[a-z0-9-]{1,63}"
    return f'      {name}: {{title: {title}, pattern: "{pattern}"}} # a part of the host needs a pattern\n'


def _verify(sketch: Sketch) -> str:
    if sketch.sign_in == "none":
        return ""
    return f"""\
verify: # a cheap call that proves the key before it is kept, and says whose it is
  request: {{get: {scalar(sketch.verify)}}}
  account: {{id: {scalar(sketch.account_id)}, name: {scalar(sketch.account_name)}}} # JMESPath over its answer
"""


def _rest(sketch: Sketch) -> str:
    verb = "Show me the" if sketch.items else "Show me"
    return f"""\
# message: error.text # where the provider's own words about an error are, if at none of the usual places
# errors: # answers that mean more than their status says
#   - {{when: {{status: [403], body: "error == 'quota'"}}, code: rate_limited}}
tasks: # what people ask for here, in their words
  - {scalar(f"{verb} {sketch.things}.")}
"""


def _action(sketch: Sketch) -> str:
    names = dict.fromkeys(_PLACEHOLDER.findall(sketch.path.partition("?")[0]))
    inputs = "".join(
        f"      {name}: {{type: string, required: true, description: {scalar(f'Id or name of the {name}.')}}}\n"
        for name in names
    )
    verb = "List the" if sketch.items else "Get"
    query = ", ".join(f"{scalar(key)}: {scalar(text)}" for key, text in sketch.query)
    sent = f"      query: {{{query}}}\n" if query else ""
    given = (
        f"    inputs:\n{inputs}"
        if inputs
        else "    # inputs:\n    #   state: {enum: [open, closed], description: Only these.}\n"
    )
    return f"""\
actions:
  {sketch.action}: # becomes the tool {sketch.name.replace("-", "_")}_{sketch.action}
    title: {scalar(f"{sketch.action.partition('_')[0].capitalize()} {sketch.things}")}
    # One sentence for a model: the verb first, and the service's name.
    description: {scalar(f"{verb} {sketch.things} of {sketch.title}.")}
    effect: read # read, write or destructive: what it does, whatever the HTTP method is
{given}    request:
      get: {scalar(sketch.path.partition("?")[0])}
{sent}      # query: {{state: "{{state}}"}} # an input that is not given takes its key away
{_answer(sketch)}    docs: {scalar(sketch.docs)}
"""


def _answer(sketch: Sketch) -> str:
    item = '      # item: "{id: id, name: name}" # what the agent gets of %s; every word costs it attention\n'
    if not sketch.items:
        return "    # answer:\n" + (item % "it").replace("      # ", "    #   ")
    return f"    answer:\n      items: {scalar(sketch.items)} # JMESPath: where the list is\n{item % 'each'}"


def _comment(text: str) -> str:
    return " ".join(text.split())
