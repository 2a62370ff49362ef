"""Work on parts of rows, done by several processes: the same results in the same order."""
