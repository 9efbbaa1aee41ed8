"""Read one manifest: strict YAML, the model, then the checks. Everything wrong comes back with file, line and key."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from connectory.catalog.checks import check_manifest
from connectory.catalog.manifest import Manifest
from connectory.catalog.problems import Finding, ManifestProblem, explain, file_text, key_text, place
from connectory.catalog.yaml_document import MAX_BYTES, DocumentInvalid, read_document
from connectory.errors import ManifestInvalid


def load_manifest(file: Path) -> Manifest:
    """Read a manifest from `file`. Raises `ManifestInvalid` whose text has one line per problem."""
    manifest, problems = read_manifest(file)
    if manifest is None:
        raise ManifestInvalid(
            "\n".join(map(str, problems)), hint="`connectory manifest check FILE` repeats this check."
        )
    return manifest


def read_manifest(file: Path) -> tuple[Manifest | None, tuple[ManifestProblem, ...]]:
    """Read a manifest from `file`: either it, or what is wrong with it. Raises nothing for a bad or unreadable file."""
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        problem = ManifestProblem(
            file_text(file), 0, "", f"The file cannot be read: {error.strerror}.", "Check its permissions."
        )
        return None, (problem,)
    return parse_manifest(data, file)


def parse_manifest(data: bytes, file: Path) -> tuple[Manifest | None, tuple[ManifestProblem, ...]]:
    """Read a manifest from `data`; `file` is only what problems name."""
    try:
        document = read_document(data)
    except DocumentInvalid as error:
        return None, (ManifestProblem(file_text(file), error.line, key_text(error.path), error.message, error.hint),)
    if not isinstance(document.value, dict):
        findings = [Finding((), "A manifest is a mapping of keys.", "Begin with `format: 1` and `name:`.")]
        return None, place(findings, document, file)
    try:
        manifest = Manifest.model_validate(document.value)
    except ValidationError as error:
        return None, place(explain(error), document, file)
    if findings := check_manifest(manifest):
        return None, place(findings, document, file)
    return manifest, ()
