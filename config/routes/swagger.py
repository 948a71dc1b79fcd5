"""The API descriptions, one document per dialect, browsable at `/swagger` (the address UpGrade promises).

The Experiment API's is also where its clients look for it: `/openapi.json`, `/docs`, `/redoc`.
"""

from typing import Any

from django.http import JsonResponse
from django.urls import URLPattern, path, reverse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

DIALECTS = {
    "upgrade": "UpGrade",
    "testlab": "Test Lab",
    "experiment_api": "Experiment API",
    "agent": "Optimizely Agent",
}
# What the Experiment API's own document says of itself (contract §1); the others say nothing.
EXPERIMENT_API = {
    "TITLE": "Experiment API",
    "VERSION": "1.0.0",
    "DESCRIPTION": "API for managing experiment samples",
}


class ReadOnly(APIView):
    """What is there to be read: any other verb is refused as the Experiment API refuses it."""

    http_method_names = ["get", "head"]

    def http_method_not_allowed(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return JsonResponse({"detail": "Method Not Allowed"}, status=405)


class Description(ReadOnly, SpectacularAPIView):
    """An OpenAPI document as JSON."""

    renderer_classes = [JSONRenderer]


class Swagger(ReadOnly, SpectacularSwaggerView):
    """One dialect's description, with links to the others."""

    template_name = "swagger.html"
    dialect = ""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().get(request, *args, **kwargs)
        response.data["dialects"] = [
            {"name": name, "url": reverse(f"swagger-{key}"), "is_shown": key == self.dialect}
            for key, name in DIALECTS.items()
        ]
        return response


class Redoc(ReadOnly, SpectacularRedocView):
    """The Experiment API's description, to be read from top to bottom."""

    template_name = "redoc.html"


def _document(dialect: str) -> Any:
    told = EXPERIMENT_API if dialect == "experiment_api" else {"TITLE": f"{DIALECTS[dialect]} API", "VERSION": "1"}
    return Description.as_view(urlconf=f"config.routes.{dialect}", custom_settings=told)


def _page(dialect: str) -> Any:
    return Swagger.as_view(dialect=dialect, url_name=f"description-{dialect}", title=f"{DIALECTS[dialect]} · Arbiter")


urlpatterns: list[URLPattern] = [
    path("swagger", _page("upgrade"), name="swagger"),
    *(path(f"swagger/{dialect}", _page(dialect), name=f"swagger-{dialect}") for dialect in DIALECTS),
    *(path(f"swagger/{dialect}.json", _document(dialect), name=f"description-{dialect}") for dialect in DIALECTS),
    path("openapi.json", _document("experiment_api")),
    path("docs", _page("experiment_api")),
    path("redoc", Redoc.as_view(url_name="description-experiment_api", title="Experiment API")),
]
