"""The Experiment API's own paperwork: who qualifies, and which entity was put in which bucket."""

from django.db import models

from experiments.identity import new_uid
from experiments.models import Experiment
from users.models import Assignment


class Criterion(models.Model):
    """Which kind of record is sampled, and by which attribute."""

    uid = models.UUIDField(default=new_uid, unique=True, editable=False)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="criteria")
    sampling_model = models.CharField()
    sampling_attribute = models.CharField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("created_at", "id")
        verbose_name_plural = "criteria"

    def __str__(self) -> str:
        return f"{self.sampling_model}.{self.sampling_attribute}"


class Condition(models.Model):
    """One test a record must pass: `property` of `model` compared with `value`."""

    uid = models.UUIDField(default=new_uid, unique=True, editable=False)
    criterion = models.ForeignKey(Criterion, on_delete=models.CASCADE, related_name="conditions")
    model = models.CharField()
    property = models.CharField()
    value = models.TextField()
    condition = models.CharField(help_text="The operator; unknown ones are kept and never true.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return f"{self.model}.{self.property} {self.condition} {self.value}"


class Sample(models.Model):
    """This entity, with this value, was put in this bucket; complete when its outcome is known."""

    uid = models.UUIDField(default=new_uid, unique=True, editable=False)
    # Every index below begins with the experiment; one of its own would only cost.
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="samples", db_index=False)
    assignment = models.ForeignKey(Assignment, on_delete=models.SET_NULL, null=True, blank=True, related_name="samples")
    entity = models.CharField(max_length=255)
    value = models.CharField(max_length=255)
    bucket = models.CharField(max_length=255)
    complete = models.BooleanField(default=False)
    completed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.FloatField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(fields=("experiment", "entity", "value"), name="one_sample_per_entity_and_value"),
        )
        indexes = (
            models.Index(fields=("experiment", "-created_at", "-id"), name="sample_newest_first"),
            models.Index(fields=("experiment", "complete", "-created_at", "-id"), name="sample_by_completion"),
            models.Index(fields=("experiment", "value", "-created_at", "-id"), name="sample_by_value"),
            models.Index(fields=("experiment", "bucket", "-created_at", "-id"), name="sample_by_bucket"),
            # Narrow ones to count a million by (sampling/counts.py).
            models.Index(fields=("experiment", "bucket", "complete"), name="sample_counted"),
            models.Index(
                fields=("experiment", "bucket", "outcome"),
                name="sample_outcomes",
                condition=models.Q(outcome__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.entity} in {self.bucket}"
