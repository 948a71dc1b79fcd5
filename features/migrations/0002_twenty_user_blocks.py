"""Test Lab's twenty blocks exist from the start: ids 1..20, names "5".."100" (testlab contract §0.4)."""

from django.db import migrations


def make_blocks(apps, schema_editor):
    block = apps.get_model("features", "UserBlock")
    block.objects.bulk_create(block(id=number, name=str(number * 5)) for number in range(1, 21))


def remove_blocks(apps, schema_editor):
    apps.get_model("features", "UserBlock").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("features", "0001_first_shape")]
    operations = [migrations.RunPython(make_blocks, remove_blocks)]
