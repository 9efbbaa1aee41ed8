"""What the documentation of providers with a packaged manifest says of their sign-in."""

from __future__ import annotations

from dataclasses import replace

from tests.auth.oauth.shapes.double import Answer, Call, Shape

from connectory.auth.backend import Revocation

SLACK_SCOPES = (
    "channels:read,channels:history,channels:join,channels:manage,groups:read,groups:history,groups:write,im:read,"
    "im:history,mpim:read,mpim:history,chat:write,chat:write.public,reactions:write,files:read,files:write,users:read,"
    "users:read.email"
)
MAIL = "https://www.googleapis.com/auth/gmail"
SHOP = "https://acme.myshopify.com/admin"
JIRA_SITE = {
    "id": "1324a887-45db-1bf4-1e99-ef0ff456d421", "name": "acme", "url": "https://acme.atlassian.net",
    "scopes": ["write:jira-work", "read:jira-user"], "avatarUrl": "https://site.example/avatars/240/flag.png",
}  # fmt: skip
NOTION_VERSION = {"notion-version": "2026-03-11"}

# https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
GITHUB = Shape(
    connector="github",
    authorize="https://github.com/login/oauth/authorize",
    asks={"scope": "repo public_repo workflow"},
    token="https://github.com/login/oauth/access_token",
    answer=lambda at, rt: {"access_token": at, "scope": "repo,workflow", "token_type": "bearer"},
    lasts_s=None,
    code_refused=Answer(200, {
        "error": "bad_verification_code", "error_description": "The code passed is incorrect or expired.",
        "error_uri": "https://docs.github.com/apps/oauth-apps/",
    }),
    refresh_refused=Answer(200, {"error": "bad_refresh_token", "error_description": "The refresh token is invalid."}),
    verify=("GET", "https://api.github.com/user"),
    verified={"login": "octocat", "id": 583231},
    account=("583231", "octocat"),
    scopes=("repo", "workflow"),
    revoke=(
        Call("DELETE", "https://api.github.com/applications/client-1/grant", {"access_token": "{at}"}, "basic", "json",
             answer=Answer(204)),
    ),
)  # fmt: skip

# https://developers.google.com/identity/protocols/oauth2/web-server
GMAIL = Shape(
    connector="gmail",
    family="google",
    authorize="https://accounts.google.com/o/oauth2/v2/auth",
    asks={
        "scope": f"{MAIL}.readonly {MAIL}.send {MAIL}.modify {MAIL}.settings.basic openid email",
        "access_type": "offline",
        "prompt": "consent",
        "include_granted_scopes": "true",
    },
    token="https://oauth2.googleapis.com/token",
    answer=lambda at, rt: {
        "access_token": at, "expires_in": 3599, "refresh_token": rt, "token_type": "Bearer", "id_token": "e30.e30.x",
        "scope": f"openid {MAIL}.readonly {MAIL}.send https://www.googleapis.com/auth/userinfo.email",
    },
    renewed=lambda at, _: {
        "access_token": at, "expires_in": 3599, "token_type": "Bearer",
        "scope": f"openid {MAIL}.readonly {MAIL}.send https://www.googleapis.com/auth/userinfo.email",
    },
    rotates=False,
    lasts_s=3599,
    called_back=(("scope", "openid email"), ("authuser", "0"), ("prompt", "consent")),
    verify=("GET", "https://gmail.googleapis.com/gmail/v1/users/me/profile"),
    verified={"emailAddress": "ann@example.com", "messagesTotal": 3},
    account=("ann@example.com", "ann@example.com"),
    scopes=(
        "openid", f"{MAIL}.readonly", f"{MAIL}.send", "https://www.googleapis.com/auth/userinfo.email",
    ),
    revoke=(Call("POST", "https://oauth2.googleapis.com/revoke", {"token": "{rt}"}, "id"),),
)  # fmt: skip

