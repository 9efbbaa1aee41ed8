"""All tools of all connectors: named, described and shaped alike (lint.py), so that one teaches the next."""

from __future__ import annotations

from functools import cache

import pytest
from tests.manifests.lint import Reasons, problems_of

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Connector

REASONS = Reasons(
    verbs={
        "gitlab_create_commit": "a commit may delete files",
        "google_sheets_replace_text": "the name that every editor has for it; nothing else is lost",
    },
    unformed={
        "salesforce.closes_after": "a day of the calendar, in no zone",
        "salesforce.closes_before": "a day of the calendar, in no zone",
        "mixpanel.people": "each project calls its people as it likes",
        "segment.anonymous_user": "each site makes its own",
        "segment.group": "each company has its own",
        "segment.resource": "each kind of resource has its own form",
        "segment.user": "each company has its own",
        "segment.users": "each company has its own",
        "stripe.customer": "may be one of the merchant's own, taken over from elsewhere",
        "stripe.product": "may be one of the merchant's own",
        "stripe.price": "may be one of the merchant's own, once a plan's",
    },
    unpaged={
        "gmail_list_filters": "Gmail gives all of them at once",
        "gmail_list_labels": "Gmail gives all of them at once",
        "gmail_list_send_as": "Gmail gives all of them at once",
        "google_analytics_list_dimensions": "Google gives all of them at once",
        "google_analytics_list_metrics": "Google gives all of them at once",
        "google_analytics_run_realtime_report": "Google gives the first rows, and nothing to go on by",
        "google_sheets_read_ranges": "it gives the ranges that were asked for",
        "google_sheets_read_records": "it gives the range that was asked for",
        "anthropic_get_batch_results": "Anthropic gives one stream of lines",
        "anythingllm_list_documents": "the server gives all of them at once",
        "anythingllm_list_messages": "the server gives the latest, and no more",
        "anythingllm_list_thread_messages": "the server gives all of them at once",
        "anythingllm_list_users": "the server gives all of them at once",
        "anythingllm_list_workspaces": "the server gives all of them at once",
        "anythingllm_search_documents": "the server gives the nearest, and no more",
        "hubspot_list_pipelines": "HubSpot gives all of them at once",
        "hubspot_list_properties": "HubSpot gives all of them at once",
        "jira_list_fields": "Jira gives all of them at once",
        "jira_list_transitions": "Jira gives all of them at once",
        "mixpanel_export_events": "Mixpanel gives one stream of lines",
        "mixpanel_list_annotations": "Mixpanel gives all of them at once",
        "mixpanel_list_cohorts": "Mixpanel gives all of them at once",
        "mixpanel_list_event_names": "Mixpanel gives the most common, and no more",
        "mixpanel_list_event_properties": "Mixpanel gives the most common, and no more",
        "mixpanel_list_funnels": "Mixpanel gives all of them at once",
        "mixpanel_list_property_values": "Mixpanel gives the most common, and no more",
        "mixpanel_list_top_events": "Mixpanel gives the most frequent, and no more",
        "openai_list_models": "OpenAI gives all of them at once",
        "openai_search_vector_store": "OpenAI gives the best passages, and no more",
        "pipedrive_list_users": "Pipedrive gives all of them at once",
        "salesforce_list_objects": "Salesforce gives all of them at once",
        "salesforce_list_recent_records": "Salesforce gives the last ones, and no more",
        "salesforce_list_reports": "Salesforce gives the last ones, and no more",
        "salesforce_search_records": "Salesforce gives the best ones, and no more",
        "square_list_locations": "Square gives all of them at once",
        "zoho_list_fields": "Zoho gives all of them at once",
        "zoho_list_modules": "Zoho gives all of them at once",
        "woocommerce_list_order_notes": "the store gives all of an order's at once",
        "woocommerce_list_top_sellers": "the store gives its dozen at once",
    },
    named={
        "mixpanel_search_profiles.page": "a page has two names, its number and the session of the first answer",
        "openai_search_vector_store.max_results": "it is no page's size: nothing comes after them",
    },
    alike={
        "google_analytics_list_dimensions google_analytics_list_metrics": "each gives its half of the answer",
        "google_sheets_read_values google_sheets_read_records": "one gives rows, the other makes records of them",
    },
    without={
        "google-analytics webhooks": "Google Analytics has none",
        "google-sheets streams": "a row has no key by which it is known again",
        "google-sheets webhooks": "Drive tells of changes, for the whole file",
        "anythingllm docs": "each server describes its operations itself, at /api/docs",
        "anythingllm webhooks": "AnythingLLM has none",
        "mixpanel webhooks": "Mixpanel has them for cohorts only",
        "anthropic webhooks": "Anthropic's API sends none for what is here",
        "confluence webhooks": "Confluence Cloud sends them to installed apps alone",
        "demo streams": "its provider answers inside our own process",
        "demo webhooks": "its provider answers inside our own process",
        "salesforce webhooks": "Salesforce tells of changes by SOAP and by streams alone",
        "kinto limits": "its server's own",
        "kinto streams": "an example of a small one",
        "kinto webhooks": "Kinto has none",
    },
)


@cache
def connectors() -> list[Connector]:
    catalog = load_catalog([packaged_folder(), packaged_folder().parent / "examples"], index_dir=None)
    return sorted(catalog.connectors.values(), key=lambda one: one.name)


@pytest.mark.parametrize("connector", connectors(), ids=lambda one: one.name)
def test_the_tools_of_a_connector_are_like_all_others(connector: Connector) -> None:
    assert [str(problem) for problem in problems_of(connector, REASONS)] == []


def test_every_reason_still_excuses_something() -> None:
    assert REASONS.used_up(connectors()) == []
