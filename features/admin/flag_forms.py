"""What may be written into a flag. The checks themselves are in `experiments.checks`."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from config.wire.console.fields import Words, scale_of
from config.wire.console.inlines import NestedFormSet, SharedFormSet
from config.wire.console.ownership import OwnedForm
from experiments import checks
from experiments.errors import Invalid
from experiments.models import Experiment, Segment, Variation
from features.models import Flag, Variable, VariableValue


class FlagForm(OwnedForm):
    tags = Words()

    class Meta:
        model = Flag
        fields = ()  # the page's fieldsets say which
        labels = {"is_running": "On", "is_archived": "Archived", "filter_mode": "Lists start from"}
        help_texts = {
            "kind": "A toggle is on or off. A roll-out is on for a share of people. An experiment compares variations.",
            "is_running": "Off: applications get the flag switched off, with the defaults of its variables.",
            "filter_mode": "What the lists below start from; they are looked at for UpGrade's clients.",
            "is_archived": "Archived flags are not given to anybody.",
        }

    def save(self, commit: bool = True) -> Any:
        if "traffic" in self.changed_data:
            self.instance.traffic_scale = scale_of(self.cleaned_data["traffic"])
            self.derived_columns = ("traffic_scale",)
        return super().save(commit)

    def clean(self) -> Any:
        data = super().clean() or {}
        try:
            checks.period(data.get("starts_on"), data.get("ends_on"))
        except Invalid as refusal:
            self.add_error("ends_on", str(refusal))
        return data


def _kind(type_: str) -> str:
    """A variable's JSON is always an object, because SDKs want one; a payload's may be any."""
    return "json object" if type_ == Variable.Type.JSON else type_


class VariableForm(forms.ModelForm):
    class Meta:
        model = Variable
        fields = ("key", "type", "default_value")

    def clean(self) -> Any:
        data = super().clean() or {}
        try:
            checks.typed(data.get("default_value", ""), _kind(data.get("type", "")))
        except Invalid as refusal:
            self.add_error("default_value", str(refusal))
        return data


class ValueForm(forms.ModelForm):
    class Meta:
        model = VariableValue
        fields = ("variable", "variation", "value")

    def clean(self) -> Any:
        data = super().clean() or {}
        variable = data.get("variable")
        try:
            checks.typed(data.get("value", ""), _kind(variable.type if variable else ""))
        except Invalid as refusal:
            self.add_error("value", str(refusal))
        return data


class VariationChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.key} (of {obj.experiment.name})"


class ValueFormSet(NestedFormSet):
    def rows_of(self, instance: Any) -> QuerySet[Any]:
        return VariableValue.objects.filter(variable__flag=instance).order_by("variable", "variation__position", "id")

    def narrow(self, form: Any) -> None:
        form.fields["variable"].queryset = Variable.objects.filter(flag=self.instance)
        arms = Variation.objects.filter(experiment__flag_rules__flag=self.instance).distinct()
        field = form.fields["variation"]
        form.fields["variation"] = VariationChoice(
            arms.select_related("experiment"), label=field.label, help_text=field.help_text
        )


class RuleFormSet(SharedFormSet):
    def narrow(self, form: Any) -> None:
        form.fields["experiment"].queryset = Experiment.objects.filter(project=self.instance.project_id)


class FlagListFormSet(SharedFormSet):
    def narrow(self, form: Any) -> None:
        form.fields["segment"].queryset = Segment.objects.filter(project=self.instance.project_id)
