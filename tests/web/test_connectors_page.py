"""The connectors page: what is connected, what can be, and the way to the connect page and back."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import httpx2
import pytest
from tests.gateway.test_changes_on_record import lines_of
from tests.web.browsing import FLEET, Browser, Page, PostedForm, make_token, make_web, open_signed_in, sign_in

from connectory.catalog.catalog import load_catalog, packaged_folder
from connectory.catalog.connector import Connector
from connectory.testing.application import connect, make_principal
from connectory.testing.connectors import NOTES_YAML, OPEN_YAML, make_catalog, make_connector
from connectory.testing.provider import FakeProvider
from connectory.vault.entities import PolicyEffect, Role
from connectory.web.links import path_of
from connectory.web.static_files import static_files

HOME = "/workspaces/default/connectors"
LOGO = """logo: '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'\n"""
CALENDAR = NOTES_YAML.replace("name: notes\ntitle: Notes", "name: calendar\ntitle: Calendar").replace(
    "description: Keep notes.\ncategory: productivity", "description: Keep dates.\ncategory: crm"
)
CALENDAR = CALENDAR.replace("tasks: [Show my notes.]", "tasks: [When is my next day off?]")
TWO = (make_connector(NOTES_YAML + LOGO), make_connector(CALENDAR))


def actions_of(page: Page) -> str:
    """Where the page's buttons lead."""
    return " ".join(re.findall(r'(?:form)?action="([^"]+)"', page.html))


async def test_with_nothing_connected_the_page_says_what_to_do() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        page = await open_signed_in(application, browser, await make_principal(application), HOME)
    assert page.status == 200
    assert "Nothing is connected yet. Choose a service below" in page.text
    assert "All services 1" in page.text
    assert "Notes Keep notes. Not connected Connect" in page.text


async def test_a_person_connects_from_the_grid_and_finds_the_way_back() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        page = await open_signed_in(application, browser, await make_principal(application), HOME)
        grid = next(form for form in page.forms if form.action.endswith("/connect"))
        connecting = await browser.submit(grid, connector="notes")
        assert "Connect Notes" in connecting.text
        assert "notes/default" in connecting.text
        done = await browser.submit(connecting.forms[-1], token="s3cret")
    assert "Notes is connected as user-s3cre. Ask your assistant, for instance: “Show my notes.”" in done.text
    assert "Notes default Account: user-s3cre Works API key; " in done.text
    assert "Connected Add an account" in done.text


async def test_a_link_that_another_browser_has_is_left_to_it_and_asked_for_on_one_line() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        await open_signed_in(application, browser, principal, HOME)
        session = await application.auth.connect(principal, "notes")
        await application.vault.sessions.bind(session.id, "a" * 64, until=session.expires_at)
        first = await browser.send(await grid_of(browser), connector="notes")
        again = await browser.send(await grid_of(browser), connector="notes")
        lines = await lines_of(application, principal)
    assert first.headers["location"] != path_of(session)
    assert first.headers["location"] == again.headers["location"]
    assert [line.outcome for line in lines if line.action == "connect"] == ["ok", "ok"]


async def test_who_came_by_the_link_of_a_chat_is_led_back_to_the_chat() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        await open_signed_in(application, browser, principal, HOME)
        link = application.auth.link_url(await application.auth.connect(principal, "notes"))
        done = await browser.submit((await browser.open(link)).forms[-1], token="s3cret")
        assert done.text.startswith("Connectory")
        assert "Notes is connected" in done.text
        assert {"href": HOME} in done.links
        by_page = await browser.submit(await grid_of(browser), connector="notes")
        assert "Connect another account" in by_page.text


@pytest.mark.parametrize("has_other_browser", [False, True])
async def test_what_asks_for_nothing_is_connected_by_one_click(has_other_browser: bool) -> None:
    async with make_web(catalog=make_catalog(make_connector(OPEN_YAML))) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        await open_signed_in(application, browser, principal)
        session = await application.auth.connect(principal, "open")
        if has_other_browser:  # it has gone on with the link that is open for the same
            await application.vault.sessions.bind(session.id, "a" * 64, until=session.expires_at)
        done = await browser.submit(await grid_of(browser), connector="open")
        assert "Open is connected." in done.text
        found = await application.auth.list_connections(principal)
    assert [row.name for row, _ in found] == ["open/default"]


