"""Services, experiments and buckets as the Experiment API speaks of them. Every write counts at once."""
