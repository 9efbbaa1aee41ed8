"""WooCommerce, by what an SDK was seen to send of what its documentation and its server's own source say.

The SDK types few requests: recorders/woocommerce.mjs names the page or the source that each type follows.
"""

from __future__ import annotations

from tests.contracts.contract import Contract
from tests.contracts.recordings import Recorded

CONTRACT = Contract(sources=[Recorded("woocommerce")])
