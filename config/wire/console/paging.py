"""Lists over tables of any size: nothing here ever counts a whole table."""

from functools import cached_property
from typing import Any

from django.contrib.admin import ModelAdmin, ShowFacets
from django.core.paginator import Paginator
from django.http import HttpRequest

MOST_ROWS = 10_000


class BoundedPaginator(Paginator):
    """Counts no further than `MOST_ROWS`; whoever wants older rows narrows the list by a search or a filter."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return len(rows.order_by().values_list("pk")[:MOST_ROWS])


class Long(ModelAdmin):
    """A list of rows that may be many millions, newest first."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    ordering = ("-id",)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Without a search there is nothing to say about how many were found."""
        shown: Any = super().get_changelist_instance(request)
        if not shown.query:
            shown.full_result_count = shown.result_count
        return shown