# https://docs.slack.dev/authentication/installing-with-oauth, .../using-token-rotation
SLACK = Shape(
    connector="slack",
    authorize="https://slack.com/oauth/v2/authorize",
    asks={"scope": SLACK_SCOPES, "user_scope": "search:read"},
    token="https://slack.com/api/oauth.v2.access",
    answer=lambda at, rt: {
        "ok": True, "access_token": at, "token_type": "bot", "scope": SLACK_SCOPES, "bot_user_id": "U0KRQLJ9H",
        "app_id": "A0KRD7HC3", "team": {"name": "Acme", "id": "T9TK3CUKW"}, "enterprise": None,
        "authed_user": {"id": "U1234", "scope": "search:read", "access_token": f"user-{at}", "token_type": "user"},
    },
    pkce=False,
    lasts_s=None,
    code_refused=Answer(200, {"ok": False, "error": "invalid_code"}),
    refresh_refused=Answer(200, {"ok": False, "error": "invalid_refresh_token"}),
    request_refused=Answer(200, {"ok": False, "error": "invalid_arguments"}),
    token_dead=Answer(200, {"ok": False, "error": "token_expired"}),
    verify=("POST", "https://slack.com/api/auth.test"),
    verified={"ok": True, "url": "https://acme.slack.com/", "team": "Acme", "user": "connectory",
              "team_id": "T9TK3CUKW", "user_id": "U0KRQLJ9H", "bot_id": "B1"},
    account=("T9TK3CUKW/U0KRQLJ9H", "connectory in Acme"),
    scopes=tuple(SLACK_SCOPES.split(",")),
    facts={"team": "T9TK3CUKW"},
    revoke=tuple(
        Call("POST", "https://slack.com/api/auth.revoke", {"token": token}, "id",
             answer=Answer(200, {"ok": True, "revoked": True}))
        for token in ("{at}", "user-{at}")
    ),
    https=True,
)  # fmt: skip

# https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
SHOPIFY = Shape(
    connector="shopify",
    values={"shop": "acme"},
    authorize=f"{SHOP}/oauth/authorize",
    asks={
        "scope": "read_products,write_products,read_inventory,write_inventory,read_locations,read_orders,write_orders,"
        "read_merchant_managed_fulfillment_orders,write_merchant_managed_fulfillment_orders,read_customers,"
        "write_customers,read_draft_orders,write_draft_orders,read_discounts,write_discounts,read_reports",
    },
    token=f"{SHOP}/oauth/access_token",
    token_adds={"expiring": "1"},
    answer=lambda at, rt: {
        "access_token": at, "scope": "write_products,read_orders,read_customers", "expires_in": 3600,
        "refresh_token": rt, "refresh_token_expires_in": 7776000,
    },
    pkce=False,
    signs_callback=True,
    called_back=(("shop", "acme.myshopify.com"), ("host", "YWNtZS5teXNob3BpZnkuY29t"), ("timestamp", "1767268800")),
    code_refused=Answer(400, {
        "error": "invalid_request", "error_description": "The authorization code was not found or was already used",
    }),
    carries=lambda token: {"x-shopify-access-token": token},
    verify=("POST", f"{SHOP}/api/2026-10/graphql.json"),
    verified={"data": {
        "shop": {"id": "gid://shopify/Shop/1", "name": "Acme"},
        "currentAppInstallation": {"accessScopes": [{"handle": "read_products"}, {"handle": "write_products"}]},
    }},
    account=("gid://shopify/Shop/1", "Acme"),
    scopes=("read_products", "write_products"),
    facts={"shop": "acme"},
    revoked=Revocation.NOT_SUPPORTED,
)  # fmt: skip

# https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_web_server_flow.htm
SALESFORCE = Shape(
    connector="salesforce",
    values={"domain": "test.salesforce.com"},
    authorize="https://test.salesforce.com/services/oauth2/authorize",
    asks={"scope": "api refresh_token openid"},
    token="https://test.salesforce.com/services/oauth2/token",
    answer=lambda at, rt: {
        "access_token": at, "refresh_token": rt, "instance_url": "https://acme--sb.sandbox.my.salesforce.com",
        "id": "https://test.salesforce.com/id/00Dx/005x", "issued_at": "1767268800000", "signature": "c2ln",
        "scope": "refresh_token openid api", "token_type": "Bearer",
    },
    renewed=lambda at, _: {
        "access_token": at, "instance_url": "https://acme--sb.sandbox.my.salesforce.com", "token_type": "Bearer",
        "id": "https://test.salesforce.com/id/00Dx/005x", "issued_at": "1767268800000", "signature": "c2ln",
        "scope": "refresh_token openid api",
    },
    rotates=False,
    lasts_s=None,
    code_refused=Answer(400, {"error": "invalid_grant", "error_description": "invalid authorization code"}),
    refresh_refused=Answer(400, {"error": "invalid_grant", "error_description": "expired access/refresh token"}),
    verify=("GET", "https://acme--sb.sandbox.my.salesforce.com/services/oauth2/userinfo"),
    verified={"organization_id": "00Dx", "user_id": "005x", "preferred_username": "ann@acme.example"},
    token_dead=Answer(403, "Bad_OAuth_Token"),
    account=("00Dx/005x", "ann@acme.example"),
    scopes=("refresh_token", "openid", "api"),
    facts={"domain": "test.salesforce.com", "instance_url": "https://acme--sb.sandbox.my.salesforce.com"},
    revoke=(Call("POST", "https://test.salesforce.com/services/oauth2/revoke", {"token": "{rt}"}, "id"),),
)  # fmt: skip

