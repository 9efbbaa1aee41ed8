"""Slack's Web API: errors with status 200, cursors that end as an empty text, a user's token beside the bot's.

https://docs.slack.dev/apis/web-api/ (errors, pagination, rate limits).
"""

from __future__ import annotations

from typing import Any

from tests.gate.doubles.serving import Double, Refused, Reply, Request, one_page, route

BOT, USER = "xoxb-11-22-bot", "xoxp-33-44-user"


def failed(error: str, **more: Any) -> Reply:
    """An error as Slack tells it: with status 200."""
    return Reply(200, {"ok": False, "error": error, **more})


class Slack(Double):
    """One workspace; channels are made by the test."""

    def __init__(self) -> None:
        super().__init__()
        self.channels = [channel(n) for n in range(5)]
        self.messages = [message(n) for n in range(3)]
        self.scopes = "channels:read,channels:history,chat:write,users:read"
        self.revoked: set[str] = set()

    def check(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if request.host != "slack.com" or "token" in request.parameters:
            raise Refused(failed("invalid_request"))
        if scheme != "Bearer" or token not in (BOT, USER) or token in self.revoked:
            raise Refused(failed("token_revoked" if token in self.revoked else "invalid_auth"))

    def unknown(self, request: Request) -> Reply:
        return failed("unknown_method", req_method=request.path.removeprefix("/api/"))

    @route("POST", "/api/auth.test")
    def who(self, request: Request) -> Reply:
        names = {"url": "https://acme.slack.com/", "team": "Acme", "user": "helper"}
        ids = {"team_id": "T01", "user_id": "U01", "bot_id": "B01"}
        return Reply(200, {"ok": True, **names, **ids}, {"X-OAuth-Scopes": self.scopes})

    @route("GET", "/api/conversations.list")
    def list_channels(self, request: Request) -> Reply:
        asked = dict(request.parameters)
        if set(asked) - {"types", "exclude_archived", "limit", "cursor", "team_id"}:
            return failed("invalid_arguments", response_metadata={"messages": ["[ERROR] unknown argument"]})
        if set(asked.get("types", "public_channel").split(",")) - {"public_channel", "private_channel", "im", "mpim"}:
            return failed("invalid_types")
        start = int(asked.get("cursor", "at-0").removeprefix("at-"))
        page, following = one_page(self.channels, start, int(asked.get("limit", "100")))
        cursor = "" if following is None else f"at-{following}"
        return Reply(200, {"ok": True, "channels": page, "response_metadata": {"next_cursor": cursor}})

    @route("GET", "/api/conversations.history")
    def history(self, request: Request) -> Reply:
        found = {one["id"]: one for one in self.channels}.get(request.parameters.get("channel", ""))
        if found is None:
            return failed("channel_not_found")
        if not found["is_member"]:
            return failed("not_in_channel")
        oldest = float(request.parameters.get("oldest", "0"))
        messages = [one for one in self.messages if float(one["ts"]) > oldest]
        return Reply(200, {"ok": True, "messages": messages, "has_more": False, "pin_count": 0})

    @route("POST", "/api/chat.postMessage")
    def post(self, request: Request) -> Reply:
        if request.content_type != "application/json":
            return failed("invalid_form_data")
        body = request.json
        if not body.get("channel") or body["channel"] not in {one["id"] for one in self.channels}:
            return failed("channel_not_found")
        if not body.get("text"):
            return failed("no_text")
        if "chat:write" not in self.scopes:
            return failed("missing_scope", needed="chat:write", provided=self.scopes)
        told = {"type": "message", "user": "U01", "text": body["text"], "ts": "1769817600.000100"}
        return Reply(200, {"ok": True, "channel": body["channel"], "ts": told["ts"], "message": told})

    @route("GET", "/api/search.messages")
    def search(self, request: Request) -> Reply:
        if request.headers["authorization"] != f"Bearer {USER}":
            return failed("not_allowed_token_type")
        if not request.parameters.get("query"):
            return failed("invalid_arguments")
        page, count = int(request.parameters.get("page", "1")), int(request.parameters.get("count", "20"))
        found, _ = one_page([match(n) for n in range(3)], (page - 1) * count, count)
        paging = {"count": count, "total": 3, "page": page, "pages": -(-3 // count)}
        return Reply(200, {"ok": True, "query": "x", "messages": {"total": 3, "paging": paging, "matches": found}})


def channel(number: int) -> dict[str, Any]:
    """A channel as conversations.list gives it; the last one of five is not the app's."""
    topic = {"value": f"Topic {number}", "creator": "U01", "last_set": 0}
    return {
        "id": f"C0{number}ABCDEF", "name": f"team-{number}", "is_channel": True, "is_private": False,
        "is_member": number < 4, "is_archived": False, "topic": topic, "purpose": {"value": ""}, "num_members": 3,
    }  # fmt: skip


def message(number: int) -> dict[str, Any]:
    """A message as conversations.history gives it."""
    return {"type": "message", "user": "U02", "text": f"Hello &amp; {number}", "ts": f"176981760{number}.000200"}


def match(number: int) -> dict[str, Any]:
    """A match as search.messages gives it."""
    place = {"id": "C00ABCDEF", "name": "team-0"}
    link = f"https://acme.slack.com/archives/C00ABCDEF/p176981760{number}000200"
    return {**message(number), "channel": place, "username": "ann", "permalink": link, "score": 0.9}
