"""Evaluate: what a model can do on rows it has not seen, against what it could do before."""
