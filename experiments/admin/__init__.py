"""The experiments room as researchers edit it. Rules live in `experiments.checks` and `decisions`."""

from experiments.admin import access, experiments, projects, segments, vocabulary

__all__ = ["access", "experiments", "projects", "segments", "vocabulary"]
