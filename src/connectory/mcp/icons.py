"""Icons as `data:` URIs: small SVGs of our own, no host to ask, nobody's mark.

Tools have none: forty of them would cost a third of the list's budget, which a model pays for and does not see.
"""

from __future__ import annotations

import zlib
from urllib.parse import quote

import mcp_types as t

from connectory.catalog.connector import Connector

SVG = "image/svg+xml"
_UNESCAPED = "/:=,;'()"  # what an SVG may keep inside a URI; the rest is percent-encoded
_BLUE = 220  # hue of Connectory's own
_HUB = (
    "<path d='M12 12 7 7M12 12l5-5M12 12v6' stroke='white' stroke-width='2'/><g fill='white'>"
    "<circle cx='12' cy='12' r='3'/><circle cx='7' cy='7' r='2'/><circle cx='17' cy='7' r='2'/>"
    "<circle cx='12' cy='18' r='2'/></g>"
)
_LINK = "<path d='M12 7v10M7 12h10' stroke='white' stroke-width='3' stroke-linecap='round'/>"
_LIST = "<path d='M7 8h10M7 12h10M7 16h6' stroke='white' stroke-width='2' stroke-linecap='round'/>"
_SHEET = "<path d='M8 5h6l3 3v11H8z' fill='white'/>"


def icon_of(connector: Connector) -> t.Icon:
    """The first letter of the service's name on a colour of its own: the services' marks are not ours to use."""
    letter = next((one for one in connector.title.upper() if one.isalnum()), "?")
    words = f"<text x='12' y='17' font-size='14' font-family='sans-serif' text-anchor='middle' fill='white'>{letter}"
    return _tile(f"{words}</text>", zlib.crc32(connector.name.encode()) % 360)


def _tile(drawing: str, hue: int = _BLUE) -> t.Icon:
    ground = f"<rect width='24' height='24' rx='6' fill='hsl({hue},60%,38%)'/>"
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'>{ground}{drawing}</svg>"
    return t.Icon(src=f"data:{SVG},{quote(svg, safe=_UNESCAPED)}", mime_type=SVG, sizes=["any"])


SERVER = _tile(_HUB)
CONNECT = _tile(_LINK)
POSSIBLE = _tile(_LIST)
RESULT = _tile(_SHEET)
