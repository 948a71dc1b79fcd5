"""Files that researchers take away."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import HttpResponse, StreamingHttpResponse


def table(rows: Iterable[Sequence[str]], *, name: str) -> StreamingHttpResponse:
    """Rows as CSV, written while they are read."""
    return StreamingHttpResponse(_lines(rows), content_type="text/csv; charset=utf-8", headers=_saved_as(name))


def document(content: bytes, *, name: str) -> HttpResponse:
    """JSON."""
    return HttpResponse(content, content_type="application/json", headers=_saved_as(name))


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


class _Echo:
    """What csv.writer writes to: each line is handed back."""

    def write(self, line: str) -> str:
        return line


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\n")
    for row in rows:
        yield writer.writerow(row)
