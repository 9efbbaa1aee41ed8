"""HubSpot, by its own descriptions of the numbered API; we call the dated one, whose paths alone differ."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.description import Description
from tests.contracts.openapi import OpenApi, specs

SUBJECTS = ("contacts", "companies", "deals", "tickets", "tasks", "notes", "associations-v4", "crmOwners", "pipelines")
FILES = [f"hubspot-{subject}.json" for subject in (*SUBJECTS, "properties", "accountInfo")]
GUIDE = "https://developers.hubspot.com/docs/api-reference/search/guide"
SEARCH = {
    "body.sorts": f"{GUIDE}: sorts are objects, {{propertyName, direction}}",
    "body.filterGroups is required, and may be left out": f"{GUIDE}: a search may be by words alone, or for everything",
}
OBJECTS = "https://developers.hubspot.com/docs/guides/crm/using-object-apis"
CREATE = {"body.associations is required": f"{OBJECTS}: a record may be made alone; theirs is required in no example"}


def as_guided(description: Description) -> Description:
    """The description as HubSpot's guides have it.

    Deals have their name: the description of them calls them by their number alone, which the API takes as well. And
    the first page of a search is asked for without `after`, which is where the next one begins.
    """
    if (search := description.document["components"]["schemas"].get("PublicObjectSearchRequest")) is not None:
        search["required"] = [name for name in search["required"] if name != "after"]
    paths = {path.replace("/objects/0-3", "/objects/deals"): one for path, one in description.document["paths"].items()}
    return Description({**description.document, "paths": paths})


CONTRACT = Contract(
    sources=[
        OpenApi(
            specs(*FILES),
            moved={
                r"^/crm/objects/2026-09/([^/]+/[^/]+/associations)/": r"/crm/v4/objects/\1/",
                r"^/crm/objects/2026-09/": "/crm/v3/objects/",
                r"^/crm/(owners|pipelines|properties)/2026-09": r"/crm/v3/\1",
            },
            prepare=as_guided,
        )
    ],
    given={"hidden": False},
    accepted={
        **{f"search_{one}": SEARCH for one in ("contacts", "companies", "deals", "tickets", "notes")},
        "search_tasks": {one: why for one, why in SEARCH.items() if "sorts" in one},
        **{f"create_{one}": CREATE for one in ("contact", "company", "deal", "ticket", "task")},
    },
)
