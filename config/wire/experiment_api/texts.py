"""The scalar types of this dialect: pydantic's lax parsing, bounded where a database index is."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

LONGEST = 255


def _storable(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("string_nul", "String should not contain NUL characters")
    return text


def _in_utc(moment: datetime) -> datetime:
    """An instant without an offset is taken as UTC, so that it reads back as it was stored (contract §1.1)."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("datetime_out_of_range", "Input should lie between the years 1 and 9999") from None


Text = Annotated[str, Field(min_length=1), AfterValidator(_storable)]
IndexedText = Annotated[str, Field(min_length=1, max_length=LONGEST), AfterValidator(_storable)]
Sought = Annotated[str, AfterValidator(_storable)]
PossiblyEmpty = Annotated[str, Field(max_length=LONGEST), AfterValidator(_storable)]
Instant = Annotated[datetime, AfterValidator(_in_utc)]
IgnoredId = Annotated[UUID, Field(default_factory=lambda: UUID(int=0), description="The path's is taken.")]
