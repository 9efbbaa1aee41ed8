"""Read one manifest: strict YAML, the model, then the checks. Everything wrong comes back with file, line and key."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from connectory.catalog.checks import check_manifest
from connectory.catalog.checks.advice import advise
from connectory.catalog.checks.facts import Ways
from connectory.catalog.manifest import Manifest
from connectory.catalog.problems import Finding, ManifestProblem, explain, file_text, key_text, place
from connectory.catalog.yaml_document import MAX_BYTES, Document, DocumentInvalid, read_document
from connectory.errors import ManifestInvalid


def load_manifest(file: Path) -> Manifest:
    """Read a manifest from `file`. Raises `ManifestInvalid` whose text has one line per problem."""
    manifest, problems = read_manifest(file)
    if manifest is None:
        raise ManifestInvalid(
            "\n".join(map(str, problems)), hint="`connectory manifest check FILE` repeats this check."
        )
    return manifest


def read_manifest(file: Path, *, family: Ways | None = None) -> tuple[Manifest | None, tuple[ManifestProblem, ...]]:
    """Read a manifest from `file`: either it, or what is wrong with it. Raises nothing for a bad or unreadable file.

    `family`: the ways to sign in of a member's family; without, what depends on them is not checked.
    """
    data = _read(file)
    return (None, (data,)) if isinstance(data, ManifestProblem) else parse_manifest(data, file, family=family)


def read_advice(file: Path) -> tuple[ManifestProblem, ...]:
    """Return what should be better in a good manifest; it keeps nothing out. Of a bad one: nothing."""
    data = _read(file)
    manifest = None if isinstance(data, ManifestProblem) else parse_manifest(data, file)[0]
    return place_in(file, list(advise(manifest))) if manifest is not None else ()


def place_in(file: Path, findings: Sequence[Finding]) -> tuple[ManifestProblem, ...]:
    """Give findings about a file that was read before their lines; 0 where it cannot be read any more."""
    data = _read(file)
    try:
        document = Document(None, {}) if isinstance(data, ManifestProblem) else read_document(data)
    except DocumentInvalid:
        document = Document(None, {})
    return place(findings, document, file)


def parse_manifest(
    data: bytes, file: Path, *, family: Ways | None = None
) -> tuple[Manifest | None, tuple[ManifestProblem, ...]]:
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
    if findings := check_manifest(manifest, family):
        return None, place(findings, document, file)
    return manifest, ()


def _read(file: Path) -> bytes | ManifestProblem:
    try:
        with file.open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except OSError as error:
        return ManifestProblem(
            file_text(file), 0, "", f"The file cannot be read: {error.strerror}.", "Check its permissions."
        )
