"""Jira, by its own descriptions of 2022; its present pages win."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.openapi import OpenApi, specs
from tests.contracts.recordings import Recorded

V3 = "https://developer.atlassian.com/cloud/jira/platform/rest/v3"

CONTRACT = Contract(
    sources=[
        Recorded("jira"),  # what is newer than the descriptions
        OpenApi(specs("jira-platform.json"), servers=["api"], base=""),
        OpenApi(specs("jira-software.json"), servers=["agile"], base=""),
    ],
    accepted={
        "attach_file": {"body is ": f"{V3}/api-group-issue-attachments/: form data with a part `file`"},
        "update_issue": {"there is no query parameter 'returnIssue'": f"{V3}/api-group-issues/: added in 2023"},
        "delete_issue": {"query parameter deleteSubtasks takes string": f"{V3}/api-group-issues/: 'true' or 'false'"},
    },
    signed_in_by="api_token",
)
