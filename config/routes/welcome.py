"""What somebody finds who only knows the address: a page that says what answers here, and the Agent's description.

The Agent serves both for every verb (agent contract §1.1).
"""

from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.settings import patched_settings


@csrf_exempt
def welcome(request: HttpRequest) -> HttpResponse:
    return render(request, "welcome.html")


@csrf_exempt
def openapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse(_agent_description(), content_type="application/yaml; charset=utf-8")


@lru_cache(maxsize=1)
def _agent_description() -> bytes:
    with patched_settings({"TITLE": "Optimizely Agent API", "VERSION": "1"}):
        schema = SchemaGenerator(urlconf="config.routes.agent").get_schema(request=None, public=True)
    text: bytes = OpenApiYamlRenderer().render(schema, renderer_context={})
    return text


urlpatterns: list[URLPattern] = [path("", welcome), path("openapi.yaml", openapi)]
