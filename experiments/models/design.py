"""What schools need beside a plain comparison: units, points, payloads, factors and lists."""

from django.db import models

from experiments.identity import new_uid
from experiments.models.experiment import Experiment, Variation
from experiments.models.segment import Segment


class Design(models.Model):
    """How an experiment is run: what is randomised, what stays consistent, when it ends."""

    class Unit(models.TextChoices):
        INDIVIDUAL = "individual", "Each person"
        GROUP = "group", "Whole groups, such as classes"
        WITHIN_SUBJECTS = "within_subjects", "Every person sees every condition"

    class Consistency(models.TextChoices):
        INDIVIDUAL = "individual", "A person keeps the condition"
        GROUP = "group", "A group keeps the condition"
        EXPERIMENT = "experiment", "Nobody is left out, conditions may mix"

    class Algorithm(models.TextChoices):
        RANDOM = "random", "Random"
        STRATIFIED = "stratified", "Stratified random sampling"
        ADAPTIVE = "adaptive", "Adaptive"

    class ConditionOrder(models.TextChoices):
        RANDOM = "random", "Random"
        RANDOM_ROUND_ROBIN = "random_round_robin", "Random round robin"
        ORDERED_ROUND_ROBIN = "ordered_round_robin", "Ordered round robin"

    class FilterMode(models.TextChoices):
        INCLUDE_ALL = "include_all", "Everybody but the excluded"
        EXCLUDE_ALL = "exclude_all", "Nobody but the included"

    class PostRule(models.TextChoices):
        CONTINUE = "continue", "Everybody keeps the condition"
        ASSIGN = "assign", "Everybody gets one condition"

    class Type(models.TextChoices):
        SIMPLE = "simple", "Simple"
        FACTORIAL = "factorial", "Factorial"

    experiment = models.OneToOneField(Experiment, on_delete=models.CASCADE, related_name="design")
    type = models.CharField(max_length=16, choices=Type.choices, default=Type.SIMPLE)
    unit = models.CharField(max_length=16, choices=Unit.choices, default=Unit.INDIVIDUAL)
    group_type = models.CharField(max_length=64, blank=True, help_text="The kind of group, such as classId.")
    consistency = models.CharField(
        max_length=16, choices=Consistency.choices, default=Consistency.INDIVIDUAL, blank=True
    )
    algorithm = models.CharField(max_length=16, choices=Algorithm.choices, default=Algorithm.RANDOM)
    stratification_factor = models.CharField(max_length=255, blank=True)
    condition_order = models.CharField(max_length=24, choices=ConditionOrder.choices, blank=True)
    filter_mode = models.CharField(max_length=16, choices=FilterMode.choices, default=FilterMode.INCLUDE_ALL)
    post_rule = models.CharField(max_length=16, choices=PostRule.choices, default=PostRule.CONTINUE)
    fallback = models.ForeignKey(
        Variation,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="What everybody gets after the end, when the rule assigns one condition.",
    )
    ending_user_count = models.PositiveIntegerField(null=True, blank=True, help_text="Pause at this many people.")
    ending_group_count = models.PositiveIntegerField(null=True, blank=True, help_text="Pause at this many groups.")
    imported = models.JSONField(null=True, blank=True, editable=False, help_text="Fields of an import kept as is.")

    def __str__(self) -> str:
        return f"design of {self.experiment}"


class DecisionPoint(models.Model):
    """A place in an application (`site`, `target`) where a condition makes a difference."""

    uid = models.UUIDField(default=new_uid, unique=True)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="points")
    site = models.CharField(max_length=255)
    target = models.CharField(max_length=255, null=True, blank=True, default="")
    description = models.TextField(blank=True)
    exclude_if_reached = models.BooleanField(
        default=False, help_text="People who were here before the start do not take part."
    )
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        indexes = (models.Index(fields=("site", "target"), name="decision_point_site_target"),)

    def __str__(self) -> str:
        return f"{self.site} / {self.target or ''}"


class Payload(models.Model):
    """What a variation carries at a decision point (or, without one, everywhere)."""

    class Type(models.TextChoices):
        STRING = "string", "Text"
        JSON = "json", "JSON"
        CSV = "csv", "CSV"

    uid = models.UUIDField(default=new_uid, unique=True)
    variation = models.ForeignKey(Variation, on_delete=models.CASCADE, related_name="payloads")
    decision_point = models.ForeignKey(
        DecisionPoint, on_delete=models.CASCADE, null=True, blank=True, related_name="payloads"
    )
    type = models.CharField(max_length=8, choices=Type.choices, default=Type.STRING)
    value = models.TextField(blank=True)

    class Meta:
        ordering = ("variation", "id")
        constraints = (
            models.UniqueConstraint(fields=("variation", "decision_point"), name="one_payload_per_variation_and_point"),
            models.UniqueConstraint(
                fields=("variation",),
                condition=models.Q(decision_point__isnull=True),
                name="one_payload_per_variation_everywhere",
            ),
        )

    def __str__(self) -> str:
        return self.value


class Factor(models.Model):
    """One dimension of a factorial design."""

    uid = models.UUIDField(default=new_uid, unique=True)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="factors")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.name


class Level(models.Model):
    """One setting of a factor, with what it carries."""

    uid = models.UUIDField(default=new_uid, unique=True)
    factor = models.ForeignKey(Factor, on_delete=models.CASCADE, related_name="levels")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    payload_type = models.CharField(max_length=8, choices=Payload.Type.choices, default=Payload.Type.STRING)
    payload_value = models.TextField(blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.name


class VariationLevel(models.Model):
    """A factorial variation is a combination of levels."""

    uid = models.UUIDField(default=new_uid, unique=True)
    variation = models.ForeignKey(Variation, on_delete=models.CASCADE, related_name="variation_levels")
    level = models.ForeignKey(Level, on_delete=models.CASCADE, related_name="variation_levels")

    class Meta:
        ordering = ("variation", "id")
        constraints = (models.UniqueConstraint(fields=("variation", "level"), name="one_level_once_per_variation"),)

    def __str__(self) -> str:
        return f"{self.variation}: {self.level}"


class ExperimentList(models.Model):
    """An include or exclude list of an experiment: a segment that it alone uses."""

    class Mode(models.TextChoices):
        INCLUDE = "include", "Include"
        EXCLUDE = "exclude", "Exclude"

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="lists")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="experiment_lists")
    mode = models.CharField(max_length=8, choices=Mode.choices)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint(fields=("experiment", "segment", "mode"), name="one_list_per_segment_and_mode"),
        )

    def __str__(self) -> str:
        return f"{self.mode} {self.segment}"
