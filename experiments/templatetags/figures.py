"""How figures are written on the pages of the admin. What they come to is worked out elsewhere."""

from django import template

register = template.Library()
NOTHING = "–"


@register.filter
def percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share:.1%}"


@register.filter
def signed_percent(share: float | None) -> str:
    return NOTHING if share is None else f"{share:+.1%}"


@register.filter
def p_value(value: float | None) -> str:
    if value is None:
        return NOTHING
    return "< 0.0001" if value < 0.0001 else f"{value:.4f}"
