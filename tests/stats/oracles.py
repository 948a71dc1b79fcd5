"""Published and independently computed numbers for statistics, by the id of the case."""

import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[1] / "contracts" / "data" / "stats_oracles.json"
CASES: dict[str, Any] = {case["id"]: case for case in json.loads(PATH.read_text())["cases"]}
