"""Test Lab's features, variants and user-blocks."""

from features.api.testlab.blocks import UserBlocks
from features.api.testlab.current import current
from features.api.testlab.evaluate import Evaluations
from features.api.testlab.features import Features

__all__ = ["Evaluations", "Features", "UserBlocks", "current"]
