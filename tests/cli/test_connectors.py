from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.terminal import Terminal


def test_connectors_have_title_category_and_actions(terminal: Terminal) -> None:
    listed = {one["name"]: one for one in terminal.run("connectors", "--json").json}

    assert {"demo", "github"} <= set(listed)
    assert set(listed["demo"]) == {"name", "title", "category", "description", "docs", "actions"}
    assert "demo_list_tasks" in listed["demo"]["actions"]
    assert "GitHub" in terminal.run("connectors").out


def test_words_narrow_the_list(terminal: Terminal) -> None:
    assert [one["name"] for one in terminal.run("connectors", "task board", "--json").json] == ["demo"]
    assert [one["name"] for one in terminal.run("connectors", "task", "board", "--json").json] == ["demo"]
    assert "Did you mean 'github' or" in terminal.run("connectors", "githb").out
    assert "Did you mean `connectory connectors show github`?" in terminal.run("connectors", "shwo", "github").out


def test_listing_is_what_the_command_does_unasked(terminal: Terminal) -> None:
    assert terminal.run("connectors").out == terminal.run("connectors", "list").out
    assert "show" in terminal.run("connectors", "--help").out


def test_one_connector_shows_its_sign_in_and_actions(terminal: Terminal) -> None:
    shown = terminal.run("connectors", "show", "github", "--json").json

    token = next(way for way in shown["auth"] if way["kind"] == "api_key")
    assert token["fields"][0]["secret"] is True
    assert {action["effect"] for action in shown["actions"]} >= {"read", "write"}
    assert "github_list_issues" in terminal.run("connectors", "show", "github").out
    assert terminal.run("connectors", "show", "githb").err.startswith("unknown_connector: ")


def test_search_finds_actions_by_what_they_do(terminal: Terminal) -> None:
    assert terminal.run("search", "create", "an", "issue", "--json").json[0]["action"] == "github_create_issue"
    assert "demo_create_task" in terminal.run("search", "create a task", "--connector", "demo").out
    assert terminal.run("search", "x", "--connector", "demmo").err.startswith("unknown_connector: ")


