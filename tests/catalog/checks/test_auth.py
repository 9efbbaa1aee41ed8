"""Ways to sign in: OAuth's endpoints and facts, where credentials go, scopes, and what may decide an address."""

from __future__ import annotations

from typing import Any

import pytest
from tests.catalog.making import ABSENT, changed, problems_of
from tests.catalog.rich import RICH

OAUTH = "auth/oauth"
CHOICE = {"title": "Region", "kind": "choice", "choices": {"eu": "Europe", "x/y": "Elsewhere"}}
GIVING = {"title": "Zone", "kind": "choice", "choices": {"eu": "Europe"}, "gives": {"region": {"eu": "x/y"}}}
OPTIONAL = {"title": "Site", "required": False}
SECRET = {"title": "Key", "kind": "secret"}
BASIC = {"username": "x", "password": "{credential.token}"}
TITLED = {"a": {"title": "A"}}
HALVES = {"username": "{connection.a}", "password": "x"}
MUTATION = {"post": "/graphql", "graphql": "mutation { change { id } }"}
CLIENT: dict[str, Any] = {
    "method": "client_credentials",
    "token_url": "https://accounts.rich.example/token",
    "fields": {"client_id": {"title": "Id"}, "client_secret": {"title": "Secret", "kind": "secret"}},
}
JWT = {
    "method": "jwt_bearer",
    "token_url": "https://accounts.rich.example/token",
    "key": "{credential.account}",
    "issuer": "{credential.account}",
    "fields": {"account": {"title": "Key", "kind": "file"}},
}
FOR_A_PERSON: dict[str, Any] = {
    **JWT,
    "subject": "{connection.person}",
    "fields": {"account": {"title": "Key", "kind": "file"}, "person": {"title": "Person", "required": False}},
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            ("auth/key", {"method": "api_key", "headers": {"authorization": "{credential.token}"}, "basic": BASIC}),
            "auth.key.headers: Basic sets the Authorization header itself.",
        ),
        (("auth/none", {"method": "none", "fields": {"k": SECRET}}), "auth.none: Method none has nothing to sign in"),
        ((f"{OAUTH}/fields", {"r": {**CHOICE, "pattern": "eu"}}), "fields.r.pattern: A choice needs no pattern"),
        ((f"{OAUTH}/authorize_url", "http://accounts.rich.example/a"), "authorize_url: A sign-in goes over https."),
        ((f"{OAUTH}/authorize_url", "accounts.rich.example"), "authorize_url: This is no address."),
        ((f"{OAUTH}/authorize_url", "https://a.example/#x"), "authorize_url: This is no address."),
        (
            (f"{OAUTH}/authorize_url", "https://{connection.region}/a"),
            "authorize_url: {connection.region} is no fact that",
        ),
        ((f"{OAUTH}/authorize_url", "https://{x}/a"), "authorize_url: {x} is no input."),
        ((f"{OAUTH}/authorize_url", ABSENT), "auth.oauth.token_url: Needs `token_url` and `authorize_url`"),
        ((f"{OAUTH}/token_url", "{connection.instance}/token"), "token_url: {connection.instance} is no fact that can"),
        (
            (f"{OAUTH}/token_url", "https://{connection.id}/token"),
            "token_url: {connection.id} cannot be part of an address",
        ),
        (
            (f"{OAUTH}/refresh_url", "https://x/{connection.instance}"),
            "refresh_url: {connection.instance} is a whole origin",
        ),
        ((f"{OAUTH}/issuer", "http://x.example"), "issuer: A sign-in goes over https."),
        ((f"{OAUTH}/revoke/url", "https://{connection.regin}/r"), "revoke.url: {connection.regin} is no fact"),
        (
            (f"{OAUTH}/register/url", "https://x.example/{redirect_url}"),
            "register.url: {redirect_url} is no input. Did you",
        ),
        ((f"{OAUTH}/register/url", "http://x.example"), "register.url: A client is registered over https."),
        (
            (f"{OAUTH}/authorize_parameters/state", "x"),
            "authorize_parameters.state: 'state' is set by the sign-in itself.",
        ),
        ((f"{OAUTH}/authorize_parameters/hint", "{x}"), "authorize_parameters.hint: {x} is no input."),
        (
            (f"{OAUTH}/token_parameters", {"a": "{credential.x}"}),
            "token_parameters.a: {credential.x} is no secret field",
        ),
        ((f"{OAUTH}/token_headers", {"Host": "x"}), "token_headers.Host: Header Host belongs to the connection"),
        ((f"{OAUTH}/token_answer/access_token", "a["), "token_answer.access_token: This is no JMESPath expression"),
        (
            (f"{OAUTH}/token_answer/access_token", "from_html(a)"),
            "Our own converters are at hand in answers and errors only",
        ),
        ((f"{OAUTH}/token_answer/further/bot", "b"), "token_answer.further.bot: The token 'bot' is never sent."),
        ((f"{OAUTH}/scopes/a b", "x"), "auth.oauth.scopes.a b: 'a b' is not one scope."),
        ((f"{OAUTH}/always_scopes", ["a b"]), "auth.oauth.always_scopes[0]: 'a b' is not one scope."),
        ((f"{OAUTH}/facts/id", {"token": "a"}), "facts.id: {connection.id} is the connection's own id."),
        ((f"{OAUTH}/facts/instance/token", "a."), "facts.instance.token: This is no JMESPath expression"),
        ((f"{OAUTH}/facts/region/choices", ["eu", "x/y"]), "facts.region.choices"),
        (
            (f"{OAUTH}/facts/region", {"callback": "l"}),
            "servers.files: {connection.region} decides where credentials are",
        ),
        ((f"{OAUTH}/facts/region", {"callback": "l", "pattern": ".*"}), "facts.region.pattern: The pattern lets"),
        (
            (f"{OAUTH}/facts/region", {"callback": "l", "pattern": "["}),
            "facts.region.pattern: This is no regular expression",
        ),
        (
            (f"{OAUTH}/facts/region", {"callback": "l", "token": "t"}),
            "facts.region: Needs exactly one of token, callback, chosen",
        ),
        ((f"{OAUTH}/fields", {"site": {"title": "Site"}}), "auth.oauth: The fact 'site' comes from two places."),
        ((f"{OAUTH}/fields", {"region": CHOICE}), "fields.region.choices.x/y: The choice 'x/y' is no part of a host."),
        ((f"{OAUTH}/fields", {"zone": GIVING}), "fields.zone.gives.region.eu: 'x/y' is no part of a host."),
        ((f"{OAUTH}/fields", {"zone": GIVING}), "auth.oauth: The fact 'region' comes from two places."),
        (
            (f"{OAUTH}/fields", {"zone": {**GIVING, "gives": {"host": {"us": "x"}}}}),
            "fields.zone.gives: `gives` needs for 'host' a value for each of the choices, and for nothing else",
        ),
        ((f"{OAUTH}/fields", {"zone": {**GIVING, "gives": {"id": {"eu": "x"}}}}), "fields.zone: {connection.id} is"),
        (
            (f"{OAUTH}/choose/request", {"delete": "/x"}),
            "choose.request: This call only reads: DELETE would change some",
        ),
        (
            (f"{OAUTH}/choose/request/get", "/{connection.site}"),
            "choose.request.get: {connection.site} is no fact that",
        ),
        ((f"{OAUTH}/facts/site/chosen", "a["), "facts.site.chosen: This is no JMESPath expression"),
        ((f"{OAUTH}/choose", ABSENT), "facts.site.chosen: Nothing is chosen after this sign-in."),
        (
            (f"{OAUTH}/by_server/fles", {"query": {"key": "{credential.access_token}"}}),
            "by_server.fles: There is no server",
        ),
        (
            (f"{OAUTH}/by_server/files/query/key", "{credential.tokn}"),
            "by_server.files.query.key: {credential.tokn} is no",
        ),
        (
            (f"{OAUTH}/by_credential/user/headers", {"X": "{credential.user_tokn}"}),
            "Did you mean 'user_token' or 'access_token'?",
        ),
        ((f"{OAUTH}/headers", {}), "auth.oauth.headers: The token is never sent."),
        ((f"{OAUTH}/headers", {"Accept": "{credential.access_token}"}), "Header Accept stands in `headers` too."),
        ((f"{OAUTH}/query", {"k": "{x}"}), "auth.oauth.query.k: {x} is no input."),
        ((f"{OAUTH}/scope_separator", ";"), "auth.oauth.scope_separator: This should be ' ' or ','."),
        (
            (f"{OAUTH}/fields", {"s": {"title": "S", "kind": "secret"}}),
            "auth.oauth.fields.s: The secret 's' is never sent.",
        ),
        (("auth/jwt", {**JWT, "key": "key"}), "auth.jwt.key: The private key is a secret."),
        (("auth/jwt", {**JWT, "issuer": "{connection.x}"}), "auth.jwt.issuer: {connection.x} is no fact"),
        (("auth/jwt", {**JWT, "subject": "{connection.x}"}), "auth.jwt.subject: {connection.x} is no fact"),
        (("auth/jwt", {**FOR_A_PERSON, "issuer": "{connection.person}"}), "jwt.issuer: {connection.person} is no fact"),
        (("auth/none", {"method": "none", "headers": {"X": "1"}}), "auth.none.headers: Method none places nothing"),
        (
            ("auth/db", {"method": "dsn", "schemes": ["pg"], "query": {"a": "b"}}),
            "auth.db.query: Method dsn places nothing",
        ),
        (("auth/db", {"method": "dsn", "schemes": []}), "auth.db.schemes: List should have at least 1 item"),
        (("verify/facts/region", "a"), None),
        (("verify/facts/lang", "a["), "verify.facts.lang: This is no JMESPath expression"),
        (("verify/facts/id", "a"), "verify.facts.id: {connection.id} is the connection's own id."),
        (("verify/request", {"put": "/me"}), "verify.request: A verify call changes nothing: PUT would."),
        (("verify/request", {"head": "/me"}), "verify.request.head: A HEAD answer has no body"),
        (
            ("verify/request", {"get": "/{connection.locale}"}),
            "verify.request.get: {connection.locale} cannot stand here: only the answer",
        ),
        (("verify/request/get", "/{connection.local}"), "{connection.local} is no fact that can stand here."),
        (
            ("verify/request", MUTATION),
            "verify.request: A verify call changes nothing: its mutation would. Use get, or",
        ),
        ((f"{OAUTH}/choose/request", MUTATION), "choose.request: This call only reads: its mutation would change some"),
        (("auth/k", {"method": "api_key", "fields": TITLED}), "auth.k.fields: Method api_key asks for no secret. Give"),
        (("auth/k", {"method": "fields"}), "auth.k: Method fields asks for no secret."),
        (("auth/k", {"method": "basic", "fields": TITLED, "basic": HALVES}), "auth.k.fields: Method basic asks for no"),
        (
            ("auth/jwt", {**JWT, "client_authentication": "private_key_jwt"}),
            "client_authentication: Method jwt_bearer has no place for the client's key.",
        ),
        (("verify", ABSENT), "verify: 'verify' is missing."),
        (
            ("servers/api", "https://{connection.locale}.x.example"),
            "{connection.locale} is told by an answer, and cannot",
        ),
        (
            ("servers/api", "https://{connection.site}.x.example"),
            "{connection.site} decides where credentials are sent",
        ),
        (("servers/api", "https://x.example/{connection.instance}"), "{connection.instance} is a whole origin"),
        (("scopes", ["orders.rea"]), "scopes[0]: The sign-in never asks for the scope 'orders.rea'. Did you mean"),
        (
            ("actions/create/scopes", ["order.write"]),
            "create.scopes[0]: The sign-in never asks for the scope 'order.write'.",
        ),
        (("actions/create/scopes", [["a", "b"]]), "create.scopes[0]: The sign-in never asks for the scope 'a or b'."),
        (("actions/create/scopes", [[]]), "create.scopes[0]: No scope is named."),
        (
            ("actions/create/credential", "usr"),
            "create.credential: No way to sign in has a credential 'usr'. Did you mean",
        ),
        (("idempotency", {"header": "X Y"}), "idempotency.header: 'X Y' is no header name."),
        (("actions/search/takes_key", True), "search.takes_key: There is no key to take: a read takes none."),
        (("idempotency", ABSENT), "create.takes_key: There is no key to take: the file names no `idempotency` key."),
        (
            ("idempotency", {"body": "key"}),
            "create.request: The idempotency key has no place: the body is no JSON mapping.",
        ),
        (
            ("idempotency", {"query": "key", "body": "key"}),
            "idempotency: Needs exactly one of header, query, body, variable.",
        ),
        (("actions/search/idempotent", False), "search.idempotent: A read changes nothing however often it is sent."),
        (("actions/put_file/effect", "read"), "put_file.effect: A PUT is no read."),
        (("includes", ["other"]), "servers: A bundle has no `servers`: it only connects those it `includes`."),
        (("family", "other"), "auth: Takes `auth` from the connector 'other', its family: leave it out here."),
        (("auth", {}), "auth: Needs `auth`; only a member of another's `family` leaves it out."),
    ],
)
def test_a_sign_in_that_cannot_work_is_told(change: tuple[str, Any], says: str | None) -> None:
    found = problems_of(change, base=RICH)

    assert (found == []) if says is None else any(says in problem for problem in found), found


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("fields", {}), "auth.c.fields.client_id: 'client_id' is missing. The client's id and secret are fields of"),
        (("fields", {}), "auth.c.fields.client_secret: 'client_secret' is missing."),
        (("fields/client_id", {"title": "Id", "kind": "secret"}), None),
        (("fields/client_secret", {"title": "Secret"}), "client_secret: The client's secret is one. Write `kind: secr"),
        (("fields/client_id/required", False), "fields.client_id: No token is given without it. Remove `required: f"),
        (("client_authentication", "private_key_jwt"), "client_authentication: Method client_credentials has no place"),
        (
            ("client_authentication", "none"),
            "client_authentication: A client without a secret has no rights of its own",
        ),
        (("client_authentication", "client_secret_basic"), None),
    ],
)
def test_a_client_with_rights_of_its_own_has_an_id_and_a_secret(change: tuple[str, Any], says: str | None) -> None:
    base = changed(("auth", {"c": CLIENT}), ("servers", {"api": "https://x.example"}), ("actions", {}), base=RICH)
    base = changed(*((key, ABSENT) for key in ("scopes", "idempotency", "streams", "webhooks")), base=base)

    found = problems_of((f"auth/c/{change[0]}", change[1]), base=base)

    assert (found == []) if says is None else any(says in problem for problem in found), found


