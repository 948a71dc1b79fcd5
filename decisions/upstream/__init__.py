"""Other people's services: datafiles fetched and mirrored, bandits, segments, events told on."""
