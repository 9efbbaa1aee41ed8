"""`custom-connectors`: manifests of one's own, checked and kept while the server runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from connectory.web.api.callers import ApiRoute, By
from connectory.web.api.shapes import CustomConnectorAnswer, CustomConnectorBody, CustomConnectorInfo, Success

router = APIRouter(prefix="/api/workspace/{slug}/custom-connectors", route_class=ApiRoute, tags=["custom connectors"])


@router.get("")
async def list_custom_connectors(by: By) -> list[CustomConnectorInfo]:
    """The server's own connectors, with why one is left out; for whoever runs the server, as all of this."""
    return [
        CustomConnectorInfo(
            name=one.name, file=one.file.name, manifest=one.text, problems=[str(problem) for problem in one.problems]
        )
        for one in await by.services.custom_connectors.list(by.principal)
    ]


@router.post("")
async def put_custom_connector(by: By, body: CustomConnectorBody) -> CustomConnectorAnswer:
    """Keep a good manifest; one in use is led to no new address. With `checkOnly` say all that is wrong with it."""
    service = by.services.custom_connectors
    if not body.check_only:
        connector = await service.put(by.principal, body.manifest)
        return CustomConnectorAnswer(name=connector.name, kept=True, problems=[], advice=[])
    checked = await service.check(by.principal, body.manifest)
    problems, advice = ([str(one) for one in found] for found in (checked.problems, checked.advice))
    return CustomConnectorAnswer(name=checked.name, kept=False, problems=problems, advice=advice)


@router.delete("/{name}")
async def remove_custom_connector(by: By, name: Annotated[str, Path(max_length=100)]) -> Success:
    """Remove one that nothing uses any more."""
    await by.services.custom_connectors.remove(by.principal, name)
    return Success()
