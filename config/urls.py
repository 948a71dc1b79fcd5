"""The front door: every dialect's routes, the admin and the API descriptions."""

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]
