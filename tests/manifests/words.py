"""The words that all connectors share: verbs by effect, and one name for one thing.

Verbs are a closed list: add one where English needs it, not where another here says the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from connectory.catalog.manifest import Effect


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _by_word(table: Mapping[str, str]) -> dict[str, str]:
    return {word: right for right, words in table.items() for word in words.split()}


VERBS: Mapping[Effect, frozenset[str]] = {
    Effect.READ: _words("get list search find query count check calculate compare run download export read"),
    Effect.WRITE: _words(
        "create update add set write send reply respond schedule upload attach append insert duplicate copy move share "
        "invite join start stop rerun retry edit sort format merge finalize publish restore trash assign close reopen "
        "approve record track identify convert upsert complete import generate ask"
    ),
    Effect.DESTRUCTIVE: _words("delete remove cancel revoke refund archive replace void disable clear end unpublish"),
}
MUST_DESTROY = _words("delete remove cancel revoke refund void clear")  # no effect is less than that

# What an input is called elsewhere, by what it is called here.
INSTEAD_OF = _by_word(
    {
        "query": "q search search_query search_term term keyword keywords word words",
        "limit (which `pages` give)": "per_page page_size max_results count max_items num_results top first last",
        "cursor (which `pages` give)": "page_token next_page_token start_cursor starting_after after before offset "
        "start_at page_number",
        "created_after": "created_since created_from since created_start",
        "created_before": "created_until created_to until created_end",
        "updated_after": "updated_since updated_from modified_since modified_after changed_after changed_since",
        "updated_before": "updated_until updated_to modified_before changed_before changed_until",
        "start or start_date": "from_date date_from start_time since_date start_datetime starts",
        "end or end_date": "to_date date_to end_time until_date end_datetime ends",
        "sort": "sort_by order_by orderby ordering sorts",
        "direction": "sort_order sort_direction order_direction descending ascending",
        "time_zone": "timezone tz",
        "email": "email_address mail e_mail",
        "phone": "phone_number telephone tel",
        "first_name": "firstname given_name",
        "last_name": "lastname surname family_name",
        "currency": "currency_code",
        "name": "full_name display_name",
        "description": "desc",
        "due_date (a day) or due_at (a time)": "due due_on deadline",
        "file_name": "filename",
        "url": "uri link href",
    }
)
# The same of the members of what comes back.
MEMBER_INSTEAD_OF = _by_word(
    {
        "created_at": "created created_time created_date creation_date date_created created_on",
        "updated_at": "updated modified modified_at updated_time updated_date last_modified last_updated "
        "last_modified_at date_modified modified_time",
        "url": "link html_url web_url web_link permalink",
        "time_zone": "timezone tz",
    }
)
# Members of an object whose name says all.
SELF_EVIDENT = _words(
    "name email phone company title text url address1 address2 line1 line2 street city state province postcode zip "
    "postal_code country first_name last_name sku quantity"
)
TIMES = ("_at", "_after", "_before", "_date", "_on", "_time", "_since", "_until")
