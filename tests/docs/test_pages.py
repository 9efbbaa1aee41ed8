"""What the pages say can be done: links lead somewhere, commands exist, manifests load, nothing names a workplace."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import typer
from docs.markdown import anchor

from connectory.catalog.catalog import compile_connector
from connectory.catalog.loading import parse_manifest
from connectory.cli.main import app
from connectory.cli.options import ListingGroup

ROOT = Path(__file__).parents[2]
PAGES = {
    page.relative_to(ROOT).as_posix(): page
    for page in [*ROOT.glob("*.md"), *ROOT.glob("*/*.md"), *ROOT.glob("docs/*/*.md")]
}
TEXTS = {name: page.read_text(encoding="utf-8") for name, page in PAGES.items() if not name.startswith(".")}
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\[[^\]\n]+\]\(([^)\s]+)\)")
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
COMMAND_LINES = ["README.md", *(name for name in TEXTS if name.startswith("docs/"))]


def blocks(page: str, *languages: str) -> list[str]:
    return [match[3] for match in FENCE.finditer(TEXTS[page]) if match[2] in languages]


def prose(page: str) -> str:
    return FENCE.sub("", TEXTS[page])


def spoken(line: str) -> list[str] | None:
    """The words after `connectory` in a line typed at a prompt, or None where it calls something else."""
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words = words[1:]
    if words[:2] == ["docker", "exec"]:
        words = words[words.index("connectory") :]
    elif "--" in words:
        words = words[words.index("--") + 1 :]
    return words[1:] if words and PurePosixPath(words[0]).name == "connectory" else None


def typed(page: str) -> Iterator[list[str]]:
    for block in blocks(page, "console"):
        for line in block.splitlines():
            if line.strip().startswith("$ ") and (words := spoken(line.strip()[2:])) is not None:
                yield words


def leaf(words: list[str]) -> tuple[Any, list[str]]:
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        is_named = bool(words) and words[0] in command.commands
        if isinstance(command, ListingGroup) and not is_named:
            words = ["list", *words]
        elif not words or words[0].startswith("-"):
            break
        assert words[0] in command.commands, f"there is no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize("page", TEXTS)
def test_relative_links_lead_somewhere(page: str) -> None:
    for target in LINK.findall(prose(page)):
        path, _, fragment = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        place = (PAGES[page].parent / path).resolve() if path else PAGES[page]
        assert place.is_relative_to(ROOT), target
        assert place.exists(), target
        if fragment:
            headings = re.findall(r"^#+ (.+)$", place.read_text(encoding="utf-8"), re.MULTILINE)
            assert fragment in map(anchor, headings), target


@pytest.mark.parametrize("page", COMMAND_LINES)
def test_every_command_line_would_be_understood(page: str) -> None:
    for words in typed(page):
        command, rest = leaf(words)
        assert not hasattr(command, "commands"), words
        command.make_context(words[0], list(rest))  # raises on options and arguments that it does not take


def test_there_are_command_lines_to_check() -> None:
    assert len([words for page in COMMAND_LINES for words in typed(page)]) > 30
    assert spoken("docker exec -it CONTAINER connectory token create NAME") == ["token", "create", "NAME"]
    assert spoken("docker run -p 127.0.0.1:8765:8765 connectory") is None
    assert spoken(".venv/bin/connectory connect demo  # asks") == ["connect", "demo"]


@pytest.mark.parametrize("page", COMMAND_LINES)
def test_every_command_named_in_a_sentence_exists(page: str) -> None:
    for code in CODE.findall(prose(page)):
        if not code.startswith("connectory ") or "COMMAND" in code:
            continue
        command, rest = leaf(shlex.split(code)[1:])
        known = {name for item in command.params for name in item.opts} | {"--help"}
        assert {word for word in rest if word.startswith("-")} <= known, code


@pytest.mark.parametrize("page", TEXTS)
def test_every_registration_starts_the_server(page: str) -> None:
    for block in blocks(page, "json"):
        value = json.loads(block)
        for entry in (value.get("mcpServers") or value.get("servers") or {}).values():
            assert entry.get("url", "/mcp").partition("?")[0].endswith("/mcp")
            if "command" in entry:
                command, rest = leaf(entry["args"])
                command.make_context("stdio", list(rest))
                assert entry["command"].endswith("/connectory")


def test_every_manifest_on_the_page_loads() -> None:
    manifests = [block for block in blocks("docs/manifests.md", "yaml") if "format: 1" in block]

    assert manifests
    for block in manifests:
        manifest, problems = parse_manifest(block.encode(), Path("docs/manifests.md"))
        assert manifest is not None, "\n".join(map(str, problems))
        tools = {action.tool: action for action in compile_connector(manifest).actions.values()}
        for tool, given in re.findall(
            rf"`({manifest.name.replace('-', '_')}_\w+)\((.*?)\)`", TEXTS["docs/manifests.md"]
        ):
            schema = tools[tool].input_schema
            named = {name.strip(): name.strip() in schema.get("required", ()) for name in schema["properties"]}
            assert {word.strip("? "): "?" not in word for word in given.split(",")} == named


@pytest.mark.parametrize("page", TEXTS)
def test_a_page_names_no_machine_and_no_workplace(page: str) -> None:
    text = TEXTS[page]
    assert not re.search(r"(?<![\w.:~/])/(home|Users|root|work|opt|mnt|tmp|srv)/", text)
    assert not re.search(r"\b(pypi|npm|registry|artifactory|nexus)[\w.-]*\.(internal|local|corp|lan)\b|index-url", text)


def test_the_index_names_every_page() -> None:
    pages = [PurePosixPath(name).name for name in TEXTS if name.count("/") == 1 and name.startswith("docs/")]
    pages = [name for name in pages if name != "README.md"]

    assert len(pages) > 8
    assert [name for name in pages if f"]({name})" not in TEXTS["docs/README.md"]] == []
