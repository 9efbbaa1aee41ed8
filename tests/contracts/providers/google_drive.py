"""Google Drive, by Google's discovery document of drive.v3."""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.discovery import discovered

CONTRACT = Contract(sources=[discovered("drive.v3")])
