"""A source's records become rows: found, filtered, told apart by format, cleaned, written down."""
