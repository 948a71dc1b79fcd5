"""What a researcher may write into the design of an experiment: units, lists, and the levels of a factorial one."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from config.wire.console.inlines import NestedFormSet, SharedFormSet
from experiments import checks
from experiments.admin.experiment_forms import kept
from experiments.models import Design, Factor, Level, Segment, Variation, VariationLevel
from users import assignments

FIXED_ONCE_GIVEN = {"unit", "group_type", "type", "condition_order"}


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
            "algorithm": "How a unit is drawn. Strata are uploaded under “Stratification factors”.",
            "stratification_factor": "The name of its column in the table that was uploaded.",
            "fallback": "What everybody gets after the end, when the rule assigns one condition. Empty: nothing.",
            "type": "A factorial experiment combines levels of several factors; save, and they can be written.",
        }

    def clean(self) -> Any:
        data = super().clean() or {}
        for name, sentence in checks.design(data) if self.has_changed() else ():
            self.add_error(name, sentence)
        if self.instance.pk is not None and self._was_given():
            for name in FIXED_ONCE_GIVEN & set(self.changed_data):
                self.add_error(name, "Conditions were given already; this stays. Make another experiment.")
        return data

    def _was_given(self) -> bool:
        return assignments.were_given_in(experiment_id=self.instance.experiment_id)


class DesignFormSet(SharedFormSet):
    def narrow(self, form: Any) -> None:
        form.fields["fallback"].queryset = Variation.objects.filter(experiment=self.instance)


class ListFormSet(SharedFormSet):
    def narrow(self, form: Any) -> None:
        form.fields["segment"].queryset = Segment.objects.filter(project=self.instance.project_id).exclude(
            kind=Segment.Kind.GLOBAL_EXCLUDE
        )

    def clean(self) -> None:
        super().clean()
        modes: dict[Any, str] = {}
        for row in kept(self):
            if modes.setdefault(row["segment"], row["mode"]) != row["mode"]:
                raise forms.ValidationError(f"“{row['segment']}” is let in and kept out at once. Drop one of the two.")


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

    def clean(self) -> None:
        """A variation has one level of each factor, and no two variations are the same combination."""
        super().clean()
        chosen: dict[Any, dict[Any, Any]] = {}
        for row in kept(self):
            factor = row["level"].factor
            if chosen.setdefault(row["variation"], {}).setdefault(factor, row["level"]) != row["level"]:
                raise forms.ValidationError(f"“{row['variation']}” has two levels of the factor “{factor}”.")
        combinations: dict[frozenset[Any], Any] = {}
        for variation, levels in chosen.items():
            other = combinations.setdefault(frozenset(levels.values()), variation)
            if other != variation:
                raise forms.ValidationError(f"“{variation}” and “{other}” are the same combination of levels.")
