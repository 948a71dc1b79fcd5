"""How it is delivered: flags with their variables and rules, and Test Lab's user-blocks."""

from django.db import models
from django.db.models import Q

from experiments.identity import new_datafile_id, new_uid
from experiments.models import Design, Experiment, ExperimentList, Project, Segment, Variation


class Flag(models.Model):
    """A switch an application asks for. Toggles and roll-outs own their traffic; an experiment owns its own."""

    class Kind(models.IntegerChoices):
        TOGGLE = 1, "Toggle"
        ROLLOUT = 2, "Roll-out"
        EXPERIMENT = 3, "Experiment"

    uid = models.UUIDField(default=new_uid, unique=True)
    datafile_id = models.CharField(max_length=32, default=new_datafile_id, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="flags")
    key = models.CharField(max_length=255, help_text="What applications ask for.")
    name = models.CharField(max_length=255, blank=True)
    description = models.TextField(null=True, blank=True, default="")
    kind = models.PositiveSmallIntegerField(choices=Kind.choices, default=Kind.TOGGLE)
    is_running = models.BooleanField(default=True)
    is_archived = models.BooleanField(default=False)
    traffic = models.DecimalField(
        max_digits=14, decimal_places=12, default=1, help_text="Share of people who get a toggle or roll-out, 0 to 1."
    )
    traffic_scale = models.PositiveSmallIntegerField(default=2, editable=False)
    starts_on = models.DateField(null=True, blank=True, help_text="First day (UTC).")
    ends_on = models.DateField(null=True, blank=True, help_text="Last day (UTC), included.")
    filter_mode = models.CharField(
        max_length=16, choices=Design.FilterMode.choices, default=Design.FilterMode.INCLUDE_ALL
    )
    tags = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("project", "key"), name="one_flag_per_key"),
            models.CheckConstraint(condition=Q(traffic__gte=0, traffic__lte=1), name="flag_traffic_is_a_share"),
        )

    def __str__(self) -> str:
        return self.key


class Variable(models.Model):
    """A value a flag carries, with its default."""

    class Type(models.TextChoices):
        BOOLEAN = "boolean", "Boolean"
        INTEGER = "integer", "Whole number"
        DOUBLE = "double", "Number"
        STRING = "string", "Text"
        JSON = "json", "JSON object"

    datafile_id = models.CharField(max_length=32, default=new_datafile_id, unique=True, editable=False)
    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="variables")
    key = models.CharField(max_length=255)
    type = models.CharField(max_length=8, choices=Type.choices, default=Type.STRING)
    default_value = models.TextField(blank=True)

    class Meta:
        ordering = ("flag", "id")
        constraints = (models.UniqueConstraint(fields=("flag", "key"), name="one_variable_per_key"),)

    def __str__(self) -> str:
        return self.key


class VariableValue(models.Model):
    """What a variable is for the people of one variation."""

    variable = models.ForeignKey(Variable, on_delete=models.CASCADE, related_name="values")
    variation = models.ForeignKey(Variation, on_delete=models.CASCADE, related_name="variable_values")
    value = models.TextField(blank=True)

    class Meta:
        ordering = ("variable", "id")
        constraints = (
            models.UniqueConstraint(fields=("variable", "variation"), name="one_value_per_variable_and_variation"),
        )

    def __str__(self) -> str:
        return self.value


class FlagRule(models.Model):
    """The experiments of a flag in the order in which they are tried."""

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="rules")
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="flag_rules")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint(fields=("flag", "experiment"), name="one_rule_per_flag_and_experiment"),)

    def __str__(self) -> str:
        return f"{self.flag} → {self.experiment}"


class FlagList(models.Model):
    """An include or exclude list of a flag."""

    flag = models.ForeignKey(Flag, on_delete=models.CASCADE, related_name="lists")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="flag_lists")
    mode = models.CharField(max_length=8, choices=ExperimentList.Mode.choices)
    enabled = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("position", "id")
        constraints = (
            models.UniqueConstraint(fields=("flag", "segment", "mode"), name="one_flag_list_per_segment_and_mode"),
        )

    def __str__(self) -> str:
        return f"{self.mode} {self.segment}"


class UserBlock(models.Model):
    """One of Test Lab's twenty 5 % blocks: ids 1..20, names "5".."100" (testlab contract §0.4)."""

    name = models.CharField(max_length=3, unique=True)
    feature_id = models.BigIntegerField(null=True, blank=True, help_text="A flag's id; not checked, as in Test Lab.")
    changed_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When it was last given away.")

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name
