"""The Agent routes that need no SDK-key header: tokens, and the datafiles that SDKs download."""

from experiments.api.agent.datafiles import GuardedDatafile, PublicDatafile
from experiments.api.agent.tokens import Token, token

__all__ = ["GuardedDatafile", "PublicDatafile", "Token", "token"]