def test_a_broken_manifest_is_left_out_and_named_on_stderr(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("format: 1\nname: broken\nactoins: {}\n")

    outcome = terminal.run("connectors", "--json", CONNECTORY_MANIFESTS=str(tmp_path))

    assert "demo" in {one["name"] for one in outcome.json}
    assert "broken.yaml:3: actoins" in outcome.err


ALL_KINDS = """\
format: 1
name: all-kinds
title: All Kinds
description: Has every kind of field.
category: other
docs: https://kinds.example/docs
servers: {api: "https://{connection.region}.kinds.example", up: "https://up.kinds.example"}
scopes: [base]
auth:
  account:
    method: basic
    title: Service account
    fields:
      region: {title: Region, kind: choice, choices: {eu: Europe, us: America}, default: eu}
      username: {title: Name}
      account: {title: Key file, kind: file, help: Made for you.}
    basic: {username: "{connection.username}", password: "{credential.account}"}
  oauth:
    method: oauth2
    fields: {region: {title: Region, pattern: "eu|us"}}
    authorize_url: https://kinds.example/authorize
    token_url: https://kinds.example/token
    register: {url: "https://kinds.example/apps", steps: [Make an app.]}
    scopes: {base: Be there, files.read: See files, files.write: Change files}
    always_scopes: [offline]
servers_by_method: {oauth: {up: "https://up2.kinds.example"}}
verify: {request: {get: /me}, account: {id: id, name: name}}
actions:
  put_file:
    title: Put a file
    description: Put a file there.
    effect: write
    scopes: [files.write, [files.read, base]]
    inputs: {file: {type: file, required: true}, note: {type: string}}
    request: {put: /files, query: {note: "{note}"}, encoding: raw, body: "{file}", content_type: text/plain}
    docs: https://kinds.example/docs/put
  list_files:
    title: List files
    description: List the files.
    effect: read
    request: {get: /files, query: {size: "{limit}"}}
    pages: {style: link_header}
    answer: {items: "@"}
    docs: https://kinds.example/docs/list
  get_file:
    title: Get a file
    description: Get a file.
    effect: read
    request: {get: /file}
    answer: {as: file}
    docs: https://kinds.example/docs/get
streams:
  files: {title: Files, action: list_files, key: [id], deletions: full_read, schedule: {every_minutes: 90}}
webhooks:
  hooks:
    title: Hooks of the app
    docs: https://kinds.example/docs/hooks
    lasts_hours: 24
    signature: {scheme: hmac, header: X-Sign, secret: {from: client_secret}}
    event: {body: type}
    events: {file.made: files, file.gone: files}
limits: [10 requests a second.]
tasks: [Find the file.]
"""


@pytest.fixture
def all_kinds(terminal: Terminal, tmp_path: Path) -> Terminal:
    (tmp_path / "kinds").mkdir()
    (tmp_path / "kinds" / "all-kinds.yaml").write_text(ALL_KINDS, encoding="utf-8")
    terminal.environment = {"CONNECTORY_MANIFESTS": str(tmp_path / "kinds")}
    return terminal


def test_a_connector_is_whole_for_programs(all_kinds: Terminal) -> None:
    outcome = all_kinds.run("connectors", "show", "all-kinds", "--json")
    shown = outcome.json

    assert outcome.err == ""
    account, oauth = shown["auth"]
    assert [(field["name"], field["kind"], field["secret"]) for field in account["fields"]] == [
        ("region", "choice", False), ("username", "text", False), ("account", "file", True)
    ]  # fmt: skip
    assert account["fields"][0]["choices"] == {"eu": "Europe", "us": "America"}
    assert (account["kind"], oauth["kind"]) == ("basic", "oauth2")
    assert oauth["scopes"] == {
        "offline": "always asked for", "base": "Be there", "files.read": "See files", "files.write": "Change files"
    }  # fmt: skip
    assert shown["servers_by_method"] == {"oauth": {"up": "https://up2.kinds.example"}}
    assert shown["servers"]["up"] == "https://up.kinds.example"
    assert oauth["register"] == {"url": "https://kinds.example/apps", "steps": ["Make an app."], "without": ""}
    assert (shown["limits"], shown["streams"][0]["deletions"]) == (["10 requests a second."], "full_read")
    assert shown["webhooks"][0]["events"] == {"file.made": "files", "file.gone": "files"}
    assert shown["tokens"] > 200
    put, listing, get = shown["actions"]
    assert (put["effect"], put["scopes"], put["takes_files"], put["pages"]) == (
        "write", ["files.write", ["files.read", "base"]], ["file"], None
    )  # fmt: skip
    assert (listing["pages"], listing["answer"], get["answer"]) == ("link_header", "json", "file")
    assert "file" in put["input_schema"]["properties"]


def test_a_connector_is_readable_for_people(all_kinds: Terminal) -> None:
    lines = all_kinds.run("connectors", "show", "all-kinds").out.splitlines()

    for line in (
        "All Kinds (all-kinds), other",
        "ASK FOR EXAMPLE",
        "  - Find the file.",
        "  account: Service account (basic)",
        "      field region (choice): Region. One of eu, us. eu if left empty.",
        "      field account (file): Key file. Made for you.",
        "      scope files.write: Change files",
        "      Needs an OAuth app, once: `connectory oauth-app set all-kinds` shows how.",
        "  api: https://{connection.region}.kinds.example (all sign-ins)",
        "  up: https://up.kinds.example (account)",
        "  up: https://up2.kinds.example (oauth)",
        "  all_kinds_put_file: write, takes a file as file, needs files.write, files.read or base",
        "      file [note]",
        "  all_kinds_list_files: read, in pages",
        "      List the files.",
        "  all_kinds_get_file: read, gives a file",
        "LIMITS",
        "  - 10 requests a second.",
        "STREAMS (declared for syncs, which are to come)",
        "  files: Files, by all_kinds_list_files; read whole each time; gone when a full read lacks it; every 90 min",
        "  hooks: Hooks of the app, signed (HMAC) with the app's client secret; ends after 24 h",
        "      files by file.made, file.gone",
    ):
        assert line in lines, "\n".join(lines)


@pytest.mark.parametrize("columns", ["60", "80", "120"])
@pytest.mark.parametrize("name", ["github", "google", "stripe", "all-kinds"])
def test_a_connectors_page_fits_the_terminal(all_kinds: Terminal, name: str, columns: str) -> None:
    lines = all_kinds.run("connectors", "show", name, COLUMNS=columns).out.splitlines()

    longer = [line for line in lines if len(line) > int(columns)]
    assert [line for line in longer if "https://" not in line] == []


def test_a_member_and_its_bundle_say_what_they_share(terminal: Terminal) -> None:
    member, bundle = terminal.run("connectors", "show", "google-drive"), terminal.run("connectors", "show", "google")

    assert "Shares its sign-in with the connectors of the family google." in member.out
    assert "auth/drive.file: " in member.out
    assert "auth/gmail.send: " not in member.out
    assert "Connects at once: gmail, google-calendar" in bundle.out
    assert terminal.run("connectors", "show", "google", "--json").json["includes"][0] == "gmail"
