"""Designs as files in UpGrade's own format: read, imported, exported (upgrade contract §13)."""
