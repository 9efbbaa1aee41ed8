"""Notion, by its own description, which was made for its MCP server and lacks what that does not use."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.notion import with_answers
from tests.contracts.openapi import OpenApi, specs
from tests.contracts.recordings import Recorded

PAGES = "https://developers.notion.com/reference"
PARENT = {"body.parent has no member 'data_source_id'": f"{PAGES}/parent-object: since 2025-09-03, for `database_id`"}

CONTRACT = Contract(
    # The description knows too little of blocks for files, and no uploads and databases at all.
    sources=[Recorded("notion"), OpenApi(specs("notion.json"), prepare=with_answers)],
    accepted={
        "append_to_page": {
            "body.insert_content is deprecated": f"{PAGES}/update-page-markdown: legacy, but part of this version; "
            "nothing else adds to a page without knowing what stands there",
        },
        "create_page": {
            **PARENT,
            "body has no member 'markdown'": f"{PAGES}/post-page: in place of `children`",
            "body.icon is no object there": f"{PAGES}/emoji-object: an object, not JSON as text",
        },
        "update_page": {"body.icon has no member 'type'": f"{PAGES}/emoji-object: its own type stands in it"},
        "move_page": {
            **PARENT,
            "body.parent.type is required and not sent": f"{PAGES}/move-page: told by the id that is given",
        },
        "query_data_source": {
            "has no member 'timestamp'": f"{PAGES}/sort-data-source-entries: by a time of the entry",
            "body.sorts[].property is required": f"{PAGES}/sort-data-source-entries: or a timestamp",
        },
        "add_comment": {
            "body has no member 'discussion_id'": f"{PAGES}/create-a-comment: in place of `parent`",
            "body.parent is required": f"{PAGES}/create-a-comment: or `discussion_id`",
            "body has no member 'markdown'": f"{PAGES}/create-a-comment: in place of `rich_text`",
            "body.rich_text is required": f"{PAGES}/create-a-comment: or `markdown`",
        },
    },
)
