"""What a researcher may write into an experiment. The checks themselves are in `experiments.checks`."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.db.models import QuerySet

from config.wire.console.fields import Words, scale_of
from config.wire.console.inlines import NestedFormSet, SharedFormSet
from config.wire.console.ownership import OwnedForm
from events import questions
from events.models import Metric
from experiments import checks
from experiments.errors import Invalid
from experiments.models import (
    DecisionPoint,
    Experiment,
    Payload,
    Variation,
)
from users import assignments


def checked(check: Callable[[], None]) -> None:
    """Run a check of the domain; its refusal becomes the form's."""
    try:
        check()
    except Invalid as refusal:
        raise forms.ValidationError(str(refusal)) from refusal


def kept(formset: Any) -> list[Any]:
    """The rows that will be there after saving, as `cleaned_data`; [] when some row is wrong already."""
    if any(formset.errors):
        return []
    alive = [form for form in formset.forms if form.cleaned_data and not form.cleaned_data.get("DELETE")]
    return [form.cleaned_data for form in alive]


class ExperimentForm(OwnedForm):
    tags = Words()

    class Meta:
        model = Experiment
        fields = ()  # the page's fieldsets say which
        help_texts = {
            "kind": "An A/B test compares variations. A targeted delivery gives one thing to an audience.",
            "bucketing": "How a person's arm is drawn. Keep MurmurHash3 unless the experiment came from UpGrade.",
            "starts_at": "Before this instant (UTC) nobody takes part. Empty: as soon as it is started.",
            "ends_at": "From this instant (UTC) on nobody new takes part. Empty: until it is completed.",
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is None:
            return
        for name in ("audience", "exclusion_group"):
            if name in self.fields:
                field: Any = self.fields[name]
                field.queryset = field.queryset.filter(project=self.instance.project_id)

    def clean(self) -> Any:
        data = super().clean() or {}
        checked(lambda: checks.period(data.get("starts_at"), data.get("ends_at")))
        return data


class VariationForm(forms.ModelForm):
    def has_changed(self) -> bool:
        """The two rows that a new experiment's page proposes are saved even when nobody touched them."""
        return super().has_changed() or bool(self.initial and self.instance.pk is None)

    def save(self, commit: bool = True) -> Any:
        if "weight" in self.changed_data or self.instance.pk is None:
            self.instance.weight_scale = scale_of(self.cleaned_data["weight"])
        return super().save(commit)


class VariationFormSet(SharedFormSet):
    """The weights are checked when the rows were touched, so that an older experiment can still be renamed."""

    def clean(self) -> None:
        super().clean()
        rows = kept(self)
        for row in rows:
            checked(partial(checks.variation_key, row["key"]))
        checked(lambda: checks.keys((row["key"] for row in rows), what="variations"))
        if self.has_changed():
            checked(lambda: checks.weights([row["weight"] for row in rows]))
        if sum(1 for row in rows if row.get("is_control")) > 1:
            raise forms.ValidationError("Only one variation can be the control.")
        if assignments.were_given(variation_ids=[form.instance.pk for form in self.deleted_forms if form.instance.pk]):
            raise forms.ValidationError("People were given that variation. Keep it, with the weight 0.")


class PointForm(forms.ModelForm):
    def clean_target(self) -> str | None:
        """An empty target is "", which clients send; one that an import left null stays null."""
        target: str | None = self.cleaned_data["target"]
        was_null = self.instance.pk is not None and self.initial.get("target") is None
        return target or (None if was_null else "")


class PointFormSet(SharedFormSet):
    def clean(self) -> None:
        super().clean()
        places = [(row["site"], row.get("target") or "") for row in kept(self)]
        checked(lambda: checks.points(places))


class PayloadForm(forms.ModelForm):
    class Meta:
        model = Payload
        fields = ("variation", "decision_point", "type", "value")

    def clean(self) -> Any:
        data = super().clean() or {}
        checked(lambda: checks.typed(data.get("value", ""), data.get("type", "")))
        return data


class PayloadFormSet(NestedFormSet):
    def rows_of(self, instance: Any) -> QuerySet[Any]:
        return Payload.objects.filter(variation__experiment=instance).order_by("variation__position", "id")

    def narrow(self, form: Any) -> None:
        form.fields["variation"].queryset = Variation.objects.filter(experiment=self.instance)
        form.fields["decision_point"].queryset = DecisionPoint.objects.filter(experiment=self.instance)
        form.fields["decision_point"].empty_label = "everywhere"

    def clean(self) -> None:
        super().clean()
        pairs = [f"{row['variation']} at {row.get('decision_point') or 'every point'}" for row in kept(self)]
        checked(lambda: checks.keys(pairs, what="payloads"))


class MetricQueryForm(forms.ModelForm):
    """A word that an import brought and that is not one of ours stays until the row is changed."""

    operation = forms.ChoiceField()
    compare_with = forms.ChoiceField(required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, words in (("operation", questions.OPERATIONS), ("compare_with", ("", *questions.COMPARISONS))):
            own = getattr(self.instance, name)
            choices: Any = self.fields[name]
            choices.choices = [(each, each or "–") for each in dict.fromkeys([*words, *([own] if own else [])])]

    def clean(self) -> Any:
        data = super().clean() or {}
        metric = data.get("metric")
        if metric is not None and not self.errors and self.has_changed():
            is_category = metric.type == Metric.Type.CATEGORICAL
            asked = {name: data.get(name) or "" for name in ("operation", "compare_with", "compare_value")}
            checked(partial(questions.check, is_category=is_category, **asked))
        return data