@pytest.mark.parametrize(("backend", "leaves"), [("auto", True), ("builtin", True), ("direct", False)])
async def test_oauth_that_is_set_up_leaves_for_the_provider_by_one_click(backend: str, leaves: bool) -> None:
    packaged = (await asyncio.to_thread(load_catalog, [packaged_folder()], index_dir=None)).connectors
    app_of_ours = {"GITHUB_CLIENT_ID": "our-app", "GITHUB_CLIENT_SECRET": "hidden"}
    web = make_web(app_of_ours, catalog=make_catalog(packaged["github"]))
    async with web as (application, app), Browser(app) as browser:
        await open_signed_in(application, browser, await make_principal(application))
        page = await browser.open(f"{HOME}?backend={backend}")
        grid = next(form for form in page.forms if form.action.endswith("/connect"))
        leaving = await browser.submit(grid, connector="github")
        by_its_own_page = await browser.open(f"{HOME}/github")
        form = next(form for form in by_its_own_page.forms if form.action.endswith("/connect"))
        chosen = await browser.submit(form, alias="work")
    assert ("Going on at GitHub" if leaves else "Personal access token") in leaving.text
    assert ("https://github.com/login/oauth/authorize?" in leaving.html) is leaves
    assert "It may" in chosen.text  # there the rights can be ticked


async def test_a_refusal_in_the_dialog_is_a_page_of_its_own() -> None:
    async with make_web({"CONNECTORY_LINKS_PER_HOUR": "1"}) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        await application.auth.connect(principal, "notes", alias="other")
        await open_signed_in(application, browser, principal)
        grid = await grid_of(browser)
        browser.client.headers["HX-Request"] = "true"
        refused = await browser.submit(grid, connector="notes")
        del browser.client.headers["HX-Request"]
        whole = await browser.submit(grid, connector="notes")
    assert (refused.status, whole.status) == (429, 422)
    assert "dialog" not in refused.html
    assert refused.html.count("<h1") == 1


async def test_what_the_address_says_was_connected_is_said_only_of_what_one_sees() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal, other = [await make_principal(application, user=user) for user in ("me", "another")]
        made = await connect(application, other)
        page = await open_signed_in(application, browser, principal, f"{HOME}?connected={made.id}")
    assert "Notes is connected" not in page.text


async def grid_of(browser: Browser) -> PostedForm:
    """The form around all connectors."""
    page = await browser.open(HOME)
    return next(form for form in page.forms if form.action.endswith("/connect") and "backend" in form.fields)


async def test_another_account_gets_the_name_that_was_typed() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        await connect(application, principal)
        page = await open_signed_in(application, browser, principal, f"{HOME}/notes")
        form = next(form for form in page.forms if "alias" in form.inputs)
        for wrong in ("Not A Name!", "x" * 40):
            answer = await browser.submit(form, alias=wrong)
            assert answer.status == 422
            assert "This alias cannot be used" in answer.text
        connecting = await browser.submit(form, alias="work", shared="yes")
        assert "notes/work" in connecting.text
        assert "with everyone in the workspace" in connecting.text
        again = await browser.submit(form, alias="", connector="notes")
    assert "Connect another account" in again.text  # the default one is there and works


