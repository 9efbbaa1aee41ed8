"""The closed set of named converters between JSON and what a tree cannot say (design 4.2). Pure functions of data.

`TO` is for requests: one value in, one out; `InvalidArguments` says what cannot be converted. `FROM` is for answers:
a fixed number of positional arguments, null for null, and never an error, since an answer is the provider's word and
may be anything: what a converter cannot read it gives back unchanged. All take linear time and memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from connectory.actions.converters.atlassian import atlassian_document
from connectory.actions.converters.atlassian_text import from_atlassian_document
from connectory.actions.converters.encoding import (
    base64,
    base64url,
    from_base64,
    from_base64url,
    from_json_text,
    json_text,
)
from connectory.actions.converters.html import from_html, html_paragraphs
from connectory.actions.converters.mail import from_mime_message, from_mime_parts
from connectory.actions.converters.mime import mime_message
from connectory.actions.converters.names import from_last_segment
from connectory.actions.converters.notion import from_notion_properties, notion_rich_text
from connectory.actions.converters.tables import from_csv, from_pairs, from_table, from_trimmed
from connectory.actions.converters.times import (
    from_unix_milliseconds,
    from_unix_seconds,
    unix_milliseconds,
    unix_seconds,
    utc_without_zone,
)

TO: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "atlassian_document": atlassian_document,
        "base64": base64,
        "base64url": base64url,
        "html": html_paragraphs,
        "json_text": json_text,
        "mime_message": mime_message,
        "notion_rich_text": notion_rich_text,
        "unix_milliseconds": unix_milliseconds,
        "unix_seconds": unix_seconds,
        "utc_without_zone": utc_without_zone,
    }
)

FROM: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "from_atlassian_document": from_atlassian_document,
        "from_base64": from_base64,
        "from_base64url": from_base64url,
        "from_csv": from_csv,
        "from_html": from_html,
        "from_json_text": from_json_text,
        "from_last_segment": from_last_segment,
        "from_mime_message": from_mime_message,
        "from_mime_parts": from_mime_parts,
        "from_notion_properties": from_notion_properties,
        "from_pairs": from_pairs,
        "from_table": from_table,
        "from_trimmed": from_trimmed,
        "from_unix_milliseconds": from_unix_milliseconds,
        "from_unix_seconds": from_unix_seconds,
    }
)

__all__ = ["FROM", "TO"]
