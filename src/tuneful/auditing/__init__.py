"""Audit: what a tuned model is, came from, costs and cannot do, on the record."""
