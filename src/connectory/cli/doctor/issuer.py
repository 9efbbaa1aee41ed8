"""The OpenID Connect issuer, where one is set: whether it answers, is who it should be, and signs as we can check."""

from __future__ import annotations

import asyncio

from connectory.auth.openid.issuer import Issuer
from connectory.auth.openid.sign_in import CALLBACK
from connectory.auth.openid.way import open_way_out
from connectory.cli.doctor.finding import Finding, from_error, ok, wrong
from connectory.errors import ConnectoryError, SignInFailed
from connectory.settings import Settings
from connectory.vault.clock import utc_now

GROUP = "issuer"
EACH_S = 10.0
LOOK_AT = (
    "Check CONNECTORY_OIDC_ISSUER, and whether it is reached from here; CONNECTORY_ALLOW_HOSTS allows further hosts."
)


async def check_issuer(settings: Settings, *, each_s: float = EACH_S) -> list[Finding]:
    """Ask it for its document and its keys, for at most `each_s` seconds; nothing where there is none."""
    if settings.oidc_issuer is None:
        return []
    way = open_way_out(settings, settings.oidc_issuer)
    issuer = Issuer(settings.oidc_issuer, way, utc_now)
    try:
        async with asyncio.timeout(each_s):
            told, keys = await issuer.told(), await issuer.keys()
    except ConnectoryError as error:
        return [from_error(GROUP, error, cure="" if isinstance(error, SignInFailed) else LOOK_AT)]
    except TimeoutError:
        return [
            wrong(
                GROUP,
                f"{settings.oidc_issuer} did not answer within {each_s:g} s, so nobody can sign in there.",
                LOOK_AT,
            )
        ]
    finally:
        await way.client.aclose()
    return [_can_be_checked(settings, told.algorithms, len(keys))]


def _can_be_checked(settings: Settings, announced: frozenset[str], keys: int) -> Finding:
    from connectory.auth.openid.id_token import ALGORITHMS

    if not keys or not announced & ALGORITHMS.keys():
        return wrong(
            GROUP,
            f"{settings.oidc_issuer} answers, but signs in no way that can be checked here:"
            f" {', '.join(sorted(announced))}, with {keys} keys.",
            f"Let it sign ID tokens with one of {', '.join(ALGORITHMS)}.",
        )
    return ok(
        GROUP,
        f"{settings.oidc_issuer} answers. The redirect address to register there is {settings.origin}{CALLBACK}.",
    )
