"""Reading an admin page as a browser does: its forms with what is filled in, and what it says."""

import re
from html.parser import HTMLParser
from typing import Any

from django.test import Client


class _Fields(HTMLParser):
    """The filled-in fields of the form with this id."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.inside = False
        self.values: dict[str, Any] = {}
        self.text_area: str | None = None
        self.select: str | None = None

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.inside = given.get("id") == self.form_id
        if not self.inside:
            return
        if tag == "input" and given.get("type") not in ("submit", "button", "file"):
            self._input(given)
        elif tag == "textarea":
            self.text_area = given["name"]
            self.values[self.text_area] = ""
        elif tag == "select":
            self.select = given["name"]
        elif tag == "option" and self.select and "selected" in given:
            self.values[self.select] = given.get("value", "")

    def _input(self, given: dict[str, str]) -> None:
        ticked = given.get("type") not in ("checkbox", "radio")
        if ticked or "checked" in given:
            present = self.values.get(given["name"])
            value = given.get("value", "on" if not ticked else "")
            self.values[given["name"]] = value if present is None else [*_list(present), value]

    def handle_data(self, data: str) -> None:
        if self.text_area is not None and self.inside:
            self.values[self.text_area] += data.removeprefix("\r\n").removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.text_area = None
        elif tag == "select":
            self.select = None
        elif tag == "form":
            self.inside = False


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def filled_in(client: Client, address: str) -> dict[str, Any]:
    """What a browser would post if nobody touched the page's main form; rows that are templates are left out."""
    html = client.get(address).content.decode()
    return fields_of(html, re.findall(r'<form [^>]*id="(\w+_form)"', html)[-1])


def fields_of(html: str, form_id: str) -> dict[str, Any]:
    """The same of a page that is here already, and one of its forms."""
    fields = _Fields(form_id)
    fields.feed(html)
    return {name: value for name, value in fields.values.items() if "__prefix__" not in name}


def save(client: Client, address: str, button: str = "_continue", **edits: Any) -> Any:
    """Open the page, write the edits into its form, press a button; the answer after all redirects."""
    values = filled_in(client, address) | {re.sub("__(?=[a-z0-9])", "-", name): value for name, value in edits.items()}
    kept = {name: value for name, value in values.items() if value is not None}
    return client.post(address, {**kept, button: "on"}, follow=True)


def add_row(values: dict[str, Any], prefix: str, **fields: Any) -> dict[str, Any]:
    """The posted values with one more row in the inline called `prefix`."""
    count = int(values[f"{prefix}-TOTAL_FORMS"])
    row = {f"{prefix}-{count}-{name}": value for name, value in fields.items()}
    return {**values, **row, f"{prefix}-TOTAL_FORMS": str(count + 1)}


def errors(response: Any) -> str:
    """Everything the page complains about, as plain text."""
    html = response.content.decode()
    lists = re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', html, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", " ".join(lists)).replace("&quot;", '"').replace("&#x27;", "'")


def told(response: Any) -> str:
    """The messages on top of the page, as plain text."""
    html = response.content.decode()
    found = re.findall(r'<ul class="messagelist">(.*?)</ul>', html, flags=re.DOTALL)
    return re.sub(r"<[^>]+>", " ", " ".join(found)).replace("&quot;", '"')
