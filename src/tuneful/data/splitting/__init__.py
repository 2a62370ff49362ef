"""Which row goes to which split."""
