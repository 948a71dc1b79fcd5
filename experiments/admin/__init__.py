"""The experiments room as researchers edit it. Rules live in `experiments.checks` and `decisions`."""

from experiments.admin import clients, experiments, projects, segments, vocabulary

__all__ = ["clients", "experiments", "projects", "segments", "vocabulary"]