# https://developers.hubspot.com/docs/api-reference/latest/authentication/oauth-tokens
HUBSPOT = Shape(
    connector="hubspot",
    authorize="https://app.hubspot.com/oauth/authorize",
    asks={
        "scope": "crm.objects.contacts.read crm.objects.contacts.write crm.objects.companies.read "
        "crm.objects.companies.write crm.objects.deals.read crm.objects.deals.write tickets crm.objects.owners.read "
        "oauth"
    },
    token="https://api.hubapi.com/oauth/2026-09/token",
    answer=lambda at, rt: {
        "token_type": "bearer", "access_token": at, "refresh_token": rt, "expires_in": 1800, "hub_id": 62515,
        "user_id": 293199, "scopes": ["oauth", "crm.objects.contacts.read"], "is_private_distribution": False,
    },
    rotates=False,
    lasts_s=1800,
    code_refused=Answer(400, {"status": "BAD_AUTH_CODE", "message": "missing or unknown auth code"}),
    refresh_refused=Answer(400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}),
    request_refused=Answer(400, {"message": "Invalid input", "category": "VALIDATION_ERROR"}),
    verify=("GET", "https://api.hubapi.com/account-info/v3/details"),
    verified={"portalId": 62515, "uiDomain": "app.hubspot.com"},
    account=("62515", "account 62515"),
    scopes=("oauth", "crm.objects.contacts.read"),
    facts={"hub_id": "62515"},
    revoke=(Call("POST", "https://api.hubapi.com/oauth/2026-09/token/revoke",
                 {"token": "{rt}", "token_type_hint": "refresh_token"}, "post"),),
)  # fmt: skip

# https://www.zoho.com/crm/developer/docs/api/v8/oauth-overview.html
ZOHO = Shape(
    connector="zoho",
    values={"data_centre": "zoho.com"},
    authorize="https://accounts.zoho.com/oauth/v2/auth",
    asks={
        "scope": "ZohoCRM.modules.ALL,ZohoCRM.coql.READ,ZohoSearch.securesearch.READ,ZohoCRM.settings.modules.READ,"
        "ZohoCRM.settings.fields.READ,ZohoCRM.users.READ,ZohoCRM.org.READ",
        "access_type": "offline",
        "prompt": "consent",
    },
    called_back=(("location", "eu"), ("accounts-server", "https://accounts.zoho.eu")),
    token="https://accounts.zoho.eu/oauth/v2/token",
    answer=lambda at, rt: {
        "access_token": at, "refresh_token": rt, "api_domain": "https://www.zohoapis.eu", "token_type": "Bearer",
        "expires_in": 3600, "scope": "ZohoCRM.modules.ALL ZohoCRM.org.READ",
    },
    renewed=lambda at, _: {
        "access_token": at, "api_domain": "https://www.zohoapis.eu", "token_type": "Bearer", "expires_in": 3600,
    },
    rotates=False,
    code_refused=Answer(200, {"error": "invalid_code"}),
    refresh_refused=Answer(200, {"error": "invalid_code"}),
    carries=lambda token: {"authorization": f"Zoho-oauthtoken {token}"},
    verify=("GET", "https://www.zohoapis.eu/crm/v8/org"),
    verified={"org": [{"id": "20074", "company_name": "Acme"}]},
    account=("20074", "Acme"),
    scopes=("ZohoCRM.modules.ALL", "ZohoCRM.org.READ"),
    facts={"data_centre": "zoho.com", "accounts_server": "https://accounts.zoho.eu",
           "api_domain": "https://www.zohoapis.eu"},
    revoke=(Call("POST", "https://accounts.zoho.eu/oauth/v2/token/revoke", {"token": "{rt}"}, "id",
                 answer=Answer(200, {"status": "success"})),),
)  # fmt: skip

