"""Selecting: what must be computed of rows before they can be chosen, and the chosen rows."""
