"""GitLab, by what an SDK was seen to send: its descriptions are in no package."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.recordings import Recorded

API = "https://gitlab.com/gitlab-org/gitlab/-/blob/master/lib/api"

CONTRACT = Contract(
    sources=[Recorded("gitlab")],
    accepted={
        "update_issue": {
            "input '{due_date}' may be null, and body.due_date may not": f"{API}/issues.rb: null is handed on, and "
            "takes the date away; the SDK's types leave null out",
        },
        "retry_pipeline": {
            "a body is required and not sent": f"{API}/ci/pipelines.rb: it takes nothing but the path; the SDK sends "
            "an empty object with whatever it posts",
        },
    },
)
