"""For whom: attributes, and segments made of rules, members and other segments."""

from django.db import models

from experiments.identity import new_datafile_id, new_uid
from experiments.models.project import Project


class Attribute(models.Model):
    """Something a client may tell about a person, such as `country`."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="attributes")
    key = models.CharField(max_length=255)
    datafile_id = models.CharField(max_length=32, default=new_datafile_id, unique=True, editable=False)

    class Meta:
        ordering = ("project", "key")
        constraints = (models.UniqueConstraint(fields=("project", "key"), name="one_attribute_per_key"),)

    def __str__(self) -> str:
        return self.key


class Segment(models.Model):
    """Segment = audience. `rule` is a condition tree as in a datafile: `["and", {"name", "match", "value"}, …]`."""

    class Kind(models.TextChoices):
        PUBLIC = "public", "Public: may be used by every experiment"
        PRIVATE = "private", "Private: belongs to one list"
        GLOBAL_EXCLUDE = "global_exclude", "Global exclude: nobody in it takes part in anything"

    uid = models.UUIDField(default=new_uid, unique=True, editable=False)
    datafile_id = models.CharField(max_length=32, default=new_datafile_id, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="segments")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.PUBLIC)
    list_type = models.CharField(max_length=64, blank=True, help_text="Individual, Segment, or a group type.")
    rule = models.JSONField(default=list, blank=True, help_text="Conditions on attributes; empty: no rule.")
    children = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="parents")
    tags = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("project", "name", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("project",),
                condition=models.Q(kind="global_exclude"),
                name="one_global_exclude_per_project",
            ),
        )

    def __str__(self) -> str:
        return self.name


class SegmentMember(models.Model):
    """One person (`unit_type` "user") or one group (`unit_type` its type) in a segment."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="members")
    unit_type = models.CharField(max_length=64, default="user")
    unit_id = models.CharField(max_length=255)

    class Meta:
        ordering = ("segment", "id")
        constraints = (
            models.UniqueConstraint(fields=("segment", "unit_type", "unit_id"), name="one_membership_per_unit"),
        )
        indexes = (models.Index(fields=("unit_type", "unit_id"), name="segment_member_unit"),)

    def __str__(self) -> str:
        return f"{self.unit_type} {self.unit_id}"
