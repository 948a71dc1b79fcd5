"""What happened: one log of events and exposures, the metrics read from it, and what could not be stored."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from experiments.identity import new_datafile_id, new_uid
from experiments.models import Experiment, Project


class Event(models.Model):
    """One thing that happened. No foreign keys: the log outlives what it speaks of (design §4).

    On PostgreSQL the table is range-partitioned by month of `received_at`.
    """

    project_id = models.BigIntegerField()
    source = models.CharField(max_length=16, help_text="Which dialect brought it.")
    kind = models.CharField(max_length=32, help_text="conversion, log, caliper, odp …")
    key = models.CharField(max_length=255, blank=True)
    user_id = models.CharField(max_length=255)
    experiment_id = models.BigIntegerField(null=True, blank=True)
    variation_id = models.BigIntegerField(null=True, blank=True)
    uuid = models.CharField(max_length=64, blank=True, help_text="The client's own id of this event.")
    value = models.FloatField(null=True, blank=True)
    revenue = models.BigIntegerField(null=True, blank=True)
    payload = models.JSONField(default=dict, help_text="What the client sent, as it was.")
    occurred_at = models.DateTimeField(help_text="The client's clock.")
    received_at = models.DateTimeField(help_text="Our clock.")

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("project_id", "received_at"), name="event_project_time"),
            models.Index(fields=("experiment_id", "variation_id"), name="event_arm"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key} of {self.user_id}"


class Exposure(models.Model):
    """Exposure = mark = impression: a person met an arm. Partitioned like `Event`."""

    project_id = models.BigIntegerField()
    source = models.CharField(max_length=16)
    experiment_id = models.BigIntegerField(null=True, blank=True)
    variation_id = models.BigIntegerField(null=True, blank=True)
    user_id = models.CharField(max_length=255)
    flag_key = models.CharField(max_length=255, blank=True)
    rule_key = models.CharField(max_length=255, blank=True)
    rule_type = models.CharField(max_length=16, blank=True)
    variation_key = models.CharField(max_length=255, blank=True)
    uuid = models.CharField(max_length=64, blank=True)
    payload = models.JSONField(default=dict)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("project_id", "received_at"), name="exposure_project_time"),
            models.Index(fields=("experiment_id", "user_id"), name="exposure_unit"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} met {self.variation_key}"


class SeenEvent(models.Model):
    """The client ids of stored events, so that a replay or a retry counts once."""

    project_id = models.BigIntegerField()
    uuid = models.CharField(max_length=64)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("project_id", "uuid"), name="an_event_counts_once"),)
        indexes = (models.Index(fields=("received_at",), name="seen_event_time"),)

    def __str__(self) -> str:
        return self.uuid


class Commit(models.Model):
    """A transaction of a writer. A row that was also spooled names its commit, so that it counts once.

    `happened` is false where a replay came first and forbade it.
    """

    uid = models.UUIDField(primary_key=True)
    happened = models.BooleanField()
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ("decided_at", "uid")
        indexes = (models.Index(fields=("decided_at",), name="commit_time"),)

    def __str__(self) -> str:
        return str(self.uid)


class EventDefinition(models.Model):
    """An event that SDKs of a project may track."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="event_definitions")
    datafile_id = models.CharField(max_length=32, default=new_datafile_id, unique=True, editable=False)
    key = models.CharField(max_length=255)
    description = models.TextField(blank=True)

    class Meta:
        ordering = ("project", "key")
        constraints = (models.UniqueConstraint(fields=("project", "key"), name="one_event_definition_per_key"),)

    def __str__(self) -> str:
        return self.key


class Metric(models.Model):
    """Something that is measured. `key` is UpGrade's path joined by `@__@`."""

    class Type(models.TextChoices):
        CONTINUOUS = "continuous", "Number"
        CATEGORICAL = "categorical", "Category"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="metrics")
    key = models.CharField(max_length=255)
    type = models.CharField(max_length=12, choices=Type.choices, default=Type.CONTINUOUS)
    allowed_values = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ("project", "key")
        constraints = (models.UniqueConstraint(fields=("project", "key"), name="one_metric_per_key"),)

    def __str__(self) -> str:
        return self.key


class MetricQuery(models.Model):
    """A question put to a metric for one experiment."""

    class RepeatedMeasure(models.TextChoices):
        MEAN = "mean", "Mean"
        EARLIEST = "earliest", "Earliest"
        MOST_RECENT = "most_recent", "Most recent"
        COUNT = "count", "Count"
        PERCENTAGE = "percentage", "Percentage"

    uid = models.UUIDField(default=new_uid, unique=True)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="metric_queries")
    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="queries")
    name = models.CharField(max_length=255, blank=True)
    operation = models.CharField(max_length=16)
    compare_with = models.CharField(max_length=8, blank=True)
    compare_value = models.CharField(max_length=255, blank=True)
    repeated_measure = models.CharField(
        max_length=12, choices=RepeatedMeasure.choices, default=RepeatedMeasure.MOST_RECENT
    )
    position = models.PositiveIntegerField(default=0)
    kept = models.JSONField(
        null=True,
        blank=True,
        editable=False,
        encoder=DjangoJSONEncoder,
        help_text="What it came to when its experiment was archived.",
    )

    class Meta:
        ordering = ("position", "id")

    def __str__(self) -> str:
        return self.name


class Observation(models.Model):
    """A typed value of a metric, read out of an event."""

    project_id = models.BigIntegerField()
    metric = models.ForeignKey(Metric, on_delete=models.CASCADE, related_name="observations")
    user_id = models.CharField(max_length=255)
    event_id = models.BigIntegerField(null=True, blank=True)
    number = models.FloatField(null=True, blank=True)
    text = models.CharField(max_length=255, null=True, blank=True)
    observed_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("metric", "user_id"), name="observation_metric_user"),)

    def __str__(self) -> str:
        return f"{self.metric} of {self.user_id}"


class MetricLog(models.Model):
    """A row of UpGrade's `/log`, merged by timestamp and uniquifier (upgrade contract §5)."""

    project_id = models.BigIntegerField(null=True, blank=True)
    user_id = models.CharField(max_length=255)
    uniquifier = models.CharField(max_length=255)
    logged_at = models.DateTimeField(help_text="The client's clock.")
    data = models.JSONField(default=dict)
    metrics = models.ManyToManyField(Metric, blank=True, related_name="logs")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("user_id", "uniquifier"), name="metric_log_user"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.uniquifier}"


class Rollup(models.Model):
    """What one unit amounts to in one arm for one metric, up to the event `through_id`."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="rollups")
    variation_id = models.BigIntegerField()
    unit_id = models.CharField(max_length=255)
    metric_key = models.CharField(max_length=255)
    count = models.BigIntegerField(default=0)
    total = models.FloatField(default=0)
    total_squares = models.FloatField(default=0)
    first_exposed_at = models.DateTimeField(null=True, blank=True)
    through_id = models.BigIntegerField(default=0)

    class Meta:
        ordering = ("experiment", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("experiment", "variation_id", "unit_id", "metric_key"),
                name="one_rollup_per_arm_unit_and_metric",
            ),
        )

    def __str__(self) -> str:
        return f"{self.metric_key} of {self.unit_id}"


class Quarantine(models.Model):
    """A row that the log refused, kept for a person to look at."""

    source = models.CharField(max_length=16)
    reason = models.TextField()
    payload = models.TextField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.reason
