"""Flags as researchers edit them: what an application asks for, and what it then gets."""

from features.admin import blocks, flags

__all__ = ["blocks", "flags"]
