"""AnythingLLM, by the description that its server makes of itself, in which samples stand in place of schemas."""

from __future__ import annotations

from typing import Any

from tests.contracts.contract import Contract
from tests.contracts.description import METHODS, Description
from tests.contracts.openapi import OpenApi, specs
from tests.contracts.recordings import schema_of


def of_samples(description: Description) -> Description:
    """The description with the schemas that its samples of bodies and of good answers follow."""
    document: dict[str, Any] = {**description.document, "paths": {}}
    for path, item in description.document["paths"].items():
        document["paths"][path] = {
            method: _with_schemas(operation) for method, operation in item.items() if method in METHODS
        }
    return Description(document)


def _with_schemas(operation: dict[str, Any]) -> dict[str, Any]:
    made = dict(operation)
    if "requestBody" in operation:
        made["requestBody"] = _typed(operation["requestBody"])
    made["responses"] = {
        status: _typed(answer) if status.startswith("2") else answer
        for status, answer in operation["responses"].items()
    }
    return made


def _typed(said: dict[str, Any]) -> dict[str, Any]:
    content = {kind: {"schema": _schema(one)} for kind, one in said.get("content", {}).items()}
    return {**said, "content": content} if content else said


def _schema(media: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = media.get("schema", {})
    if "properties" in schema:
        return schema
    sample = media.get("example", schema.get("example"))
    return {} if sample is None else {**schema_of([sample]), "example": sample}


REPOSITORY = "https://github.com/Mintplex-Labs/anything-llm/blob/master/server"
TABLE = f"{REPOSITORY}/prisma/schema.prisma: a column of the table `workspaces`, whose whole row is meant"
SOURCES = {
    f"no answer has the field '{field}'": f"{REPOSITORY}/utils/chats/apiChatHandler.js: part of a snippet's data"
    for field in ("text", "score")
}
TITLES = {"no answer has the field 'title'": "its sample says of sources only that they are objects; a source has it"}
FILES = f"{REPOSITORY}/utils/files/index.js: beside these stands all that the document's own file tells"


def columns(*names: str) -> dict[str, str]:
    """Columns of a workspace's row that the samples leave out."""
    return {f"no answer has the field '{name}'": TABLE for name in names}


CONTRACT = Contract(
    sources=[OpenApi(specs("anythingllm.json"), prepare=of_samples, base="/api")],
    accepted={
        "list_workspaces": columns("chatMode", "chatModel"),
        "get_workspace": columns("chatMode", "chatModel", "topN", "similarityThreshold"),
        "update_workspace": {
            f"body has no member '{name}'": f"{TABLE}; `/v1/workspace/new` tells it"
            for name in ("chatMode", "topN", "similarityThreshold")
        },
        "send_message": SOURCES,
        "send_thread_message": SOURCES,
        "list_messages": TITLES,
        "list_thread_messages": TITLES,
        "list_documents": {
            "no answer has the field 'items'": f"{REPOSITORY}/utils/files/index.js: of a folder its own"
        },
        "list_folder": {
            f"no answer has the field '{name}'": FILES for name in ("title", "url", "wordCount", "published")
        },
        "create_document": {
            f"body.metadata has no member '{name}'": "`/v1/document/metadata-schema` names it; the sample has others"
            for name in ("docSource", "docAuthor")
        },
        "list_users": {
            f"no answer has the field '{name}'": f"{REPOSITORY}/models/user.js: of a user all but what is secret"
            for name in ("id", "suspended")
        },
    },
    facts={"server": "https://anythingllm.example"},
)
