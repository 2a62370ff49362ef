"""How good an answer is, as a number: what reinforcement learns from and evaluation counts."""
