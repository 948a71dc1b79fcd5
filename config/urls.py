"""The front door: every dialect's routes, the admin and the API descriptions.

The order matters: Test Lab answers whatever else begins with `/api`, so its table is the last one of a dialect. The
bare address is a page that leads to the admin; any other is told so as an Agent would (agent contract §1.1).
"""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

from config.wire.agent.answers import NOT_FOUND
from config.wire.message import to_django


@csrf_exempt
def nowhere(request: HttpRequest) -> HttpResponse:
    return to_django(NOT_FOUND)


urlpatterns = [
    path("admin/", admin.site.urls),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("", include("config.routes.welcome")),
    path("", include("config.routes.swagger")),
    path("", include("config.routes.upgrade")),
    path("", include("config.routes.experiment_api")),
    path("", include("config.routes.agent")),
    path("", include("config.routes.testlab")),
    re_path("", nowhere),
]
