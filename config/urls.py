"""The front door: every dialect's routes, the admin and the API descriptions.

The order matters: Test Lab answers whatever else begins with `/api`, so its table is the last one of a dialect. The
bare address is a page that leads to the admin; any other is told so as an Agent would (agent contract §1.1).
"""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.defaults import server_error
from django.views.generic import RedirectView

from config.wire.agent.answers import NOT_FOUND
from config.wire.message import BROKEN, to_django


@csrf_exempt
def nowhere(request: HttpRequest) -> HttpResponse:
    return to_django(NOT_FOUND)


def broken(request: HttpRequest) -> HttpResponse:
    """What the lane says of a fault of ours, in JSON; people who look at the admin get Django's page."""
    return server_error(request) if request.path.startswith("/admin/") else to_django(BROKEN)


handler500 = broken

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
