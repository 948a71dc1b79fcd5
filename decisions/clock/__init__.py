"""What happens by the clock: the keeper's table and loop, its lease, starts and ends at their dates."""
