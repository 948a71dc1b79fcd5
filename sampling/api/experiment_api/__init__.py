"""Criteria, samples and allocation as the Experiment API speaks of them."""
