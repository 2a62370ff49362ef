"""Models: found, loaded, fed with packed tokens, adapted and saved."""
