"""Files that researchers bring: read whole, bounded, and kept for a while between a trial and the real thing."""

import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

KEPT_SECONDS = 15 * 60

File = tuple[str, bytes]
"""A name and what is in it."""


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return files.getlist(name)


class Files(forms.FileField):
    """One file or several, as `File`s. Together they are no larger than a request may be."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        uploads = [super(Files, self).clean(each, initial) for each in data or [None]]
        if sum(each.size for each in uploads if each) > settings.MAX_BODY_BYTES:
            raise forms.ValidationError(f"This is larger than {settings.MAX_BODY_BYTES // 1024:,} kB.")
        return [(each.name, each.read()) for each in uploads if each]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


def set_aside(request: HttpRequest, files: list[File]) -> str:
    """Keep files for the person who brought them; answers by which word they are asked back."""
    word = secrets.token_urlsafe(16)
    cache.set(_key(request, word), files, KEPT_SECONDS)
    return word


def taken_back(request: HttpRequest, word: str) -> list[File]:
    """What this person set aside under a word; [] when it was too long ago."""
    found: list[File] = cache.get(_key(request, word)) or []
    return found


def _key(request: HttpRequest, word: str) -> str:
    return f"upload:{request.user.pk}:{word[:40]}"
