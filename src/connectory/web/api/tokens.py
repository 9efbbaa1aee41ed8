"""`tokens`: API tokens for our own faces."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path

from connectory.web.api.callers import ApiRoute, By
from connectory.web.api.shapes import NewToken, Success, TokenBody, TokenInfo
from connectory.web.api.views import view_token

router = APIRouter(prefix="/api/workspace/{slug}/tokens", route_class=ApiRoute, tags=["tokens"])


@router.get("")
async def list_tokens(by: By) -> list[TokenInfo]:
    """The workspace's tokens for owners, your own for everybody else; never a secret."""
    return [view_token(token) for token in await by.services.tokens.list(by.principal)]


@router.post("", status_code=201)
async def create_token(by: By, body: TokenBody) -> NewToken:
    """Make a token. This answer alone holds it."""
    lasts = timedelta(days=body.expires_in_days) if body.expires_in_days is not None else None
    token, secret = await by.services.tokens.create(
        by.principal, body.name, user=body.user, read_only=body.read_only, expires_in=lasts
    )
    return NewToken(**view_token(token).model_dump(), token=secret)


@router.delete("/{tokenId}")
async def revoke_token(
    by: By, token_id: Annotated[str, Path(alias="tokenId", max_length=100, description="Its id or prefix.")]
) -> Success:
    """Revoke a token; from the next request on it opens nothing."""
    await by.services.tokens.revoke(by.principal, token_id)
    return Success()
