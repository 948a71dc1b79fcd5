"""Saving edits a draft, publishing makes it count: the part of the admin that says so, and the buttons for it."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from config.wire.console.buttons import Button, Buttons, told
from decisions import drafts, lifecycle
from experiments.models import Project

PERMISSION = "experiments.change_experiment"


def may_publish(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(PERMISSION))


def publish_project(request: HttpRequest, project: Project) -> str:
    """Press the button. Answers what to tell; raises PermissionDenied and what `lifecycle.publish` raises."""
    if not may_publish(request):
        raise PermissionDenied
    revision = lifecycle.publish(project=project, now=datetime.now(UTC), by=request.user.get_username())
    return f"Published. Clients of {project} now decide by revision {revision}."


class Publishes(Buttons):
    """A page of something that belongs to a project and counts when the project is published."""

    change_form_template = "console/publishing.html"

    @property
    def all_buttons(self) -> tuple[Button, ...]:
        return (*self.buttons, Button("publish", self._publish))

    def _publish(self, request: HttpRequest, obj: Any, argument: str) -> str:
        return publish_project(request, self.project_of(obj))

    def project_of(self, obj: Any) -> Project:
        project: Project = obj.project
        return project

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **options: Any) -> HttpResponse:
        obj = options.get("obj")
        if obj is not None and self.project_of(obj).source == Project.Source.AUTHORED:
            context |= {
                "project": self.project_of(obj),
                "draft": drafts.of_project(project=self.project_of(obj)),
                "may_publish": may_publish(request) and self.has_change_permission(request, obj),
            }
            context |= self.more_context(request, obj, context["draft"])
        return super().render_change_form(request, context, *args, **options)

    def more_context(self, request: HttpRequest, obj: Any, draft: drafts.Draft) -> dict[str, Any]:
        return {}

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        answer = super().response_change(request, obj)
        return self._after_saving(request, obj, answer)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        answer = super().response_add(request, obj, post_url_continue)
        return self._after_saving(request, obj, answer)

    def _after_saving(self, request: HttpRequest, obj: Any, answer: HttpResponse) -> HttpResponse:
        project = self.project_of(obj)
        if "_publish" in request.POST:
            told(request, lambda: publish_project(request, project))
            return HttpResponseRedirect(self.address_of(obj))
        if project.source == Project.Source.AUTHORED and not drafts.of_project(project=project).is_published:
            messages.warning(request, f"Saved as a draft: clients of {project} do not notice before you publish.")
        return answer