def test_a_fact_that_only_some_connections_have_says_which_lack_it() -> None:
    base = changed(
        ("auth/c", CLIENT), ("auth/d", {**CLIENT, "fields": {**CLIENT["fields"], "site": OPTIONAL}}), base=RICH
    )
    here = ("actions/get_file/request/get", "/files/{id}/{connection.site}")

    found = problems_of(here, base=base)

    told = "actions.get_file.request.get: {connection.site} cannot stand here: signing in by c does not give it."
    assert any(problem.startswith(told) for problem in found), found
    del base["auth"]["c"]
    assert any("signing in by d it may be left empty." in problem for problem in problems_of(here, base=base))


def test_servers_of_a_way_to_sign_in_differ_from_the_usual_ones() -> None:
    special = {"oauth": {"files": RICH["servers"]["files"]}}

    assert problems_of(("servers_by_method", special), base=RICH) == [
        "servers_by_method.oauth.files: This is its address in `servers` already. Remove it here."
    ]
    assert problems_of(("servers_by_method", {"oauth": {}}), base=RICH) == [
        "servers_by_method.oauth: No server is named. Write one of `servers` with its other address, or remove this."
    ]


def test_a_bundle_and_a_member_alone_have_their_special_servers_checked() -> None:
    special = ("servers_by_method", {"key": {"fils": "https://x.example"}})
    bundle = [(key, ABSENT) for key in ("servers", "headers", "actions", "verify", "idempotency")]
    member = [(key, ABSENT) for key in ("auth", "scopes")]

    (of_bundle,) = problems_of(*bundle, ("includes", ["other"]), special, base=RICH)
    of_member = problems_of(*member, ("family", "other"), special, base=RICH)

    assert of_bundle.startswith("servers_by_method: A bundle has no `servers_by_method`: it only connects")
    assert of_member == ["servers_by_method.key.fils: There is no server 'fils'. Did you mean 'files'?"]


