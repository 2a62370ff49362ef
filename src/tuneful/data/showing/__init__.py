"""What a data set looks like: to a page, a card, a person, another data set."""
