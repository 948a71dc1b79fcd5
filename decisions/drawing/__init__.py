"""Who sees which experiment and which arm: what is remembered, and UpGrade's rules around a draw."""
