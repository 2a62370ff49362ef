"""Rows of one format written in another."""
