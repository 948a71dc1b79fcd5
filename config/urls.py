"""The front door: every dialect's routes, the admin and the API descriptions.

The order matters: Test Lab answers whatever else begins with `/api`, so its table is the last.
"""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("", include("config.routes.welcome")),
    path("", include("config.routes.swagger")),
    path("", include("config.routes.upgrade")),
    path("", include("config.routes.experiment_api")),
    path("", include("config.routes.agent")),
    path("", include("config.routes.testlab")),
]
