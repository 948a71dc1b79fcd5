"""How times are written for people: see `en.formats`."""
