"""Error analysis: for whom a tuned model is better, where it is not, and on which rows."""
