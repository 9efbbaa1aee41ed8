"""GitHub, by its own OpenAPI description, at the version of the API that our requests name."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.github import GITHUB_DESCRIPTION, at_version
from tests.contracts.making import ABSENT
from tests.contracts.openapi import OpenApi

API_VERSION = "2026-03-10"

CONTRACT = Contract(
    sources=[OpenApi([GITHUB_DESCRIPTION], prepare=lambda description: at_version(description, API_VERSION))],
    given={"pull_request": ABSENT},  # an issue that is one is left out of the list
)
