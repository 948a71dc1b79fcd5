"""An experiment, its variations, and what happened to its status."""

from django.db import models
from django.db.models import Q

from experiments.identity import new_datafile_id, new_uid
from experiments.models.project import Project
from experiments.models.segment import Segment


class ExclusionGroup(models.Model):
    """Experiments of which one person takes part in at most one (a datafile's `random` group)."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="exclusion_groups")
    datafile_id = models.CharField(max_length=32, default=new_datafile_id, unique=True, editable=False)
    name = models.CharField(max_length=255)

    class Meta:
        ordering = ("project", "name")
        constraints = (models.UniqueConstraint(fields=("project", "name"), name="one_exclusion_group_per_name"),)

    def __str__(self) -> str:
        return self.name


class Experiment(models.Model):
    """A comparison (`ab_test`) or a targeted delivery (`delivery`) of one project. Shares are 0..1."""

    class Kind(models.TextChoices):
        AB_TEST = "ab_test", "A/B test"
        DELIVERY = "delivery", "Targeted delivery"

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        INACTIVE = "inactive", "Designed, not started"
        SCHEDULED = "scheduled", "Scheduled"
        PREVIEW = "preview", "Preview"
        RUNNING = "running", "Running"
        PAUSED = "paused", "Paused"
        COMPLETED = "completed", "Completed"
        ARCHIVED = "archived", "Archived"

    class Bucketing(models.TextChoices):
        MURMUR3 = "murmur3", "MurmurHash3, as in a datafile"
        SEEDRANDOM = "seedrandom", "seedrandom, as UpGrade draws"

    uid = models.UUIDField(default=new_uid, unique=True)
    datafile_id = models.CharField(max_length=32, default=new_datafile_id, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="experiments")
    key = models.CharField(max_length=255, help_text="What Optimizely clients call it; never changes what is drawn.")
    name = models.CharField()
    description = models.TextField(blank=True)
    hypothesis = models.TextField(blank=True, help_text="What you expect to see, and why.")
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.AB_TEST)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT)
    traffic = models.DecimalField(
        max_digits=7, decimal_places=6, default=1, help_text="Share of people let in, 0 to 1."
    )
    audience = models.ForeignKey(
        Segment,
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        related_name="experiments",
        help_text="Only people in this segment take part. Empty: everybody.",
    )
    bucketing = models.CharField(max_length=16, choices=Bucketing.choices, default=Bucketing.MURMUR3)
    exclusion_group = models.ForeignKey(
        ExclusionGroup, on_delete=models.SET_NULL, null=True, blank=True, related_name="experiments"
    )
    exclusion_share = models.DecimalField(
        max_digits=7, decimal_places=6, null=True, blank=True, help_text="Share of the exclusion group; empty: equal."
    )
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="From this instant on nobody takes part.")
    last_activated_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_deactivated_at = models.DateTimeField(null=True, blank=True, editable=False)
    tags = models.JSONField(default=list, blank=True)
    remembers_other_arms = models.BooleanField(
        default=False,
        editable=False,
        help_text="Some remembered arm differs from the draw, so decisions read what is remembered.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.UniqueConstraint(fields=("project", "key"), name="one_experiment_per_key"),
            models.CheckConstraint(condition=Q(traffic__gte=0, traffic__lte=1), name="traffic_is_a_share"),
            models.CheckConstraint(
                condition=Q(exclusion_share__isnull=True) | Q(exclusion_share__gte=0, exclusion_share__lte=1),
                name="exclusion_share_is_a_share",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Variation(models.Model):
    """Variation = UpGrade condition = Test Lab variant = Experiment API bucket."""

    uid = models.UUIDField(default=new_uid, unique=True)
    datafile_id = models.CharField(max_length=32, default=new_datafile_id, unique=True, editable=False)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="variations")
    key = models.CharField(max_length=255, help_text="What clients are told: UpGrade's condition code.")
    value = models.TextField(blank=True, help_text="What Test Lab clients are told; the key when empty.")
    description = models.TextField(blank=True)
    is_control = models.BooleanField(default=False)
    weight = models.DecimalField(
        max_digits=14, decimal_places=12, default=0, help_text="Share of the people let in, 0 to 1."
    )
    weight_scale = models.PositiveSmallIntegerField(
        default=2, editable=False, help_text="Decimals the weight was written with."
    )
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("position", "id")
        constraints = (models.CheckConstraint(condition=Q(weight__gte=0, weight__lte=1), name="weight_is_a_share"),)

    def __str__(self) -> str:
        return self.key


class StatusChange(models.Model):
    """One step of an experiment's life, kept for good."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="status_changes")
    from_status = models.CharField(max_length=16)
    to_status = models.CharField(max_length=16)
    changed_at = models.DateTimeField()
    changed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("experiment", "-changed_at", "-id")

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"
