"""Rows: from whatever people have to rows worth training on."""
