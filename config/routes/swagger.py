"""The API descriptions, one document per dialect, browsable at `/swagger` (the address UpGrade promises)."""

from typing import Any

from django.urls import URLPattern, path, reverse
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

DIALECTS = {
    "upgrade": "UpGrade",
    "testlab": "Test Lab",
    "experiment_api": "Experiment API",
    "agent": "Optimizely Agent",
}


class Description(SpectacularAPIView):
    """An OpenAPI document as JSON."""

    renderer_classes = [JSONRenderer]


class Swagger(SpectacularSwaggerView):
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


def _page(dialect: str) -> Any:
    return Swagger.as_view(dialect=dialect, url_name=f"description-{dialect}", title=f"{DIALECTS[dialect]} · Arbiter")


urlpatterns: list[URLPattern] = [
    path("swagger", _page("upgrade"), name="swagger"),
    *(path(f"swagger/{dialect}", _page(dialect), name=f"swagger-{dialect}") for dialect in DIALECTS),
    *(
        path(
            f"swagger/{dialect}.json",
            Description.as_view(
                urlconf=f"config.routes.{dialect}",
                custom_settings={"TITLE": f"{name} API", "VERSION": "1"},
            ),
            name=f"description-{dialect}",
        )
        for dialect, name in DIALECTS.items()
    ),
]
