"""Which rows are copies of one another: the same text, or nearly."""
