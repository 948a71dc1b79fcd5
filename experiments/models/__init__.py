"""What is compared: projects, experiments, their design, and the segments that say for whom."""

from experiments.models.access import ApiClient
from experiments.models.design import (
    DecisionPoint,
    Design,
    ExperimentList,
    Factor,
    Level,
    Payload,
    VariationLevel,
)
from experiments.models.experiment import ExclusionGroup, Experiment, StatusChange, Variation
from experiments.models.project import MirroredDatafile, Project, Publication
from experiments.models.segment import Attribute, Segment, SegmentMember

__all__ = [
    "ApiClient",
    "Attribute",
    "DecisionPoint",
    "Design",
    "ExclusionGroup",
    "Experiment",
    "ExperimentList",
    "Factor",
    "Level",
    "MirroredDatafile",
    "Payload",
    "Project",
    "Publication",
    "Segment",
    "SegmentMember",
    "StatusChange",
    "Variation",
    "VariationLevel",
]
