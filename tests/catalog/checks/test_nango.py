"""What a manifest says of Nango: misspelt names are told, and what requests need comes from somewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.catalog.making import ABSENT, GOOD, changed, parse, problems_of
from tests.catalog.rich import RICH

from connectory.catalog.catalog import load_catalog
from connectory.catalog.gathering import check_files

FULL: dict[str, Any] = {"provider": "acme", "facts": {"shop": "subdomain"}}
TWO_SECRETS: dict[str, Any] = {
    "method": "fields",
    "fields": {
        "shop": {"title": "Shop", "pattern": "[a-z0-9-]{1,63}"},
        "id": {"title": "Id", "kind": "secret"},
        "secret": {"title": "Secret", "kind": "secret"},
    },
    "basic": {"username": "{credential.id}", "password": "{credential.secret}"},
    "nango": FULL,
}
TYPED: dict[str, Any] = {
    "method": "basic",
    "fields": {"shop": {"title": "Shop", "pattern": "[a-z0-9-]{1,63}"}},
    "nango": FULL,
}


@pytest.mark.parametrize(
    "changes",
    [
        [("auth/key/nango", FULL)],
        [("auth/key/nango", {**FULL, "provider": ["acme", "acme-old"]})],
        [("auth/key/nango", {**FULL, "credentials": {"token": "raw.key"}})],
        [("auth/key", TYPED)],
        [("auth/key", {**TWO_SECRETS, "nango": {**FULL, "credentials": {"id": "username", "secret": "password"}}})],
    ],
)
def test_what_nango_has_is_found_there_by_name(changes: list[tuple[str, Any]]) -> None:
    manifest, problems = parse(changed(*changes))

    assert problems == ()
    assert manifest is not None
    nango = manifest.auth["key"].nango
    assert nango is not None
    assert nango.providers[0] == "acme"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("auth/key/nango", {}), "auth.key.nango.provider: 'provider' is missing."),
        (("auth/key/nango", {**FULL, "providr": "a"}), "'providr' is no key of this place. Did you mean 'provider'?"),
        (("auth/key/nango", {**FULL, "provider": 3}), "auth.key.nango.provider: "),
        (("auth/key/nango", {**FULL, "provider": "Acme"}), "auth.key.nango.provider: "),
        (("auth/key/nango", {**FULL, "provider": []}), "auth.key.nango.provider: "),
        (("auth/key/nango", {**FULL, "provider": ["a", "a"]}), "auth.key.nango.provider: A provider is named twice."),
        (
            ("auth/key/nango", {**FULL, "facts": {"shop": "subdomain", "shp": "x"}}),
            "auth.key.nango.facts.shp: 'shp' is no fact that this sign-in gives. Did you mean 'shop'?",
        ),
        (("auth/key/nango", {**FULL, "facts": {"shop": "a["}}), "auth.key.nango.facts.shop: This is no JMESPath"),
        (
            ("auth/key/nango", {**FULL, "credentials": {"tokn": "apiKey"}}),
            "auth.key.nango.credentials.tokn: 'tokn' is no field or token of this method. Did you mean 'token'?",
        ),
        (("auth/key/nango", {**FULL, "credentials": {"token": "a["}}), "nango.credentials.token: This is no JMESPath"),
        (
            ("auth/key/nango", {"provider": "acme"}),
            "auth.key.nango: Requests need {connection.shop}, and nothing says where Nango has it.",
        ),
        (
            ("auth/key", {**TWO_SECRETS, "nango": {**FULL, "credentials": {"secret": "password"}}}),
            "auth.key.nango: Nothing says where Nango has the secret 'id'.",
        ),
        (
            ("auth/key", {"method": "none", "fields": TYPED["fields"], "nango": FULL}),
            "auth.key.nango: Nango keeps no sign-ins of method none.",
        ),
        (
            ("nango_by_method", {"key": FULL}),
            "Has `nango_by_method`, which only members of another's `family` have: write `nango` in the method",
        ),
    ],
)
def test_what_would_not_be_found_is_told(change: tuple[str, Any], says: str) -> None:
    problems = problems_of(change)

    assert len(problems) == 1, problems
    assert says in problems[0]


def test_a_fact_that_only_the_callback_tells_must_be_named() -> None:
    needs_region = ("servers/api", "https://api.rich.{connection.region}")
    named = [
        text
        for text in problems_of(needs_region, ("auth/oauth/nango", {"provider": "rich"}), base=RICH)
        if "nango" in text
    ]
    silent = problems_of(
        needs_region, ("auth/oauth/nango", {"provider": "rich", "facts": {"region": "region"}}), base=RICH
    )

    assert named == [
        "auth.oauth.nango: Requests need {connection.region}, and nothing says where Nango has it. "
        "Say under `facts` where Nango has it, e.g. {region: NAME}."
    ]
    assert not any("nango" in text for text in silent)


def test_a_member_may_be_another_provider_than_its_family(tmp_path: Path) -> None:
    member = [("name", "mail"), ("family", "suite"), ("auth", ABSENT)]
    put(tmp_path, "suite", changed(("name", "suite"), ("auth/key/nango", FULL)))
    put(tmp_path, "mail", changed(*member, ("nango_by_method", {"key": {**FULL, "provider": ["mail", "acme"]}})))
    put(tmp_path, "files", changed(*member, ("name", "files")))

    for _ in range(2):  # read from YAML, then from the index
        catalog = load_catalog([tmp_path], index_dir=tmp_path / "index")
        found = {name: one.auth["key"].nango for name, one in catalog.connectors.items()}

        assert {name: nango.providers for name, nango in found.items() if nango} == {
            "suite": ("acme",), "mail": ("mail", "acme"), "files": ("acme",),
        }  # fmt: skip
        assert catalog.problems == ()


def test_a_member_names_a_way_that_its_family_has(tmp_path: Path) -> None:
    put(tmp_path, "suite", GOOD | {"name": "suite"})
    member = [("name", "mail"), ("family", "suite"), ("auth", ABSENT), ("nango_by_method", {"kay": FULL})]
    file = put(tmp_path, "mail", changed(*member))

    (problem,) = check_files([file], [tmp_path])

    assert (problem.key, problem.message) == ("nango_by_method.kay", "There is no way to sign in 'kay'.")


def put(folder: Path, name: str, tree: dict[str, Any]) -> Path:
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(tree, indent=1))
    return file
