"""A connector `acme` that is signed in to by OAuth, and the settings under which it exists."""

from __future__ import annotations

from pathlib import Path

OAUTH = """\
  oauth:
    method: oauth2
    title: Sign in with Acme
    fields: {server: {title: Server, kind: origin}}
    issuer: "{connection.server}"
    scopes: {read: Read things, write: Change things}
    always_scopes: [openid, email]
    register:
      url: "https://acme.example/apps/new?callback={redirect_uri}&scope={scopes}"
      steps: ["Make an app, of any name.", Copy its id and secret.]
      localhost: false
      without: A key.
"""
KEY = """\
  key:
    method: api_key
    title: Key
    fields: {server: {title: Server, kind: origin}, token: {title: Key, kind: secret}}
    headers: {Authorization: "Bearer {credential.token}"}
"""


def manifest(*ways: str) -> str:
    """Return the manifest; `ways` are parts of its `auth`."""
    return (
        "format: 1\nname: acme\ntitle: Acme\ndescription: Keep things.\ncategory: other\n"
        'docs: https://acme.example/docs\nservers: {api: "{connection.server}"}\nauth:\n'
        f"{''.join(ways or (OAUTH,))}"
        "verify: {request: {get: /me}, account: {id: sub, name: email || sub}}\n"
        "actions:\n"
        "  get_me:\n"
        "    title: Get me\n"
        "    description: Get the account that is signed in.\n"
        "    effect: read\n"
        "    request: {get: /me}\n"
        "    docs: https://acme.example/docs/me\n"
    )


def environment(folder: Path, *ways: str, server: str = "127.0.0.1:9") -> dict[str, str]:
    """Write the manifest into `folder`; return the settings. `server`: host and port that may be reached."""
    folder.mkdir(exist_ok=True)
    (folder / "acme.yaml").write_text(manifest(*ways), encoding="utf-8")
    return {"CONNECTORY_MANIFESTS": str(folder), "CONNECTORY_ALLOW_HOSTS": server}
