"""Words everyone shares: errors, registry, events, artifacts, runs. Standard library only."""