async def test_a_name_that_is_in_use_is_said_beside_the_field_and_renews_nothing() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        made = await connect(application, principal, alias="work")
        _, grant = await application.auth.resolve(principal, made.id)
        await application.auth.mark_needs_reconnect(made, grant)  # also where it needs a new sign-in
        page = await open_signed_in(application, browser, principal, f"{HOME}/notes")
        form = next(form for form in page.forms if "alias" in form.inputs)
        answer = await browser.submit(form, alias="work")
        lines = await lines_of(application, principal)
        for_all = await browser.submit(form, alias="work", shared="yes")  # it is another's, and so another one
    field = next(form.inputs["alias"] for form in answer.forms if "alias" in form.inputs)
    assert answer.status == 422
    assert "work is already used. Choose another name." in answer.text
    assert (field["value"], field["aria-invalid"]) == ("work", "true")
    assert "alias-problem" in field["aria-describedby"]
    assert [line.action for line in lines if line.action == "connect"] == []
    assert "Connect Notes" in for_all.text


async def test_a_page_from_before_the_first_account_renews_it_not() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        await open_signed_in(application, browser, principal)
        grid = await grid_of(browser)
        made = await connect(application, principal)
        _, grant = await application.auth.resolve(principal, made.id)
        await application.auth.mark_needs_reconnect(made, grant)
        late = await browser.submit(grid, connector="notes")
    assert "Your accounts" in late.text
    assert "Renew the sign-in" not in late.text


async def test_the_chosen_method_goes_along_with_the_link() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        page = await open_signed_in(application, browser, await make_principal(application), f"{HOME}?backend=direct")
        grid = next(form for form in page.forms if form.action.endswith("/connect"))
        assert grid.fields["backend"] == "direct"
        answer = await browser.send(grid, connector="notes")
        session = await application.auth.sign_in.find(answer.headers["location"].rpartition("/")[2])
        assert session is not None
        assert session.backend == "direct"
        page = await browser.open(f"{HOME}?backend=builtin")
        assert "Not by this method" in page.text
        assert 'aria-label="Connect Notes"' not in page.html
        refused = await browser.submit(grid, connector="notes", backend="builtin")
    assert refused.status == 422
    assert "cannot serve Notes here" in refused.text


async def test_the_grid_is_searched_and_filtered_without_scripts_too() -> None:
    async with make_web(catalog=make_catalog(*TWO)) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        await open_signed_in(application, browser, principal, HOME)
        await connect(application, principal)
        for query, found, missing in (
            ("query=DATES", "Calendar", "Keep notes"),
            ("query=keep+notes", "Keep notes", "Calendar"),
            ("query=day+off", "Calendar", "Keep notes"),  # what one would ask for
            ("category=crm", "Calendar", "Keep notes"),
            ("status=connected", "Keep notes", "Calendar"),
            ("status=not-connected", "Calendar", "Keep notes"),
            ("status=nonsense&category=&backend=x", "Calendar", "Nothing"),
        ):
            page = await browser.open(f"{HOME}?{query}")
            assert found in page.text.partition("ervices found")[2] or "All services 2" in page.text, query
            assert missing not in page.text.partition("Search")[2], query
        page = await browser.open(f"{HOME}?query=calender")
        assert "No service fits. Did you mean Calendar?" in page.text
        page = await browser.open(f"{HOME}?query=%22%3E%3Cimg+src%3Dx%3E")
    assert page.forms[1].fields["query"] == '"><img src=x>'
    assert page.html.count("<img") == 1  # the head's


