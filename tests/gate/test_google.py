"""Google as a family: one sign-in serves every member, and each proves it by a call of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.gate.doubles.gmail import Gmail
from tests.gate.doubles.google import AUTH, IDENTITY, TOKEN, Google
from tests.gate.doubles.google_analytics import ADMIN, DATA, Analytics
from tests.gate.doubles.google_calendar import Calendar
from tests.gate.doubles.google_drive import Drive
from tests.gate.doubles.google_sheets import Sheets
from tests.gate.gate import Gate, gate

from connectory.auth.backend import Connected, Entry
from connectory.auth.sessions import ConnectSessions
from connectory.errors import NotConnected
from connectory.testing.application import grant_oauth
from connectory.vault.clock import utc_now

EVERYTHING = (
    *(f"{AUTH}{one}" for one in ("gmail.readonly", "gmail.send", "drive.readonly", "drive.file")),
    *(f"{AUTH}{one}" for one in ("calendar.readonly", "spreadsheets", "analytics.readonly")),
    "openid",
    "email",
)
HOSTS = ("gmail.googleapis.com", "www.googleapis.com", "sheets.googleapis.com", DATA, ADMIN, IDENTITY)


class Files(Drive):
    """Drive, and the calendars at the same host."""

    calendars, primary = Calendar.calendars, Calendar.primary


@asynccontextmanager
async def google(*scopes: str) -> AsyncIterator[tuple[Gate, dict[str, Google]]]:
    """All of Google's servers, before an account that signed in to Gmail."""
    mail, files, tables = Gmail(*scopes), Files(*scopes), Sheets(*scopes)
    analytics, identity = Analytics(*scopes), Google(*scopes)
    doubles = dict(zip(HOSTS, (mail, files, tables, analytics, analytics, identity), strict=True))
    async with gate(*((f"https://{host}", double) for host, double in doubles.items())) as opened:
        await grant_oauth(opened.application, opened.principal, "gmail", token=TOKEN, scopes=scopes)
        yield opened, doubles


async def use_for_all(opened: Gate) -> Connected:
    """Connect the bundle with the account that is there, as the person does on the page."""
    application, principal = opened.application, opened.principal
    [(_, grant)] = await application.auth.list_connections(principal)
    sessions = ConnectSessions(application.vault, utc_now)
    session = await sessions.create(principal, str(principal.user_id), "google", "default", "direct", (), None)
    step = await application.auth.sign_in.submit(session, "browser", Entry("", {}, grant_id=grant.id))
    assert isinstance(step, Connected), step
    return step


async def test_one_sign_in_connects_the_whole_bundle() -> None:
    async with google(*EVERYTHING) as (opened, doubles):
        connected = await use_for_all(opened)
        found = await opened.application.auth.list_connections(opened.principal)
        await opened.call("google_drive_search_files")
        await opened.call("google_calendar_list_calendars")
        error = await opened.refused("google_analytics_list_properties")

    assert connected.left_out == ()
    assert {row.connector for row, _ in found} == {"gmail", "google-calendar", "google-drive", "google-sheets"}
    assert isinstance(error, NotConnected)  # of the family, and not of the bundle
    assert len({grant.id for _, grant in found}) == 1
    assert connected.account.name == "ann@example.com"
    assert doubles["www.googleapis.com"].received[0].path == "/calendar/v3/users/me/calendarList/primary"
    assert doubles["www.googleapis.com"].received[1].raw_query == "fields=user"
    assert [one.path for one in doubles[IDENTITY].received] == ["/v1/userinfo"]  # for Sheets


async def test_who_may_only_send_mail_is_proven_by_the_account_itself() -> None:
    async with google(f"{AUTH}gmail.send", "openid", "email") as (opened, doubles):
        connected = await use_for_all(opened)

    assert connected.connection.connector == "gmail"
    assert connected.account.name == "ann@example.com"
    assert [one.path for one in doubles["gmail.googleapis.com"].received] == ["/gmail/v1/users/me/profile"]


async def test_a_members_token_is_sent_to_googles_servers_and_to_no_other_members() -> None:
    async with google(*EVERYTHING) as (opened, doubles):
        await opened.call("gmail_list_messages")

    assert [host for host, double in doubles.items() if double.received] == ["gmail.googleapis.com"]
