"""What a column's value says, whatever format it stands in."""