async def test_htmx_is_given_the_part_that_changes_and_how_much_was_found() -> None:
    async with make_web(catalog=make_catalog(*TWO)) as (application, app), Browser(app) as browser:
        await open_signed_in(application, browser, await make_principal(application), HOME)
        answer = await browser.client.get(f"{HOME}?query=dates", headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith('<div id="services"')
    assert "<html" not in answer.text
    assert 'hx-trigger="changed from:body"' in answer.text
    assert "1 service found" in answer.text


async def test_what_needs_somebody_comes_first_and_says_so() -> None:
    provider = FakeProvider()
    async with make_web(provider=provider) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        for alias in ("aaa", "zzz"):
            made = await connect(application, principal, alias=alias, token=f"{alias}-token")
        _, grant = await application.auth.resolve(principal, made.id)
        await application.auth.mark_needs_reconnect(made, grant)
        page = await open_signed_in(application, browser, principal, HOME)
        assert page.text.index("zzz") < page.text.index("aaa")
        assert "Needs a new sign-in" in page.text
        assert "Needs attention" in (await browser.open(f"{HOME}?status=attention")).text
        rows = next(form for form in page.forms if "connector" not in form.fields)
        again = await browser.submit(replace(rows, action=f"/workspaces/default/connections/{made.id}/reconnect"))
    assert "Renew the sign-in of Notes" in again.text


async def test_accounts_are_listed_as_one_counts_them() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        for alias in ("shop-10", "shop-2", "b-1", "shop"):
            await connect(application, principal, alias=alias)
        page = await open_signed_in(application, browser, principal, HOME)
    places = [page.text.index(f"Notes {alias} ") for alias in ("b-1", "shop", "shop-2", "shop-10")]
    assert places == sorted(places)


async def test_a_viewer_sees_shared_connections_and_no_button_that_would_be_refused() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        owner = await make_principal(application)
        await connect(application, owner, alias="private", token="owner-own")
        shared = await connect(application, owner, alias="all", shared=True)
        viewer = await make_principal(application, user="vera", role=Role.VIEWER)
        page = await open_signed_in(application, browser, viewer, HOME)
        assert "private" not in page.html
        assert "owner-own" not in page.html
        assert "shared with the workspace" in page.text
        assert "reconnect" not in actions_of(page)
        assert "/disconnect" not in page.html
        assert "Add an account" not in page.text
        one = await browser.open(f"{HOME}/notes")
        assert "Connect another account" not in one.text
        csrf = page.forms[0].fields["csrf"]
        for path in ("connect", f"connections/{shared.id}/disconnect"):
            answer = await browser.post(f"/workspaces/default/{path}", {"csrf": csrf, "connector": "notes"})
            assert answer.status_code in (403, 422)
        refused = await browser.post(f"/workspaces/default/connections/{shared.id}/reconnect", {"csrf": csrf})
        assert "Ask an owner of the workspace" in (await browser.open(refused.headers["location"])).text
        assert len(await application.auth.list_connections(owner)) == 2


async def test_a_member_may_not_change_what_is_shared_and_a_policy_hides_connecting() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        owner = await make_principal(application)
        await connect(application, owner, alias="all", shared=True)
        member = await make_principal(application, user="max", role=Role.MEMBER)
        page = await open_signed_in(application, browser, member, HOME)
        assert "reconnect" not in actions_of(page)
        assert "Share it with everyone" not in (await browser.open(f"{HOME}/notes")).text
        assert "Add an account" in page.text
        await application.policies.add(owner, PolicyEffect.DENY, ["connect"])
        assert "Add an account" not in (await browser.open(HOME)).text


async def test_connecting_needs_the_session_s_own_form() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        await open_signed_in(application, browser, await make_principal(application), HOME)
        for fields in ({}, {"csrf": ""}, {"csrf": "x" * 64}):
            answer = await browser.post("/workspaces/default/connect", {"connector": "notes", **fields})
            assert answer.status_code == 403
        assert (await browser.client.get("/workspaces/default/connect")).status_code == 405


async def test_an_unknown_connector_has_no_page() -> None:
    async with make_web() as (application, app), Browser(app) as browser:
        page = await open_signed_in(application, browser, await make_principal(application), f"{HOME}/nothing")
        assert page.status == 404
        csrf = (await browser.open(HOME)).forms[0].fields["csrf"]
        answer = await browser.post("/workspaces/default/connect", {"csrf": csrf, "connector": "nothing"})
    assert answer.status_code == 404


async def test_a_connection_outlives_its_connector_and_can_be_let_go() -> None:
    async with make_web(catalog=make_catalog(*TWO)) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        made = await connect(application, principal)
        application.catalog.put_manifests({TWO[1].name: TWO[1]})
        page = await open_signed_in(application, browser, principal, HOME)
        assert "notes default Account: user-s3cre Works token;" in page.text
        assert not re.search("/test|/reconnect", actions_of(page))
        path = f"/workspaces/default/connections/{made.id}"
        assert (await browser.open(path)).status == 200
        assert (await browser.client.get(f"{path}/try")).headers["location"] == path
        question = await browser.open(f"{path}/disconnect")
        assert "Nothing is connected yet" in (await browser.submit(question.forms[-1])).text


async def test_a_logo_is_a_file_that_is_kept_and_runs_nothing() -> None:
    async with make_web(catalog=make_catalog(*TWO)) as (application, app), Browser(app) as browser:
        page = await open_signed_in(application, browser, await make_principal(application), HOME)
        assert "alert(1)" not in page.html
        [(address,)] = [found.groups() for found in re.finditer(r'src="([^"]*logos[^"]*)"', page.html)]
        assert re.search(r'<img[^>]*logos[^>]*loading="lazy"', page.html)
        logo = await browser.client.get(address)
        other = await browser.client.get(address.partition("?")[0])
        missing = [await browser.client.get(f"/workspaces/default/logos/{name}.svg") for name in ("calendar", "none")]
        browser.client.cookies.clear()
        stranger = await browser.client.get(address)
    assert logo.headers["content-type"] == "image/svg+xml"
    assert logo.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert logo.headers["content-disposition"].startswith("attachment")
    assert "default-src 'none'" in logo.headers["content-security-policy"]
    assert other.headers["cache-control"] == "private, no-cache"
    assert {answer.status_code for answer in missing} == {404}
    assert stranger.status_code == 401


async def test_whoever_is_not_signed_in_is_asked_to() -> None:
    async with make_web(FLEET) as (application, app), Browser(app, FLEET["APP_URL"]) as browser:
        token = await make_token(application, await make_principal(application))
        page = await sign_in(browser, HOME, token)
        assert "Connected services" in page.text
        grid = next(form for form in page.forms if form.action.endswith("/connect"))
        connecting = await browser.submit(grid, connector="notes")
        done = await browser.submit(connecting.forms[-1], token="s3cret")
    assert "Notes is connected as user-s3cre" in done.text


@pytest.mark.slow
@pytest.mark.parametrize("connections", [0, 30])
async def test_sixty_connectors_weigh_less_than_200_kilobytes(connections: int) -> None:
    async with make_web(catalog=make_catalog(*await sixty())) as (application, app), Browser(app) as browser:
        principal = await make_principal(application)
        for number in range(connections):
            await connect(application, principal, alias=f"account-{number}")
        await open_signed_in(application, browser, principal)
        page = await browser.client.get(HOME)
        total = weight(page)
        for address in set(re.findall(r'(?:src|href)="(/(?:static|workspaces/default/logos)/[^"]*)"', page.text)):
            total += weight(await browser.client.get(address, headers={"Accept-Encoding": "gzip"}))
    assert page.text.count('<li class="service">') == 60
    assert page.text.count('<li class="connection">') == connections
    assert static_files()["vendor/htmx-2.0.11.min.js"].packed  # the heaviest is sent packed
    assert total < 200_000


async def sixty() -> list[Connector]:
    """Notes, the packaged ones, and these under other names."""
    packaged = list((await asyncio.to_thread(load_catalog, [packaged_folder()], index_dir=None)).connectors.values())
    logo = packaged[0].manifest.logo
    notes = make_connector()
    found = [replace(notes, manifest=notes.manifest.model_copy(update={"logo": logo})), *packaged]
    for number in range(60 - len(found)):
        connector = packaged[number % len(packaged)]
        name = f"{connector.name[:18]}-{number}"
        manifest = connector.manifest.model_copy(update={"name": name, "title": f"{connector.title} {number}"})
        found.append(replace(connector, name=name, manifest=manifest, actions={}))
    return found


def weight(answer: httpx2.Response) -> int:
    """Bytes on the way: the body as it was sent, and its head."""
    headers = answer.headers
    return int(headers["content-length"]) + sum(len(f"{name}: {value}\r\n") for name, value in headers.items())
