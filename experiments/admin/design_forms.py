"""What a researcher may write into the design of an experiment: units, lists, and the levels of a factorial one."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from config.wire.console.inlines import NestedFormSet, SharedFormSet
from experiments.models import Design, Factor, Level, Segment, Variation, VariationLevel


class DesignForm(forms.ModelForm):
    class Meta:
        model = Design
        fields = ()  # the page's fieldsets say which
        labels = {
            "unit": "Who is put in",
            "group_type": "Kind of group",
            "consistency": "What stays",
            "algorithm": "How it is drawn",
            "post_rule": "When it is over",
            "fallback": "Condition then",
            "ending_user_count": "Enough people",
            "ending_group_count": "Enough groups",
            "filter_mode": "Lists start from",
        }
        help_texts = {
            "unit": "Who or what is put into a condition.",
            "consistency": "What stays the same when people move between groups.",
            "condition_order": "For within-subjects experiments: in which order a person meets the conditions.",
            "filter_mode": "What the include and exclude lists below start from.",
            "post_rule": "What happens to people when the experiment is over.",
            "algorithm": "How a unit is drawn.",
        }

    def clean(self) -> Any:
        data = super().clean() or {}
        needs = (
            (data.get("unit") == Design.Unit.GROUP, "group_type", "Say which kind of group, such as classId."),
            (
                data.get("algorithm") == Design.Algorithm.STRATIFIED,
                "stratification_factor",
                "Say by which factor people are stratified.",
            ),
            (
                data.get("unit") == Design.Unit.WITHIN_SUBJECTS,
                "condition_order",
                "Say in which order a person meets the conditions.",
            ),
        )
        for needed, name, sentence in needs:
            if needed and not data.get(name):
                self.add_error(name, sentence)
        if data.get("group_type") and data.get("unit") != Design.Unit.GROUP:
            self.add_error("group_type", "Only experiments on whole groups have a kind of group.")
        return data


class DesignFormSet(SharedFormSet):
    def narrow(self, form: Any) -> None:
        form.fields["fallback"].queryset = Variation.objects.filter(experiment=self.instance)


class ListFormSet(SharedFormSet):
    def narrow(self, form: Any) -> None:
        form.fields["segment"].queryset = Segment.objects.filter(project=self.instance.project_id).exclude(
            kind=Segment.Kind.GLOBAL_EXCLUDE
        )


class LevelFormSet(NestedFormSet):
    def rows_of(self, instance: Any) -> QuerySet[Any]:
        return Level.objects.filter(factor__experiment=instance).order_by("factor__position", "position", "id")

    def narrow(self, form: Any) -> None:
        form.fields["factor"].queryset = Factor.objects.filter(experiment=self.instance)


class CombinationFormSet(NestedFormSet):
    def rows_of(self, instance: Any) -> QuerySet[Any]:
        rows = VariationLevel.objects.filter(variation__experiment=instance)
        return rows.select_related("variation", "level").order_by("variation__position", "id")

    def narrow(self, form: Any) -> None:
        form.fields["variation"].queryset = Variation.objects.filter(experiment=self.instance)
        form.fields["level"].queryset = Level.objects.filter(factor__experiment=self.instance)
