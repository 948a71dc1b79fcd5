"""Rows edited inside another row's page: choices fetched once per page, and rows that are two steps away."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, cast

from django import forms
from django.contrib.admin import TabularInline
from django.contrib.admin.checks import InlineModelAdminChecks
from django.db.models import QuerySet
from django.forms.models import BaseInlineFormSet, BaseModelFormSet, ModelChoiceField, modelformset_factory
from django.http import HttpRequest


class Rows:
    """A formset whose rows share one read of the choices of each drop-down, and whose new rows come last."""

    initial_forms: list[forms.ModelForm]

    def add_fields(self, form: Any, index: int | None) -> None:
        cast(Any, super()).add_fields(form, index)
        self.narrow(form)
        shared = self.__dict__.setdefault("_shared_choices", {})
        for name, field in form.fields.items():
            if isinstance(field, ModelChoiceField) and not field.widget.is_hidden:
                drop_down: Any = field
                if name not in shared:
                    shared[name] = list(drop_down.choices)
                drop_down.choices = shared[name]

    def narrow(self, form: Any) -> None:
        """Limit what a drop-down offers, by setting `form.fields[...].queryset`."""

    def save_new(self, form: Any, commit: bool = True) -> Any:
        """A new row comes after those that are there, unless a position was written: order decides who gets what."""
        if "position" in form.fields and "position" not in form.changed_data:
            form.instance.position = self._last_position() + 1
            self.__dict__["_placed"] = form.instance.position
        return cast(Any, super()).save_new(form, commit)

    def _last_position(self) -> int:
        there: list[int] = [each.instance.position for each in cast(Any, self.initial_forms)]
        return max([0, *there, self.__dict__.get("_placed", 0)])


class SharedFormSet(Rows, BaseInlineFormSet):
    """For rows that belong to the page's row directly."""


class NestedFormSet(Rows, BaseModelFormSet, ABC):
    """For rows that belong to a row of the page's row, such as the payloads of an experiment's variations."""

    instance: Any
    model: Any

    def __init__(
        self,
        data: Any = None,
        files: Any = None,
        instance: Any = None,
        save_as_new: bool = False,
        prefix: str | None = None,
        queryset: QuerySet[Any] | None = None,
        **options: Any,
    ) -> None:
        self.instance = instance
        rows = self.model._default_manager.none() if instance is None or instance.pk is None else self.rows_of(instance)
        super().__init__(data, files, prefix=prefix, queryset=rows, **options)

    @abstractmethod
    def rows_of(self, instance: Any) -> QuerySet[Any]:
        """Which rows these are."""

    @classmethod
    def get_default_prefix(cls) -> str:
        return str(cls.model._meta.model_name)


class _NoForeignKeyNeeded(InlineModelAdminChecks):
    def _check_relation(self, obj: Any, parent_model: Any) -> list[Any]:
        return []

    def _check_exclude_of_parent_model(self, obj: Any, parent_model: Any) -> list[Any]:
        return []


class NestedInline(TabularInline):
    """An inline whose rows are two steps away; `formset` is a NestedFormSet."""

    checks_class = _NoForeignKeyNeeded
    form = forms.ModelForm
    formset: Any
    fields: ClassVar[Any] = ()

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        return modelformset_factory(
            self.model,
            form=self._permitted(request, obj),
            formset=self.formset,
            fields=[name for name in self.fields if name not in self.get_readonly_fields(request, obj)],
            extra=self.get_extra(request, obj),
            max_num=self.get_max_num(request, obj),
            can_delete=self.has_delete_permission(request, obj),
            formfield_callback=lambda field, **given: self.formfield_for_dbfield(field, request, **given),
        )

    def _permitted(self, request: HttpRequest, obj: Any) -> Any:
        """The form, for which nothing has changed that this researcher may not change."""
        may_add, may_change = self.has_add_permission(request, obj), self.has_change_permission(request, obj)

        def has_changed(form: Any) -> bool:
            allowed = may_add if form.instance._state.adding else may_change
            return allowed and cast(Any, super(permitted, form)).has_changed()

        permitted: Any = type("PermittedForm", (self.form,), {"has_changed": has_changed})
        return permitted
