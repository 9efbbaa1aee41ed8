"""Zoho CRM, by its own OpenAPI descriptions of v8."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.openapi import OpenApi
from tests.contracts.zoho import SUBJECTS, file_of, read_subject

CONTRACT = Contract(
    sources=[OpenApi([file_of(one) for one in SUBJECTS], read=read_subject)],
    facts={"accounts_server": "https://accounts.zoho.com", "api_domain": "https://www.zohoapis.com"},
)
