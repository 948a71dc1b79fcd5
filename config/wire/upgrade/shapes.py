"""Pieces of bodies that several of UpGrade's routes share. Unknown keys are accepted wherever nothing else is said."""

from typing import Annotated

import msgspec

NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]
Groups = dict[str, list[NonEmpty]]
WorkingGroups = dict[str, NonEmpty]


class Nothing(msgspec.Struct):
    """A body of which nothing is read."""
