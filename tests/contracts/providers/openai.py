"""OpenAI, by its own description."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.openapi import OpenApi, specs

CONTRACT = Contract(sources=[OpenApi(specs("openai.yaml"))])
