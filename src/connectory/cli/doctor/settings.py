"""Settings: invalid ones, those that contradict each other, those that change nothing."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from connectory.cli.doctor.finding import Finding, note, ok, wrong
from connectory.setting_forms import is_loopback
from connectory.settings import Settings, read_settings

GROUP = "settings"
LIST = "`connectory settings` lists every setting and what is allowed."


def check_settings() -> tuple[Settings, list[Finding]]:
    """Return the settings, what is wrong with them left out, so that the rest can be looked at all the same."""
    settings, problems = read_settings()
    findings = [_problem(problem.name, problem.text) for problem in problems]
    if settings is None:
        settings, _ = read_settings(leaving_out={problem.name for problem in problems})
    assert settings is not None  # without the bad values there are only defaults
    findings += [*_contradictions(settings), *_idle(settings)]
    if not findings:
        names = [_variable(name) for name in sorted(settings.model_fields_set - {"oauth_clients"})]
        findings.append(ok(GROUP, f"Set: {', '.join(names)}." if names else "None is set; the defaults are in use."))
    return settings, findings


def _problem(name: str, text: str) -> Finding:
    message = f"{text}. No command and no server starts like this; here its default is looked at instead."
    return wrong(GROUP, message, f"Correct or unset {name}, here and in the `env` of your clients' entries. {LIST}")


def _contradictions(settings: Settings) -> Iterator[Finding]:
    page = urlsplit(settings.origin)
    listens_beyond = settings.host is not None and not is_loopback(settings.host)
    if settings.auth_method == "nango" and settings.nango_secret_key is None:
        yield wrong(
            GROUP,
            "AUTH_METHOD asks for Nango, but NANGO_SECRET_KEY is not set: Nango cannot be used.",
            "Set NANGO_SECRET_KEY, or unset AUTH_METHOD.",
        )
    if settings.app_url and not is_loopback(page.hostname or "") and page.scheme == "http":
        yield wrong(
            GROUP,
            "APP_URL begins with http:// and leads beyond this machine: tokens and keys would travel in clear.",
            "Put a proxy with TLS in front, and write APP_URL with https://.",
        )
    if listens_beyond and settings.app_url is None and is_loopback(page.hostname or ""):
        yield note(
            GROUP,
            f"CONNECTORY_HOST is {settings.host}, but links lead to {settings.origin}: others cannot open them.",
            "Set APP_URL to the address that people open.",
        )
    if settings.app_url and is_loopback(page.hostname or "") and (page.port or 80) != settings.port:
        yield note(
            GROUP,
            f"Links lead to {settings.origin}, while the page is served on port {settings.port}.",
            "Unset APP_URL, unless something of yours leads from that address to this port.",
        )
    if not settings.is_local and settings.token is None:
        yield note(
            GROUP,
            "This is set up for more than this machine (fleet mode), so `connectory stdio` needs a token to start.",
            "Make one with `connectory token create NAME` and set CONNECTORY_TOKEN, where a client uses stdio.",
        )


def _idle(settings: Settings) -> Iterator[Finding]:
    """What is set and changes nothing now."""
    if settings.nango_public_key is not None:
        yield note(GROUP, "NANGO_PUBLIC_KEY changes nothing: Nango's secret key alone is used.", "Unset it.")
    if settings.nango_secret_key is None:
        idle = {"nango_host", "nango_public_server_url", "nango_webhook_signing_key"}
        for name in sorted(idle & settings.model_fields_set):
            yield note(
                GROUP,
                f"{_variable(name)} changes nothing while NANGO_SECRET_KEY is not set.",
                "Set NANGO_SECRET_KEY too, or unset it.",
            )


def _variable(name: str) -> str:
    return str(Settings.model_fields[name].alias)
