"""Published collections of rows, and how they are read."""