# https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
JIRA = Shape(
    connector="jira",
    authorize="https://auth.atlassian.com/authorize",
    asks={
        "scope": "read:jira-work write:jira-work read:jira-user read:board-scope:jira-software "
        "read:sprint:jira-software read:project:jira offline_access",
        "audience": "api.atlassian.com",
        "prompt": "consent",
    },
    token="https://auth.atlassian.com/oauth/token",
    answer=lambda at, rt: {
        "access_token": at, "refresh_token": rt, "expires_in": 3600, "token_type": "Bearer",
        "scope": "write:jira-work read:jira-work read:jira-user offline_access",
    },
    code_refused=Answer(403, {"error": "invalid_grant", "error_description": "authorization code is invalid"}),
    refresh_refused=Answer(403, {"error": "unauthorized_client", "error_description": "refresh_token is invalid"}),
    verify=("GET", "https://api.atlassian.com/ex/jira/1324a887-45db-1bf4-1e99-ef0ff456d421/rest/api/3/myself"),
    verified={"accountId": "5b10", "displayName": "Ann"},
    account=("5b10", "Ann"),
    scopes=("write:jira-work", "read:jira-work", "read:jira-user", "offline_access"),
    facts={"cloud_id": "1324a887-45db-1bf4-1e99-ef0ff456d421"},
    calls={("GET", "https://api.atlassian.com/oauth/token/accessible-resources"): [JIRA_SITE]},
    revoked=Revocation.NOT_SUPPORTED,
)  # fmt: skip

# https://developers.notion.com/docs/authorization, .../reference/revoke-token
NOTION = Shape(
    connector="notion",
    authorize="https://api.notion.com/v1/oauth/authorize",
    asks={"owner": "user"},
    token="https://api.notion.com/v1/oauth/token",
    token_headers=NOTION_VERSION,
    proof="basic",
    encoding="json",
    pkce=False,
    answer=lambda at, rt: {
        "access_token": at, "token_type": "bearer", "refresh_token": rt, "bot_id": "3c90", "workspace_name": "Acme",
        "workspace_icon": None, "workspace_id": "9a2b", "owner": {"type": "user", "user": {"object": "user"}},
        "duplicated_template_id": None, "request_id": "77",
    },
    lasts_s=None,
    verify=("GET", "https://api.notion.com/v1/users/me"),
    verified={"object": "user", "id": "3c90", "name": "Connectory", "bot": {"workspace_name": "Acme"}},
    account=("3c90", "Acme"),
    facts={"workspace_id": "9a2b"},
    revoke=(Call("POST", "https://api.notion.com/v1/oauth/revoke", {"token": "{at}"}, "basic", "json", NOTION_VERSION,
                 Answer(200, {"request_id": "78"})),),
)  # fmt: skip

# https://docs.stripe.com/connect/oauth-reference
STRIPE = Shape(
    connector="stripe",
    method="connect",
    authorize="https://connect.stripe.com/oauth/authorize",
    asks={"scope": "read_write"},
    token="https://connect.stripe.com/oauth/token",
    answer=lambda at, rt: {
        "access_token": at, "livemode": True, "refresh_token": rt, "token_type": "bearer", "scope": "read_write",
        "stripe_publishable_key": "pk_live_1", "stripe_user_id": "acct_1AnnAcme",
    },
    pkce=False,
    rotates=False,
    lasts_s=None,
    code_refused=Answer(400, {"error": "invalid_grant", "error_description": "Authorization code does not exist"}),
    verify=("GET", "https://api.stripe.com/v1/account"),
    verified={"id": "acct_1AnnAcme", "settings": {"dashboard": {"display_name": "Acme"}}},
    account=("acct_1AnnAcme", "Acme"),
    scopes=("read_write",),
    facts={"account": "acct_1AnnAcme"},
    revoke=(Call("POST", "https://connect.stripe.com/oauth/deauthorize", {"stripe_user_id": "acct_1AnnAcme"}, "id",
                 headers={"authorization": "Bearer s3cret/of+the=client"},
                 answer=Answer(200, {"stripe_user_id": "acct_1AnnAcme"})),),
    https=True,
)  # fmt: skip

# https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
GITHUB_ROTATING = replace(
    GITHUB,
    lasts_s=28800,
    answer=lambda at, rt: {
        **GITHUB.answer(at, rt), "refresh_token": rt, "expires_in": 28800, "refresh_token_expires_in": 15897600,
    },
)  # fmt: skip
SLACK_ROTATING = replace(
    SLACK,
    lasts_s=43200,
    answer=lambda at, rt: {**SLACK.answer(at, rt), "refresh_token": rt, "expires_in": 43200},
    renewed=lambda at, rt: {
        "ok": True, "access_token": at, "token_type": "bot", "scope": SLACK_SCOPES, "bot_user_id": "U0KRQLJ9H",
        "app_id": "A0KRD7HC3", "team": {"name": "Acme", "id": "T9TK3CUKW"}, "enterprise": None,
        "refresh_token": rt, "expires_in": 43200,
    },
)  # fmt: skip

PACKAGED = (GITHUB, GMAIL, SLACK, SHOPIFY, SALESFORCE, HUBSPOT, ZOHO, JIRA, NOTION, STRIPE)
