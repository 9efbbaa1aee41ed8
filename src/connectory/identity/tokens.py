"""API tokens: bearer secrets for our own faces (RFC 6750), of which only a hash is stored (attack 96).

A token is `cny_` and 256 random bits. So much chance needs no slow hash and no salt: SHA-256 cannot be searched back,
and looking a hash up by index tells an attacker nothing about how close a guess came.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from connectory.catalog.manifest import Effect
from connectory.errors import InvalidArguments, RoleDenied, SetupError, UnknownObject
from connectory.identity.principal import Principal
from connectory.identity.record import Record, given, no_record
from connectory.identity.rights import (
    find_member,
    member_names,
    require_free_of,
    require_member,
    require_owner,
    require_unnarrowed,
    require_writing,
)
from connectory.vault.clock import Clock, utc_now
from connectory.vault.entities import ApiToken, PolicyEffect, Role, TokenId, User, UserId
from connectory.vault.vault import Vault

TOKEN = re.compile(r"cny_[A-Za-z0-9_-]{43}", re.ASCII)
PREFIX_LENGTH = 12  # "cny_" and 8 characters: enough to recognise, 208 bits left unknown
TOUCH_EVERY = timedelta(minutes=1)
TOUCH_WAIT_S = 0.05
MAX_NAME = 100


class Tokens:
    """Makes, lists, revokes and verifies API tokens."""

    def __init__(
        self, vault: Vault, now: Clock = utc_now, record: Record = no_record, *, has_issuer: bool = False
    ) -> None:
        self._vault = vault
        self._has_issuer = has_issuer  # at which people sign in by themselves
        self._now = now
        self._record = record

    async def create(
        self,
        principal: Principal,
        name: str,
        *,
        user: str | None = None,
        read_only: bool = False,
        expires_in: timedelta | None = None,
    ) -> tuple[ApiToken, str]:
        """Return the new token's record and the token itself, which is shown this once.

        Owners may make one to let another member in, until that one has something that is theirs alone. A token never
        makes one that outlives it. Raises `RoleDenied`, `PolicyDenied`, `UnknownObject`, `InvalidArguments`.
        """
        asked = given(name=name, user=user, read_only=read_only or None, expires_in=expires_in and str(expires_in))
        async with self._record(principal, "token_create", Effect.WRITE, asked) as line:
            require_member(principal, "make tokens")
            await require_unnarrowed(self._vault, principal, "make another token")
            rules = await self._vault.policies.list(principal.workspace_id)
            asking = [rule for rule in rules if rule.effect is PolicyEffect.CONFIRM]
            require_free_of(asking, principal, "make another token while calls wait for a person's yes")
            name = _checked(name, expires_in)
            secret = f"cny_{secrets.token_urlsafe(32)}"
            user_id, expires_at = await self._user(principal, user), await self._expiry(principal, expires_in)
            await line.start()
            token = await self._vault.tokens.create(
                workspace_id=principal.workspace_id,
                user_id=user_id,
                name=name,
                prefix=secret[:PREFIX_LENGTH],
                hash=token_hash(secret),
                read_only=read_only,
                expires_at=expires_at,
            )
            return token, secret

    async def list(self, principal: Principal) -> Sequence[ApiToken]:
        """Return the workspace's tokens for an owner, one's own for everybody else."""
        mine = None if principal.role is Role.OWNER else principal.user_id
        return await self._vault.tokens.list(principal.workspace_id, user_id=mine)

    async def revoke(self, principal: Principal, id_or_prefix: str) -> ApiToken:
        """Revoke a token by its id or prefix; from the next request on it opens nothing.

        Owners may revoke every member's. A read-only token, or one with rules of its own, may revoke itself alone, e.g.
        after it leaked. Raises `UnknownObject`, `PolicyDenied`.
        """
        shown = without_secret(id_or_prefix)
        async with self._record(principal, "token_revoke", Effect.DESTRUCTIVE, given(token=shown)) as line:
            found = [token for token in await self.list(principal) if shown in (token.id, token.prefix)]
            if len(found) != 1:
                raise UnknownObject("token", shown[:80], [token.prefix for token in await self.list(principal)])
            if found[0].id != principal.token_id:
                require_writing(principal)
                await require_unnarrowed(self._vault, principal, "revoke another token")
            await line.start()
            await self._vault.tokens.revoke(principal.workspace_id, found[0].id)
            return found[0]

    async def verify(self, token: str) -> Principal | None:
        """Return who holds `token`, or None for one that is malformed, unknown, revoked, expired or without a role.

        The row and the role are read each time, so that a revocation holds from the very next request.
        """
        if TOKEN.fullmatch(token) is None:
            return None
        holder = await self._vault.tokens.find(token_hash(token))
        return None if holder is None else await self.admit(*holder)

    async def renew(self, principal: Principal) -> Principal | None:
        """Return the principal as it is now, or None for one who may not come in any more: for who stays connected.

        `verify` without the secret; it does not count as a use of the token.
        """
        if principal.token_id is None:
            role = await self._vault.workspaces.role_of(principal.workspace_id, principal.user_id)
            return None if role is None else replace(principal, role=role)
        holder = await self._vault.tokens.holder(principal.workspace_id, principal.token_id)
        return None if holder is None else self._judge(*holder)

    async def admit(self, found: ApiToken, role: Role) -> Principal | None:
        """Return who comes in by a token that was found, and note that it was used; None where its time is over."""
        now, principal = self._now(), self._judge(found, role)
        if principal is not None and (found.last_used_at is None or now - found.last_used_at >= TOUCH_EVERY):
            await self._touch(found.id, now)
        return principal

    def _judge(self, found: ApiToken, role: Role) -> Principal | None:
        if found.revoked_at is not None or (found.expires_at is not None and found.expires_at <= self._now()):
            return None
        return Principal(found.workspace_id, found.user_id, role, found.id, found.read_only)

    async def _touch(self, token_id: TokenId, at: datetime) -> None:
        """Note the use, if that is quickly done: a database that is locked or full must not keep anybody out."""
        with suppress(TimeoutError, SetupError):
            async with asyncio.timeout(TOUCH_WAIT_S):
                await self._vault.tokens.touch(token_id, at)

    async def _user(self, principal: Principal, name: str | None) -> UserId:
        if name is None:
            return principal.user_id
        member = await find_member(self._vault, principal, name)
        if member is not None and member[0].id == principal.user_id:
            return principal.user_id
        require_owner(principal, "make tokens for others")
        if member is None:
            raise UnknownObject("member", name, await member_names(self._vault, principal))
        await self._require_letting_in(principal, member[0])
        return member[0].id

    async def _require_letting_in(self, principal: Principal, member: User) -> None:
        """A token for another lets them in, where they cannot sign in by themselves.

        Later it would open what is theirs alone, or another's way round a rule. Whom an issuer may vouch for has nobody
        lie in wait for them.
        """
        rules = await self._vault.policies.list(principal.workspace_id)
        own = [rule for rule in rules if rule.user_id is not None]
        require_free_of(own, principal, "make tokens for others while a policy is about its user")
        private = await self._vault.connections.list(principal.workspace_id, owners=(str(member.id),))
        signs_in = self._has_issuer and member.email is not None
        if signs_in or private or await self._vault.identities.is_bound(member.id):
            raise RoleDenied(
                f"A token for {member.name} would open what is theirs alone.",
                hint="They make it themselves, on the page Settings, API tokens. Whoever cannot sign in any more can "
                "be removed from the workspace, with their private connections, and taken in again.",
            )

    async def _expiry(self, principal: Principal, expires_in: timedelta | None) -> datetime | None:
        """The asked time, but never later than that of the token that asks."""
        asked = None if expires_in is None else self._now() + expires_in
        own = [token for token in await self.list(principal) if token.id == principal.token_id]
        times = [time for time in (asked, *(token.expires_at for token in own)) if time is not None]
        return min(times, default=None)


def _checked(name: str, expires_in: timedelta | None) -> str:
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidArguments("A token needs a name.", hint=f"Use 1 to {MAX_NAME} printable characters.", field="name")
    if expires_in is not None and expires_in <= timedelta(0):
        raise InvalidArguments("The token would be expired already.", hint="Give a positive time.")
    return name


def without_secret(id_or_prefix: str) -> str:
    """Return the prefix where somebody gave a whole token: errors repeat what was looked for."""
    return id_or_prefix[:PREFIX_LENGTH] if TOKEN.fullmatch(id_or_prefix) else id_or_prefix


def token_hash(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()
