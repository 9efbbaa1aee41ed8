"""Good manifests as text, such as somebody pastes into the page."""

from __future__ import annotations

from connectory.testing.connectors import NOTES_YAML

MEMOS = NOTES_YAML.replace("name: notes", "name: memos").replace("title: Notes", "title: Memos")
OAUTH_YAML = """
format: 1
name: board
title: Board
description: Cards.
category: productivity
docs: https://board.example/docs
servers: {api: "https://api.board.example"}
auth:
  oauth:
    method: oauth2
    authorize_url: https://board.example/authorize
    token_url: https://board.example/token
    scopes: {read: Read cards}
    always_scopes: [read]
    register: {url: "https://board.example/apps", steps: [Press New app.]}
    headers: {Authorization: "Bearer {credential.access_token}"}
verify: {request: {get: /me}, account: {id: id, name: name}}
actions:
  list_cards:
    title: List cards
    description: List the cards of Board.
    effect: read
    request: {get: /cards}
    docs: https://board.example/docs
"""
