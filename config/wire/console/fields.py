"""Form fields for what a model keeps as JSON but a person writes plainly."""

import json
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models


class Share(forms.DecimalField):
    """A number shown as 0.5, not as 0.500000000000."""

    def prepare_value(self, value: Any) -> Any:
        return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def scale_of(share: Decimal) -> int:
    """The decimals a share was written with: Test Lab's clients are told 0.50 where 0.50 was written."""
    return max(0, -int(share.as_tuple().exponent))


def tidy(rows: int = 2, cols: int = 90) -> Any:
    """`formfield_overrides`: text areas no larger than what is mostly written in them, shares without zeros."""
    decimal = forms.TextInput(attrs={"size": 8, "inputmode": "decimal"})
    return {
        models.TextField: {"widget": forms.Textarea(attrs={"rows": rows, "cols": cols})},
        models.DecimalField: {"form_class": Share, "widget": decimal},
        models.PositiveIntegerField: {"widget": forms.NumberInput(attrs={"class": "console-order", "min": 0})},
    }


class Words(forms.CharField):
    """A list of short texts, written with commas between them."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("required", False)
        options.setdefault("help_text", "Several are separated by commas.")
        super().__init__(**options)
        self.widget.attrs.setdefault("class", "vTextField")

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return [word.strip() for word in (value or "").split(",") if word.strip()]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.to_python(data) != (initial or [])


class Json(forms.JSONField):
    """A JSON document in a large, indented text area."""

    widget = forms.Textarea(attrs={"rows": 12, "cols": 90, "class": "console-json", "spellcheck": "false"})
    longest = 200_000

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What was typed, as it was typed, when the page is shown again with a complaint."""
        return initial if self.disabled else data

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > self.longest:
            raise ValidationError(f"This is longer than {self.longest:,} characters.")
        try:
            read = super().to_python(value)
            text = json.dumps(read, ensure_ascii=False, allow_nan=False)
            text.encode()
        except (RecursionError, ValueError) as problem:
            raise ValidationError("This is nested too deeply or holds what cannot be stored.") from problem
        if "\\u0000" in text:
            raise ValidationError("This holds characters that cannot be stored.")
        return read
