"""Zoho CRM's own OpenAPI descriptions, one file per subject, made into one.

They refer to each other by address (`…/v8.0/users.json#/components/…`); such a schema is taken from the file of that
name, and where there is none, anything may stand there. Zoho publishes them in github.com/zoho/crm-oas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.contracts.description import Description
from tests.contracts.openapi import SPECS

SUBJECTS = (
    "record", "coql", "org", "modules", "fields", "related_records", "notes", "users", "convert_lead", "tags",
)  # fmt: skip
# At the end of a reference the file and the place in it.
_REFERENCE = re.compile(r"(?:.*/(\w+)\.json)?#/components/(\w+)/(.+)")


def file_of(subject: str) -> Path:
    """Where the description of a subject is kept."""
    return SPECS / f"zoho-crm-{subject}.json"


def read_subject(file: Path) -> Description:
    """The description of the subject that this file is about."""
    return describe([file.stem.removeprefix("zoho-crm-")])


def describe(subjects: Sequence[str]) -> Description:
    """One description of these subjects; the parts of each are named after its file."""
    paths: dict[str, Any] = {}
    components: dict[str, dict[str, Any]] = {}
    waiting, known = list(subjects), set(subjects)
    while waiting:
        subject = waiting.pop()
        document = json.loads(file_of(subject).read_bytes())
        linked = _linked(document, subject)
        if subject in subjects:
            paths |= linked["paths"]
        for kind, parts in linked.get("components", {}).items():
            components.setdefault(kind, {}).update({f"{subject}.{name}": part for name, part in parts.items()})
        further = sorted(_named_in(document) - known)
        known.update(further)
        waiting += [one for one in further if file_of(one).exists()]
    return Description({"paths": paths, "components": components})


def _linked(value: Any, subject: str) -> Any:
    """The value with each reference led to the part of one document; what is in a file that is not there is open."""
    if isinstance(value, list):
        return [_linked(member, subject) for member in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("$ref"), str) and (match := _REFERENCE.fullmatch(value["$ref"])) is not None:
        file = match[1] or subject
        return {"$ref": f"#/components/{match[2]}/{file}.{match[3]}"} if file_of(file).exists() else {}
    return {key: _linked(member, subject) for key, member in value.items()}


def _named_in(value: Any) -> set[str]:
    """The files that a document refers to."""
    found = re.findall(r"/(\w+)\.json#/components/", json.dumps(value))
    return set(found)
