"""A project: one application's experiments, the key it asks with, and what was last published of it."""

from django.db import models

from experiments.identity import new_datafile_id, new_sdk_key, new_uid

DIALECTS = ("upgrade", "testlab", "experiment_api", "agent")


def all_dialects() -> list[str]:
    return list(DIALECTS)


class Project(models.Model):
    """Project = UpGrade context = Experiment API service = SDK-key environment."""

    class Source(models.TextChoices):
        AUTHORED = "authored", "Edited here"
        MIRRORED = "mirrored", "Mirrored from somebody else's datafile"

    uid = models.UUIDField(default=new_uid, unique=True, editable=False)
    datafile_id = models.CharField(max_length=32, default=new_datafile_id, unique=True, editable=False)
    key = models.CharField(max_length=255, unique=True, help_text="What UpGrade clients send as context.")
    name = models.CharField()
    active = models.BooleanField(default=True, help_text="Off: no experiment of this project is given to anybody.")
    environment_key = models.CharField(max_length=64, default="production")
    sdk_key = models.CharField(
        max_length=128,
        unique=True,
        default=new_sdk_key,
        help_text="What Optimizely SDKs and Agent clients ask with. Letters and digits, no hyphen.",
    )
    access_token_hash = models.CharField(max_length=128, blank=True, editable=False)
    source = models.CharField(max_length=16, choices=Source.choices, default=Source.AUTHORED)
    dialects = models.JSONField(default=all_dialects, help_text="Which clients may ask for this project.")
    requires_token = models.BooleanField(
        default=False, help_text="UpGrade clients must send a valid bearer token for this project."
    )
    revision = models.PositiveIntegerField(default=0, editable=False)
    generation = models.PositiveBigIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("created_at", "id")
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(sdk_key__contains="-") & ~models.Q(sdk_key=""), name="sdk_key_has_no_hyphen"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Publication(models.Model):
    """What a project's servers decide by: the document of one revision, frozen when it was published."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="publications")
    revision = models.PositiveIntegerField()
    document = models.TextField(help_text="JSON, see decisions/documents.py.")
    published_at = models.DateTimeField()
    published_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("project", "-revision")
        constraints = (models.UniqueConstraint(fields=("project", "revision"), name="one_publication_per_revision"),)

    def __str__(self) -> str:
        return f"{self.project} revision {self.revision}"


class MirroredDatafile(models.Model):
    """Somebody else's datafile, verbatim, and how it is kept fresh."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="mirrored")
    body = models.TextField(help_text="The datafile as it was received.")
    url = models.CharField(max_length=2000, blank=True, help_text="Polled when given.")
    etag = models.CharField(max_length=255, blank=True)
    last_modified = models.CharField(max_length=64, blank=True)
    access_token = models.CharField(max_length=255, blank=True, editable=False, help_text="Sent along when polling.")
    fetched_at = models.DateTimeField()
    polled_at = models.DateTimeField(null=True, blank=True, editable=False)

    def __str__(self) -> str:
        return f"datafile of {self.project}"
