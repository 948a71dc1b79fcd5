"""Who was given what, as a table in UpGrade's layout: read from its data export, and written again (contract §7)."""
