"""History in the background: reports into the store, statistics out of it."""
