"""The ID token, believed only after every check of OpenID Connect Core section 3.1.3.7 (attack 22). Pure.

Keys are the issuer's own set, handed in; whatever a token says of keys counts for nothing. So does what it says of its
algorithm, unless that is one of a few, which the issuer has announced: with a public key nobody can make any of them.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import JWKRegistry
from joserfc.jws import JWSRegistry, extract_compact
from joserfc.jwt import decode

from connectory.errors import SignInFailed

ALGORITHMS: Mapping[str, tuple[str, str | None]] = {  # the kind of key that each needs
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),  # its name since RFC 9864
}
OWN_KEYS = ("jwk", "jku", "x5u")  # headers by which a token brings a key, or an address of one
LONGEST_TOKEN = 65_536  # characters
LONGEST_HEADER = 4_096  # bytes: joserfc's own limit is less than one with a certificate has
LONGEST_SUBJECT = 255  # section 2
FEWEST_RSA_BITS = 2048  # RFC 7518 section 3.3
CLOCK_SKEW_S = 60.0


class Registry(JWSRegistry):
    """Knows the algorithms that are taken, and no other."""

    max_header_length = LONGEST_HEADER

    def __init__(self) -> None:
        super().__init__(algorithms=list(ALGORITHMS), strict_check_header=False)

    def get_alg(self, name: str) -> JWSAlgModel:
        """The same without the warning that EdDSA has another name by now: issuers go on writing the old one."""
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


class KeyUnknown(Exception):
    """The token is signed by a key that is not in the set: the issuer may have changed keys since it was fetched."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token must say."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    algorithms: Collection[str]  # that the issuer says it signs with
    left_at: datetime  # when the person left for the issuer: no token for them is older
    now: datetime


def verify_id_token(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected) -> Mapping[str, Any]:
    """Return the claims. Raises `SignInFailed` with the reason, and `KeyUnknown`."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise refused("it is no ID token")
    registry = Registry()
    try:
        header = extract_compact(token.encode(), registry=registry).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise refused("it is no ID token") from None
    algorithm = _algorithm(header, expected.algorithms)
    key = _key(header, algorithm, keys)
    try:
        claims = decode(token, JWKRegistry.import_key(key), [algorithm], registry).claims
    except (JoseError, ValueError, TypeError, RecursionError):
        raise refused("its signature is not right") from None
    _check_claims(claims, expected)
    return claims


def refused(why: str) -> SignInFailed:
    """The error; `why` continues "The proof of your sign-in was not believed: ..."."""
    return SignInFailed(
        f"The proof of your sign-in was not believed: {why}.",
        hint="Sign in again. If it stays, whoever runs this server must look at what the provider sends.",
    )


def _algorithm(header: Mapping[str, Any], announced: Collection[str]) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise refused("it is not signed in a way that is taken here")
    if algorithm not in announced:
        raise refused("it is signed in another way than the provider announces")
    if any(name in header for name in OWN_KEYS):
        raise refused("it brings its own key")
    return algorithm


def _key(header: Mapping[str, Any], algorithm: str, keys: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The one key that may have signed it. Without a key id there may be one alone (OpenID Connect Core 10.1)."""
    key_id, fitting = header.get("kid"), [key for key in keys if _is_for(key, algorithm)]
    if key_id is not None:
        fitting = [key for key in fitting if key.get("kid") == key_id]
    if not fitting:
        raise KeyUnknown
    if len(fitting) > 1:
        raise refused("it does not say by which of the provider's keys it is signed")
    return dict(fitting[0])


def _is_for(key: Mapping[str, Any], algorithm: str) -> bool:
    kind, curve = ALGORITHMS[algorithm]
    if key.get("kty") != kind or (curve is not None and key.get("crv") != curve):
        return False
    if key.get("use", "sig") != "sig" or key.get("alg", algorithm) != algorithm:
        return False
    return kind != "RSA" or _is_long_enough(key)


def _is_long_enough(key: Mapping[str, Any]) -> bool:
    modulus = key.get("n")
    if not isinstance(modulus, str) or not modulus.isascii():
        return False
    try:
        raw = base64.urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))
    except binascii.Error:
        return False
    return int.from_bytes(raw).bit_length() >= FEWEST_RSA_BITS


def _check_claims(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise refused("it is from another issuer")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or expected.client_id not in audiences:
        raise refused("it is for another application")
    if claims.get("azp", expected.client_id if len(audiences) == 1 else None) != expected.client_id:
        raise refused("it was given to another application")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode("utf-8", "replace"), expected.nonce.encode()):
        raise refused("it belongs to another sign-in")
    _check_times(claims, expected)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise refused("it does not say who you are")


def _check_times(claims: Mapping[str, Any], expected: Expected) -> None:
    now = expected.now.timestamp()
    ends, issued = _seconds(claims.get("exp")), _seconds(claims.get("iat"))
    if ends is None or issued is None:
        raise refused("it does not say how long it is good")
    if ends <= now - CLOCK_SKEW_S:
        raise refused("its time is over")
    starts = _seconds(claims["nbf"]) if "nbf" in claims else issued
    if starts is None or max(starts, issued) > now + CLOCK_SKEW_S:
        raise refused("its time has not come yet; the clocks may differ")
    if issued < expected.left_at.timestamp() - CLOCK_SKEW_S:
        raise refused("it is older than this sign-in")


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None
