"""The same of further providers; for the one whose packaged manifest is still to come a small one stands here."""

from __future__ import annotations

from tests.auth.oauth.shapes.double import Answer, Call, Shape

HEAD = """
format: 1
name: {name}
title: {title}
description: Work with {title}.
category: other
docs: https://{name}.example/docs
"""
QUICKBOOKS_YAML = (
    HEAD.format(name="quickbooks", title="QuickBooks")
    + """
servers: {api: "https://quickbooks.api.intuit.com/v3/company/{connection.realm}"}
headers: {Accept: application/json}
auth:
  oauth:
    method: oauth2
    authorize_url: https://appcenter.intuit.com/connect/oauth2
    token_url: https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer
    client_authentication: client_secret_basic
    pkce: none
    always_scopes: [com.intuit.quickbooks.accounting, openid]
    facts: {realm: {callback: realmId, pattern: "[0-9]{1,30}"}}
    revoke: {url: https://developer.api.intuit.com/v2/oauth2/tokens/revoke, encoding: json}
verify:
  request: {get: "/companyinfo/{connection.realm}"}
  account: {id: CompanyInfo.Id, name: CompanyInfo.CompanyName}
"""
)

# https://linear.app/developers/oauth-2-0-authentication
LINEAR = Shape(
    connector="linear",
    authorize="https://linear.app/oauth/authorize",
    asks={"scope": "read,write,issues:create,comments:create"},
    token="https://api.linear.app/oauth/token",
    answer=lambda at, rt: {
        "access_token": at, "token_type": "Bearer", "expires_in": 86399, "scope": "read write", "refresh_token": rt,
    },
    lasts_s=86399,
    verify=("POST", "https://api.linear.app/graphql"),
    verified={"data": {"viewer": {"id": "u-1", "name": "Ann"}, "organization": {"name": "Acme"}}},
    account=("u-1", "Ann at Acme"),
    scopes=("read", "write"),
    revoke=(Call("POST", "https://api.linear.app/oauth/revoke", {"token": "{rt}"}, "id"),),
)  # fmt: skip

# https://docs.gitlab.com/api/oauth2/
GITLAB = Shape(
    connector="gitlab",
    values={"host": "https://git.acme.example:8443"},
    authorize="https://git.acme.example:8443/oauth/authorize",
    asks={"scope": "read_api api"},
    token="https://git.acme.example:8443/oauth/token",
    refresh_repeats_redirect_uri=True,
    answer=lambda at, rt: {
        "access_token": at, "token_type": "Bearer", "expires_in": 7200, "refresh_token": rt, "scope": "read_api api",
        "created_at": 1767268800,
    },
    lasts_s=7200,
    verify=("GET", "https://git.acme.example:8443/api/v4/user"),
    verified={"id": 7, "username": "ann"},
    account=("7", "ann"),
    scopes=("read_api", "api"),
    facts={"host": "https://git.acme.example:8443"},
    revoke=(Call("POST", "https://git.acme.example:8443/oauth/revoke", {"token": "{rt}"}, "post",
                 answer=Answer(200, {})),),
)  # fmt: skip

SQUARE_SCOPES = (
    "MERCHANT_PROFILE_READ PAYMENTS_READ PAYMENTS_WRITE ORDERS_READ ORDERS_WRITE ITEMS_READ ITEMS_WRITE INVENTORY_READ "
    "INVENTORY_WRITE CUSTOMERS_READ CUSTOMERS_WRITE INVOICES_READ INVOICES_WRITE PAYOUTS_READ"
)

# https://developer.squareup.com/reference/square/o-auth-api
SQUARE = Shape(
    connector="square",
    authorize="https://connect.squareup.com/oauth2/authorize",
    asks={"scope": SQUARE_SCOPES, "session": "false"},
    called_back=(("response_type", "code"),),
    token="https://connect.squareup.com/oauth2/token",
    encoding="json",
    pkce=False,
    answer=lambda at, rt: {
        "access_token": at, "token_type": "bearer", "expires_at": "{ends}", "merchant_id": "ML1",
        "refresh_token": rt, "short_lived": False,
    },
    rotates=False,
    lasts_s=30 * 86400,
    code_refused=Answer(401, {"message": "Authorization code not found", "type": "service.not_authorized"}),
    refresh_refused=Answer(401, {"message": "Invalid refresh token", "type": "service.not_authorized"}),
    verify=("GET", "https://connect.squareup.com/v2/merchants/me"),
    verified={"merchant": {"id": "ML1", "business_name": "Acme"}},
    account=("ML1", "Acme"),
    scopes=tuple(SQUARE_SCOPES.split()),
    facts={"merchant_id": "ML1"},
    revoke=(Call("POST", "https://connect.squareup.com/oauth2/revoke", {"access_token": "{at}"}, "id", "json",
                 {"authorization": "Client s3cret/of+the=client"}, Answer(200, {"success": True})),),
    https=True,
)  # fmt: skip

# https://pipedrive.readme.io/docs/marketplace-oauth-authorization
PIPEDRIVE = Shape(
    connector="pipedrive",
    authorize="https://oauth.pipedrive.com/oauth/authorize",
    asks={},
    token="https://oauth.pipedrive.com/oauth/token",
    proof="basic",
    pkce=False,
    answer=lambda at, rt: {
        "access_token": at, "token_type": "Bearer", "refresh_token": rt, "scope": "base,deals:full",
        "expires_in": 3599, "api_domain": "https://acme.pipedrive.com",
    },
    rotates=False,
    lasts_s=3599,
    verify=("GET", "https://acme.pipedrive.com/api/v1/users/me"),
    verified={"success": True, "data": {"id": 5, "name": "Ann", "company_id": 3, "company_name": "Acme"}},
    account=("3/5", "Ann in Acme"),
    scopes=("base", "deals:full"),
    facts={"api_domain": "https://acme.pipedrive.com"},
    revoke=(Call("POST", "https://oauth.pipedrive.com/oauth/revoke",
                 {"token": "{rt}", "token_type_hint": "refresh_token"}, "basic"),),
)  # fmt: skip

# https://developer.intuit.com/app/developer/qbo/docs/develop/authentication-and-authorization/oauth-2.0
QUICKBOOKS = Shape(
    connector="quickbooks",
    manifest=QUICKBOOKS_YAML,
    authorize="https://appcenter.intuit.com/connect/oauth2",
    asks={"scope": "com.intuit.quickbooks.accounting openid"},
    called_back=(("realmId", "9130347597"),),
    token="https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
    proof="basic",
    pkce=False,
    answer=lambda at, rt: {
        "token_type": "bearer", "expires_in": 3600, "refresh_token": rt, "x_refresh_token_expires_in": 8726400,
        "access_token": at,
    },
    verify=("GET", "https://quickbooks.api.intuit.com/v3/company/9130347597/companyinfo/9130347597"),
    verified={"CompanyInfo": {"Id": "1", "CompanyName": "Acme"}},
    account=("1", "Acme"),
    scopes=("com.intuit.quickbooks.accounting", "openid"),
    facts={"realm": "9130347597"},
    revoke=(Call("POST", "https://developer.api.intuit.com/v2/oauth2/tokens/revoke", {"token": "{rt}"}, "basic",
                 "json"),),
    https=True,
)  # fmt: skip

SMALL = (LINEAR, GITLAB, SQUARE, PIPEDRIVE, QUICKBOOKS)
