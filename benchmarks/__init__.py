"""Side by side with what a user would otherwise take: ratios from one run, spread shown."""
