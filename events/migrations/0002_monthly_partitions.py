"""On PostgreSQL, partition the log by month of `received_at`; elsewhere there is nothing to do.

The state does not change: `id` stays a bigint made by the database. A partitioned table cannot promise that it is unique
without `received_at`, so a plain index serves the order; an identity keeps it unique. Rows are carried over both ways.
"""

from datetime import datetime, timezone

from django.db import migrations

MODELS = ("Event", "Exposure")
MONTHS_AHEAD = 3


def partition(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for name in MODELS:
        model = apps.get_model("events", name)
        table = model._meta.db_table
        schema_editor.execute(
            f"CREATE TABLE {table}_new (LIKE {table} INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING CONSTRAINTS)"
            " PARTITION BY RANGE (received_at)"
        )
        _add_partitions(schema_editor, table)
        _replace(schema_editor, table)
        schema_editor.execute(f"CREATE INDEX {table}_order ON {table} (id)")
        schema_editor.execute(f"CREATE INDEX {table}_received ON {table} USING brin (received_at) WITH (autosummarize)")
        for index in model._meta.indexes:
            schema_editor.add_index(model, index)


def merge(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for name in MODELS:
        model = apps.get_model("events", name)
        table = model._meta.db_table
        schema_editor.execute(
            f"CREATE TABLE {table}_new (LIKE {table} INCLUDING DEFAULTS INCLUDING IDENTITY INCLUDING CONSTRAINTS)"
        )
        _replace(schema_editor, table)
        schema_editor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {table}_pkey PRIMARY KEY (id)")
        for index in model._meta.indexes:
            schema_editor.add_index(model, index)


def _add_partitions(schema_editor, table):
    """One partition per month from the oldest row to three months ahead, and one for whatever is left."""
    now = datetime.now(timezone.utc)
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"SELECT min(received_at) FROM {table}")
        oldest = min(cursor.fetchone()[0] or now, now).astimezone(timezone.utc)
    for month in range(oldest.year * 12 + oldest.month - 1, now.year * 12 + now.month + MONTHS_AHEAD):
        suffix = f"{month // 12}_{month % 12 + 1:02}"
        schema_editor.execute(
            f"CREATE TABLE {table}_{suffix} PARTITION OF {table}_new"
            f" FOR VALUES FROM ('{_first_day(month)}') TO ('{_first_day(month + 1)}')"
        )
    schema_editor.execute(f"CREATE TABLE {table}_default PARTITION OF {table}_new DEFAULT")


def _first_day(month):
    return f"{month // 12}-{month % 12 + 1:02}-01 00:00:00+00"


def _replace(schema_editor, table):
    """Carry the rows over and let the new table have the old one's name, sequence included."""
    schema_editor.execute(f"INSERT INTO {table}_new OVERRIDING SYSTEM VALUE SELECT * FROM {table} ORDER BY id")
    schema_editor.execute(
        f"SELECT setval('{table}_new_id_seq', last_value, is_called) FROM {table}_id_seq"
    )
    schema_editor.execute(f"DROP TABLE {table}")
    schema_editor.execute(f"ALTER TABLE {table}_new RENAME TO {table}")
    schema_editor.execute(f"ALTER SEQUENCE {table}_new_id_seq RENAME TO {table}_id_seq")


class Migration(migrations.Migration):

    dependencies = [
        ("events", "0001_first_shape"),
    ]

    operations = [
        migrations.RunPython(partition, merge),
    ]
