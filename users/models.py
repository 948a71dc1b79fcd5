"""To whom it was given: the people in experiments and every arm that was remembered for them."""

from django.db import models
from django.db.models import Q

from experiments.identity import new_uid
from experiments.models import Experiment, Project, Variation


class ExperimentUser(models.Model):
    """A person (or device) in experiments, one per installation. Not a researcher: those log in elsewhere.

    `groups` is `{type: [id, …]}`, `working_groups` is `{type: id}`; None and {} are different answers
    (upgrade contract §1.2), and `knows_*` says whether the client ever sent the field.
    """

    external_id = models.CharField(max_length=255, unique=True)
    ip_address = models.CharField(max_length=64, blank=True)
    groups = models.JSONField(null=True, blank=True)
    working_groups = models.JSONField(null=True, blank=True)
    knows_groups = models.BooleanField(default=False)
    knows_working_groups = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.external_id


class UserAlias(models.Model):
    """Another id of the same person; every dialect resolves it to the person."""

    alias = models.CharField(max_length=255, unique=True)
    user = models.ForeignKey(ExperimentUser, on_delete=models.CASCADE, related_name="aliases")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.alias


class Assignment(models.Model):
    """Assignment = enrolment = sample's bucket = profile entry: which arm a unit has. Ended ones are kept."""

    class Method(models.TextChoices):
        DRAW = "draw", "Drawn"
        GROUP = "group", "Through the group"
        CLIENT = "client", "Chosen by the client"
        PROFILE = "profile", "Saved in a profile"
        IMPORT = "import", "Imported"
        FORCED = "forced", "Forced by a researcher"

    uid = models.UUIDField(default=new_uid, unique=True)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="assignments")
    variation = models.ForeignKey(
        Variation, on_delete=models.CASCADE, null=True, blank=True, related_name="assignments"
    )
    unit_type = models.CharField(max_length=64, default="user")
    unit_id = models.CharField(max_length=255)
    group_id = models.CharField(max_length=255, blank=True, help_text="The working group at that time.")
    method = models.CharField(max_length=8, choices=Method.choices, default=Method.DRAW)
    ip_address = models.CharField(max_length=64, blank=True, help_text="As a Test Lab client gave it.")
    assigned_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("experiment", "unit_type", "unit_id"),
                condition=Q(ended_at__isnull=True),
                name="one_live_assignment_per_experiment_and_unit",
            ),
        )
        indexes = (
            models.Index(fields=("unit_type", "unit_id"), name="assignment_unit"),
            models.Index(fields=("experiment", "variation"), name="assignment_arm"),
        )

    def __str__(self) -> str:
        return f"{self.unit_type} {self.unit_id} → {self.variation}"


class Exclusion(models.Model):
    """A unit that must not take part, and why (upgrade contract §2, exclusion codes)."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="exclusions")
    unit_type = models.CharField(max_length=64, default="user")
    unit_id = models.CharField(max_length=255)
    code = models.CharField(max_length=40)
    excluded_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("experiment", "unit_type", "unit_id"), name="one_exclusion_per_experiment_and_unit"
            ),
        )
        indexes = (models.Index(fields=("unit_type", "unit_id"), name="exclusion_unit"),)

    def __str__(self) -> str:
        return f"{self.unit_type} {self.unit_id}: {self.code}"


class PointMark(models.Model):
    """The first condition a person was marked with at a point; survives the experiment (upgrade contract §4)."""

    uid = models.UUIDField(default=new_uid, unique=True)
    user = models.ForeignKey(ExperimentUser, on_delete=models.CASCADE, related_name="marks")
    site = models.CharField(max_length=255)
    target = models.CharField(max_length=255, blank=True)
    condition = models.TextField(null=True, blank=True)
    experiment_uid = models.CharField(max_length=64, null=True, blank=True)
    status = models.CharField(max_length=32, blank=True)
    marked_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("user", "site", "target"), name="one_mark_per_user_and_point"),)
        indexes = (
            models.Index(fields=("site", "target"), name="point_mark_site_target"),
            models.Index(fields=("experiment_uid",), name="point_mark_experiment"),
        )

    def __str__(self) -> str:
        return f"{self.user} at {self.site} / {self.target}"


class RepeatedMark(models.Model):
    """Every mark of a within-subjects experiment, the first included; once per uniquifier where there is one.

    One mark may hold meetings of several experiments that were at its point, each with uniquifiers of its own.
    """

    mark = models.ForeignKey(PointMark, on_delete=models.CASCADE, related_name="repeats")
    variation = models.ForeignKey(Variation, on_delete=models.CASCADE, related_name="repeated_marks")
    uniquifier = models.CharField(max_length=255, blank=True)
    marked_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=("mark", "variation", "uniquifier"),
                condition=~Q(uniquifier=""),
                name="a_uniquifier_counts_once_per_mark_and_arm",
            ),
        )

    def __str__(self) -> str:
        return f"{self.mark}: {self.variation}"


class StratumValue(models.Model):
    """A person's value of a stratification factor, such as `prior_knowledge = high`."""

    user = models.ForeignKey(ExperimentUser, on_delete=models.CASCADE, related_name="strata")
    factor = models.CharField(max_length=255)
    value = models.CharField(max_length=255)

    class Meta:
        ordering = ("factor", "id")
        constraints = (models.UniqueConstraint(fields=("user", "factor"), name="one_value_per_user_and_factor"),)
        indexes = (models.Index(fields=("factor", "value"), name="stratum_value"),)

    def __str__(self) -> str:
        return f"{self.factor}: {self.value}"


class PreviewUser(models.Model):
    """A person who sees experiments in preview; what they do is not counted."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="preview_users")
    external_id = models.CharField(max_length=255)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("project", "external_id"), name="one_preview_user_per_project"),)

    def __str__(self) -> str:
        return self.external_id


class ForcedAssignment(models.Model):
    """The condition a preview user gets, whatever the draw says."""

    preview_user = models.ForeignKey(PreviewUser, on_delete=models.CASCADE, related_name="forced")
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="forced_assignments")
    variation = models.ForeignKey(Variation, on_delete=models.CASCADE, related_name="forced_assignments")

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("preview_user", "experiment"), name="one_forced_arm_per_experiment"),
        )

    def __str__(self) -> str:
        return f"{self.preview_user} → {self.variation}"


class UserProfile(models.Model):
    """What a client saved of a person in a mirrored project: `{experiment id: {"variation_id": id}}`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="profiles")
    external_id = models.CharField(max_length=255)
    bucket_map = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("project", "external_id"), name="one_profile_per_user"),)

    def __str__(self) -> str:
        return self.external_id
