"""A package, so that the `tests` that some library installs cannot take its place."""
