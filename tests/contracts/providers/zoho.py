"""Zoho CRM, by its own OpenAPI descriptions of v8."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.openapi import OpenApi
from tests.contracts.zoho import SUBJECTS, file_of, read_subject

CONTRACT = Contract(
    sources=[OpenApi([file_of(one) for one in SUBJECTS], read=read_subject)],
    given={"status": "success", "code": "SUCCESS"},  # of a row; its other alternatives are errors
    accepted={
        "list_notes": {
            "query parameter ids is required": "https://www.zoho.com/crm/developer/docs/api/v8/get-notes.html: all",
        },
        "create_note": {  # the description takes the whole note, as it is read, for what is sent
            "is required and not sent": "https://www.zoho.com/crm/developer/docs/api/v8/create-notes.html: two members",
            "Note_Title is required": "the page's table of fields says that only Note_Content and Parent_Id are",
        },
        "convert_lead": {
            "path parameter lead_id takes integer": "ids have 19 digits, more than JSON's numbers hold exactly",
            "no answer has the field": "https://www.zoho.com/crm/developer/docs/api/v8/convert-lead.html",
            "needs the scopes ZohoCRM.modules.all": "the same scope in other letters",
        },
        "add_tags": {
            "is required and not sent": "https://www.zoho.com/crm/developer/docs/api/v8/add-tags.html",
        },
    },
    facts={"accounts_server": "https://accounts.zoho.com", "api_domain": "https://www.zohoapis.com"},
)
