"""The Agent routes that need no SDK-key header: tokens, datafiles, webhooks, and what the server says of itself."""

from experiments.api.agent.about import Info, Metrics
from experiments.api.agent.datafiles import GuardedDatafile, PublicDatafile
from experiments.api.agent.tokens import Token, token
from experiments.api.agent.webhook import Webhook

__all__ = ["GuardedDatafile", "Info", "Metrics", "PublicDatafile", "Token", "Webhook", "token"]
