"""Where Nango 0.71.4 does otherwise than its description says, and why the double follows the server.

Each key is a regular expression over `operation | part | place | what`. The reference page was checked against a
running server; "section" is the page's.
"""

from __future__ import annotations

ANY = r"[^|]*"
DIFFERENCES: dict[str, str] = {
    r"GET /connections/\{connectionId\} \| 400 \| error \| members that are not described: payload": (
        "section 7: a failed refresh sends the connection along, without credentials"
    ),
    rf"{ANY} \| (401|429) \| error \| members that are not described: (payload|method, path)": (
        "section 1: a 401 carries an empty `payload`, a 429 what was asked; the description has one error for all"
    ),
    rf"{ANY} \| (401|403|404|415|429|500) \|  \| this status is not described": (
        "section 1: key, scope, content type and rate limit are looked at on every path; the description names few"
    ),
    rf"GET {ANY} \| 304 \|  \| this status is not described": "section 1: any GET answers so to its own ETag",
    r"GET /providers(/\{provider\})? \| 200 \| data(\.\*)? \| breaks anyOf": (
        "section 9: entries have members and auth modes that the description's Provider never got (logo_url among them)"
    ),
    r"GET /connect/session \| 200 \| data \| missing: '(token|expires_at)'": (
        "section 3: a session tells of its page's settings; the description has the answer of its making here"
    ),
    r"GET /providers \| request \| \?search \| this parameter is not described": (
        "section 2: part of a name, which the description leaves out"
    ),
    r"GET /connections \| request \| \?integrationId \| this parameter is not described": (
        "section 4: one of the filters, which the description leaves out"
    ),
    r"(GET /connections/.*|POST /connections) \| 20[01] \| (metadata|last_fetched_at) \| NoneType is not .*": (
        "sections 4 and 10: null after an OAuth sign-in, and before the first read"
    ),
    r"POST /connections \| 201 \|  \| this status is not described": "section 4: an import is answered by 201",
}
