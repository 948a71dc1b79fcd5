"""UpGrade's grammar: what is true of every route of its client API, v5 and v6 (upgrade contract §1)."""
