"""Every action of every packaged connector against its provider's own word (README.md beside this file)."""

from __future__ import annotations

import pytest
from tests.contracts.contract import Contract, contract_of
from tests.gate.gate import packaged

from connectory.catalog.connector import Action, Connector

OURS = {"demo"}  # its provider answers inside our own process


def connectors() -> list[Connector]:
    every = sorted(packaged().connectors.values(), key=lambda one: one.name)
    return [one for one in every if one.actions and one.name not in OURS]


def with_contract() -> list[Connector]:
    return [one for one in connectors() if contract_of(one.name) is not None]


def actions() -> list[Action]:
    return [action for connector in with_contract() for action in connector.actions.values()]


def contract(connector: str) -> Contract:
    """The contract, or a skip that says why it cannot be checked here."""
    found = contract_of(connector)
    assert found is not None
    if found.missing is not None:
        pytest.skip(found.missing)
    return found


def test_every_connector_is_held_to_something() -> None:
    assert [one.name for one in connectors() if contract_of(one.name) is None] == []


@pytest.mark.parametrize("action", actions(), ids=lambda action: action.tool)
def test_an_action_is_what_its_provider_describes(action: Action) -> None:
    differences = contract(action.connector).differences(packaged().connector(action.connector), action)

    assert differences == []


@pytest.mark.parametrize("connector", with_contract(), ids=lambda connector: connector.name)
def test_what_proves_a_sign_in_is_what_its_provider_describes(connector: Connector) -> None:
    assert contract(connector.name).verify_differences(connector) == []


@pytest.mark.parametrize("connector", with_contract(), ids=lambda connector: connector.name)
def test_what_is_accepted_is_still_so(connector: Connector) -> None:
    assert contract(connector.name).idle(connector) == []
