"""Who may ask for tokens. Secrets are stored hashed; signing secrets live only in the environment."""

from django.db import models

from experiments.models.project import Project


class ApiClient(models.Model):
    """A client of `/oauth/token`: its id, the hash of its secret, and the projects it may ask for."""

    client_id = models.CharField(max_length=128, unique=True)
    secret_hash = models.CharField(max_length=255)
    projects = models.ManyToManyField(Project, blank=True, related_name="api_clients")
    scopes = models.JSONField(default=list, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("client_id",)

    def __str__(self) -> str:
        return self.client_id
