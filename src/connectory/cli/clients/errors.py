"""The one error of this room: a leaf of the tree in `connectory.errors`, told like every other."""

from __future__ import annotations

from connectory.errors import SetupError


class ClientFileUnusable(SetupError):
    """An MCP client's configuration file cannot be found, read or changed; it is left as it was."""

    code = "client_file_unusable"