def test_an_idempotency_key_that_nothing_takes_is_told() -> None:
    writes = [f"actions/{name}" for name in ("create", "upload", "send", "change")]

    assert "idempotency: No action takes the key" in problems_of(*[(path, ABSENT) for path in writes], base=RICH)[0]


@pytest.mark.parametrize("place", ["query", "body"])
def test_a_place_that_is_taken_is_no_place_for_a_key(place: str) -> None:
    request = {"post": "/x", place: {"key": "{id}"}}
    changes: list[tuple[str, Any]] = [("idempotency", {place: "key"}), ("actions/change/request", request)]
    changes += [(f"actions/{name}", ABSENT) for name in ("create", "upload", "send")]

    assert problems_of(*changes, base=RICH) == [
        f"actions.change.request.{place}.key: 'key' is set by `idempotency`. Leave it out."
    ]


def test_a_choice_or_a_pattern_holds_a_fact_that_builds_an_address() -> None:
    held = {"callback": "l", "pattern": r"(eu|com(\.au)?)"}

    assert problems_of((f"{OAUTH}/facts/region", held), base=RICH) == []


def test_service_accounts_databases_and_open_services_need_no_placement() -> None:
    plain: list[tuple[str, Any]] = [("auth", {"jwt": JWT}), ("servers", {"api": "https://x.example"})]
    plain += [("actions", {}), ("scopes", []), ("idempotency", ABSENT), ("verify/facts", {})]
    plain += [("streams", {}), ("webhooks", {})]
    dsn = {"method": "dsn", "schemes": ["postgresql"], "fields": {"dsn": {"title": "Address", "kind": "secret"}}}

    assert problems_of(*plain, base=RICH) == []
    assert problems_of(*plain, ("auth", {"jwt": FOR_A_PERSON}), base=RICH) == []  # it may be left empty
    assert problems_of(*plain, ("auth", {"db": dsn, "none": {"method": "none"}}), base=RICH) == []


def test_a_method_may_have_its_own_proof() -> None:
    own = RICH["verify"]

    assert problems_of(("verify", ABSENT), (f"{OAUTH}/verify", own), base=RICH) == []
    broken = {**own, "request": {"get": "me"}}
    assert problems_of((f"{OAUTH}/verify", broken), base=RICH)[0].startswith(
        "auth.oauth.verify.request.get: A path begins"
    )


def test_the_other_proof_is_checked_too_and_gives_the_same_facts() -> None:
    own = {key: value for key, value in RICH["verify"].items() if key != "facts"}
    other = {"request": {"get": "/me"}, "account": {"name": "name"}}

    assert problems_of(("verify/otherwise", {**other, "facts": RICH["verify"]["facts"]}), base=RICH) == []
    assert problems_of(("verify/otherwise", {**other, "request": {"delete": "/me"}}), ("verify/facts", {}), base=RICH)[
        0
    ].startswith("verify.otherwise.request: A verify call changes nothing: DELETE would.")
    assert "`otherwise` does not give the fact" in problems_of(("verify/otherwise", other), base=RICH)[0]
    nameless = {**own, "account": {"name": "name"}}
    assert "`account` needs `id`" in problems_of(("verify", nameless), base=RICH)[0]
