"""UpGrade's marks, endings, flags and aliases: what a learner's visit changes."""
