"""A language model behind an OpenAI-compatible endpoint says how good an answer is.

Score: the last number in its reply, divided by `best`. An endpoint that does not answer in time and
a reply without a number cost that answer and are counted. The key comes from the environment alone.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from tuneful.core.endpoint import Endpoint, NoReply
from tuneful.core.environment import secret
from tuneful.grading.graders.base import Failed, GraderConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.core.store import Store
    from tuneful.grading.graders.base import Answer

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
QUESTION = (
    "Conversation:\n{prompt}\n\nAnswer:\n{answer}\n\nReference (may be empty):\n{reference}\n\n"
    "{criteria}\nReply with one number from 0 (worst) to {best:g} (best) and nothing else."
)
AT_ONCE = 8


class JudgeConfig(GraderConfig):
    """Settings of a judge."""

    name: Literal["judge"] = Field(default="judge", description="Ask a language model.")
    url: str = Field(
        pattern=r"^https?://",
        description="Of the endpoint, up to /v1: http://127.0.0.1:8000/v1.",
    )
    model: str = Field(description="What the endpoint calls the model.")
    criteria: str = Field(
        default="How good is the answer?", description="What it is asked to judge by."
    )
    best: float = Field(default=10.0, gt=0, description="Its highest mark, which becomes 1.")
    key: str = Field(
        default="",
        description="Name of the environment variable that holds the key; empty where none is.",
    )
    timeout_s: float = Field(default=60.0, gt=0, description="Seconds for one reply.")


class Judge:
    """What a language model behind an endpoint thinks of the answer."""

    Config: ClassVar[type[JudgeConfig]] = JudgeConfig

    def __init__(self, config: JudgeConfig, store: Store) -> None:
        del store
        self.config = config
        key = secret(config.key) if config.key else ""
        self.endpoint = Endpoint(config.url, config.model, key, config.timeout_s)

    def grade_all(self, answers: Sequence[Answer]) -> list[float | Failed]:
        """Its mark of each answer, as a share of the best."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._grade, answers))

    def _grade(self, answer: Answer) -> float | Failed:
        config = self.config
        prompt = "\n".join(f"{turn.role}: {turn.content}" for turn in answer.prompt)
        text = QUESTION.format(
            prompt=prompt,
            answer=answer.text,
            reference=answer.reference,
            criteria=config.criteria,
            best=config.best,
        )
        try:
            reply = self.endpoint.ask([{"role": "user", "content": text}], temperature=0)
        except NoReply as silence:
            reason = "unreachable" if silence.kind == "refused" else silence.kind
            return Failed(reason, str(silence))
        return self._mark(reply.text)

    def _mark(self, said: str) -> float | Failed:
        found = NUMBER.findall(said)
        if not found:
            return Failed("unreadable", f"no number in {said[:60]!r}")
        return min(max(float(found[-1]) / self.config.best, 0.0), 1.0)
