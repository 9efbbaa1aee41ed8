"""Google Sheets' values: ranges in A1 notation, rows as lists of lists, input that is read as typed or stored raw."""

from __future__ import annotations

import re
from typing import Any

from tests.gate.doubles.google import Google, failure, object_of
from tests.gate.doubles.serving import Refused, Reply, Request, route

HOST = "sheets.googleapis.com"
SPREADSHEET = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"
VALUES = "/v4/spreadsheets/{id}/values/{range}"
RANGE = re.compile(r"(?:'((?:[^']|'')+)'|([A-Za-z0-9_]+))(?:!([A-Z]+)([0-9]+)?(?::([A-Z]+)([0-9]+)?)?)?")


class Sheets(Google):
    """One spreadsheet; `sheets` are its cells by the sheet's name, row by row."""

    def __init__(self, *scopes: str) -> None:
        super().__init__(*scopes)
        self.sheets: dict[str, list[list[Any]]] = {"Sheet1": []}

    @route("GET", "/v4/spreadsheets/{id}", host=HOST)
    def get(self, request: Request, id: str) -> Reply:  # noqa: A002 - the name of the path's parameter
        """The spreadsheet without its cells."""
        self._known(id, "spreadsheets", "spreadsheets.readonly")
        self.takes(request, {"ranges", "includeGridData"})
        sheets = [
            {"properties": {"sheetId": at, "title": name, "gridProperties": {"rowCount": 1000, "columnCount": 26}}}
            for at, name in enumerate(self.sheets)
        ]
        properties = {"title": "Budget", "timeZone": "Europe/Berlin", "locale": "de_DE"}
        return Reply(
            200, {"spreadsheetId": id, "properties": properties, "sheets": sheets, "spreadsheetUrl": "https://s"}
        )

    @route("GET", VALUES, host=HOST)
    def read(self, request: Request, id: str, range: str) -> Reply:  # noqa: A002
        """The cells of a range; of empty ones nothing is said."""
        self._known(id, "spreadsheets", "spreadsheets.readonly")
        self.takes(request, {"valueRenderOption", "majorDimension", "dateTimeRenderOption"})
        rows, (column, row) = self._place(range)
        is_shown = request.parameters.get("valueRenderOption", "FORMATTED_VALUE") == "FORMATTED_VALUE"
        cells = [[_shown(cell) if is_shown else cell for cell in line[column:]] for line in rows[row:]]
        values = {"values": cells} if any(cells) else {}
        return Reply(200, {"range": range, "majorDimension": "ROWS", **values})

    @route("PUT", VALUES, host=HOST)
    def update(self, request: Request, id: str, range: str) -> Reply:  # noqa: A002
        """Put values into a range, from its first cell on."""
        self._known(id, "spreadsheets")
        self.takes(request, {"valueInputOption"})
        rows, (column, row) = self._place(range)
        return Reply(200, {"spreadsheetId": id, **self._put(request, rows, column, row, range)})

    @route("POST", VALUES + ":append", host=HOST)
    def append(self, request: Request, id: str, range: str) -> Reply:  # noqa: A002
        """Put rows below what stands there."""
        self._known(id, "spreadsheets")
        self.takes(request, {"valueInputOption", "insertDataOption"})
        rows, (column, _) = self._place(range)
        updates = self._put(request, rows, column, len(rows), range)
        return Reply(200, {"spreadsheetId": id, "tableRange": range, "updates": {"spreadsheetId": id, **updates}})

    def _put(self, request: Request, rows: list[list[Any]], column: int, row: int, at: str) -> dict[str, Any]:
        is_typed = _is_typed(request)
        body = object_of(request, {"range", "majorDimension", "values"})
        given = body.get("values")
        if not isinstance(given, list) or not all(isinstance(line, list) for line in given):
            raise Refused(failure(400, "INVALID_ARGUMENT", "Invalid value at 'data.values'"))
        for at_row, line in enumerate(given, row):
            while len(rows) <= at_row:
                rows.append([])
            for at_column, cell in enumerate(line, column):
                rows[at_row] += [None] * (at_column + 1 - len(rows[at_row]))
                if cell is not None:  # null leaves the cell as it is
                    rows[at_row][at_column] = _typed(cell) if is_typed else cell
        cells = sum(len(line) for line in given)
        return {"updatedRange": at, "updatedRows": len(given), "updatedColumns": len(given[0]), "updatedCells": cells}

    def _known(self, spreadsheet: str, *scopes: str) -> None:
        self.needs(*scopes)
        if spreadsheet != SPREADSHEET:
            raise Refused(failure(404, "NOT_FOUND", "Requested entity was not found."))

    def _place(self, text: str) -> tuple[list[list[Any]], tuple[int, int]]:
        """The rows of the sheet, and the first column and row of the range."""
        found = RANGE.fullmatch(text)
        name = (found[1] or "").replace("''", "'") or found[2] if found else ""
        if found is None or name not in self.sheets:
            raise Refused(failure(400, "INVALID_ARGUMENT", f"Unable to parse range: {text}"))
        column = ord(found[3][0]) - ord("A") if found[3] else 0
        return self.sheets[name], (column, int(found[4]) - 1 if found[4] else 0)


def _is_typed(request: Request) -> bool:
    option = request.parameters.get("valueInputOption")
    if option not in ("RAW", "USER_ENTERED"):
        raise Refused(failure(400, "INVALID_ARGUMENT", "'valueInputOption' is required but not specified"))
    return option == "USER_ENTERED"


def _typed(cell: Any) -> Any:
    """A text that reads as a number becomes one, as if a person had typed it."""
    return float(cell) if isinstance(cell, str) and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", cell) else cell


def _shown(cell: Any) -> str:
    return (
        ""
        if cell is None
        else str(cell).upper()
        if isinstance(cell, bool)
        else f"{cell:g}"
        if isinstance(cell, float)
        else str(cell)
    )
