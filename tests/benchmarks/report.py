"""What a benchmark has to say: a row of figure and bar, and the table they make."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `bar` is what it must hold ("" for a figure that is only told), `passed` None then."""

    name: str
    figure: str
    bar: str = ""
    remark: str = ""
    passed: bool | None = None


def at_least(name: str, value: float, bar: float, unit: str = "×", remark: str = "") -> Row:
    return Row(name, f"{value:,.1f}{unit}", f"≥ {bar:,g}{unit}", remark, value >= bar)


def at_most(name: str, value: float, bar: float, unit: str, remark: str = "") -> Row:
    return Row(name, f"{value:,.1f}{unit}", f"≤ {bar:,g}{unit}", remark, value <= bar)


def told(name: str, value: float, unit: str, remark: str = "") -> Row:
    return Row(name, f"{value:,.1f}{unit}", "", remark)


def show(rows: list[Row]) -> None:
    table = Table(show_edge=False)
    table.add_column("what")
    table.add_column("figure", justify="right")
    table.add_column("bar", justify="right")
    table.add_column("")
    table.add_column("remark")
    marks = {True: "holds", False: "MISSED", None: ""}
    for row in rows:
        table.add_row(row.name, row.figure, row.bar, marks[row.passed], row.remark)
    Console(width=150).print(table)
