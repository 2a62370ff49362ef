"""The reward of benchmarks.grpo: cheap, and different for each answer.

In a file of its own, because graders run in a process of their own that is to start quickly.
"""


def vowels(answer: str) -> float:
    """Share of an answer's characters that are vowels."""
    return sum(letter in "aeiou" for letter in answer) / max(1, len(answer))
