"""Where a manifest and Nango's catalogue differ, by connector, way to sign in and provider; and what comes of it.

In a call by the proxy ours goes first: addresses by `Base-Url-Override`, headers by their prefix. There it is Nango
that places the credential; where Nango gives it out, the manifest says how.
"""

from __future__ import annotations

_GOOGLE = "Nango's general address; calls name their own by Base-Url-Override, which Google's token opens as well."
_JSON = "Nango says it of every request; where there is a body, ours is prefixed and goes first."
_VERSION = "The proxy's own is older; ours is prefixed and goes first, so that answers are those the manifest is for."
_SEPARATOR = "Only Nango's page asks for scopes by it: that sign-in asks as Nango does, whatever the provider prefers."
_BEARER = "Nango sends the token as any OAuth token beside the header that Shopify reads, which looks at that alone."

ACCEPTED: dict[str, dict[str, str]] = {
    "anthropic key anthropic": {"header content-type added": _JSON},
    "confluence api_token confluence-basic": {"header content-type added": _JSON},
    "github token github-pat": {"header x-github-api-version differs": _VERSION},
    "gmail oauth google": {"base_url https://www.googleapis.com": _GOOGLE},
    "gmail service_account google-service-account": {"base_url https://www.googleapis.com": _GOOGLE},
    "google-analytics oauth google-analytics": {"base_url https://www.googleapis.com": _GOOGLE},
    "google-analytics oauth google": {"base_url https://www.googleapis.com": _GOOGLE},
    "google-analytics service_account google-service-account": {"base_url https://www.googleapis.com": _GOOGLE},
    "google-sheets oauth google": {"base_url https://www.googleapis.com": _GOOGLE},
    "google-sheets service_account google-service-account": {"base_url https://www.googleapis.com": _GOOGLE},
    "notion oauth notion": {"header notion-version differs": _VERSION},
    "openai key openai": {"header content-type added": _JSON},
    "shopify oauth shopify": {"header authorization added": _BEARER, "scope_separator ' '": _SEPARATOR},
    "shopify client shopify-cc": {"header authorization added": _BEARER},
    "shopify token shopify-api-key": {"header content-type added": _JSON},
    "stripe key stripe-api-key": {
        "header authorization differs": "Nango sends the key as the user name of Basic, ours is a Bearer token: Stripe"
        " documents both, https://docs.stripe.com/api/authentication."
    },
    "zoho oauth zoho-crm": {
        "header authorization differs": "Nango's proxy says Bearer where Zoho documents Zoho-oauthtoken; calls with the"
        " credential from here say what Zoho documents.",
        "scope_separator ' '": _SEPARATOR,
    },
    "zoho oauth zoho": {
        "header authorization differs": "As with zoho-crm, of which it is the general entry.",
        "scope_separator ' '": _SEPARATOR,
    },
}
