"""The Agent's calls: keys decided in one go, exposures, conversions, profiles, overrides, reasons."""
