"""Graders in a process of their own: one JSON line in, one out.

What a grader prints goes to standard error; the lines stay clean.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from tuneful.core.errors import RecipeError, TunefulError
from tuneful.grading.graders.base import Failed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tuneful.grading.graders.base import Answer, Grader, GraderConfig

START_S = 120.0
"""Imports of a user's module may take long; grading an answer may not."""
MOST_OF_MESSAGE = 300
START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from tuneful.grading.worker import serve; serve(json.loads(sys.argv[2]))"
)


@dataclass
class Worker:
    """Scores answers one at a time, in a process that may hang or die.

    Attributes:
        configs: Of the graders, by whose number they are asked.
    """

    configs: Sequence[GraderConfig]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def grade(self, number: int, answer: Answer) -> float | Failed:
        """The score that grader `number` gives.

        Raises:
            RecipeError: A grader cannot be made: its function does not exist, say.
        """
        process = self._process or self._start()
        line = json.dumps([number, answer.to_json()]) + "\n"
        try:
            assert process.stdin is not None
            process.stdin.write(line.encode())
            process.stdin.flush()
        except BrokenPipeError:
            self.close()
            return Failed("crashed", "the grader's process ended")
        said = self._read(self.configs[number].timeout_s)
        return said if isinstance(said, Failed) else _score(said)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:  # what it had not read is lost with it
                continue

    def _start(self) -> subprocess.Popen[bytes]:
        configs = [config.model_dump(mode="json") for config in self.configs]
        command = [sys.executable, "-c", START, json.dumps(sys.path), json.dumps(configs)]
        process = self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        said = self._read(START_S)
        if isinstance(said, dict) and "ready" in said:
            return process
        self.close()
        told = said if isinstance(said, dict) else {"error": f"its process {said.reason}"}
        raise RecipeError(
            str(told["error"]),
            where=f"method.rewards: {told.get('where', '')}",
            fix=str(told.get("fix", "Run the function by itself to see what it does.")),
        )

    def _read(self, seconds: float) -> dict[str, Any] | Failed:
        assert self._process is not None
        out = self._process.stdout
        assert out is not None
        if not select.select([out], [], [], seconds)[0]:
            self.close()
            return Failed("timed-out", f"no score within {seconds:g} s")
        line = out.readline()
        if line.endswith(b"\n"):
            return cast("dict[str, Any]", json.loads(line))
        self.close()
        return Failed("crashed", "the grader's process ended")


def _score(said: dict[str, Any]) -> float | Failed:
    return float(said["score"]) if "score" in said else Failed("raised", said["error"])


def serve(configs: Sequence[dict[str, Any]]) -> None:
    """Make the graders, then answer lines until standard input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(**facts: Any) -> None:
        out.write(json.dumps(facts) + "\n")
        out.flush()

    try:
        graders = [_made(config) for config in configs]
    except TunefulError as error:
        tell(error=error.message, where=error.where, fix=error.fix)
        return
    tell(ready=True)
    for line in sys.stdin:
        asked: tuple[int, dict[str, Any]] = json.loads(line)
        tell(**_graded(graders[asked[0]], asked[1]))


def _made(config: dict[str, Any]) -> Grader:
    from tuneful.grading.graders import GRADERS

    kind: Any = GRADERS[config["name"]]
    return cast("Grader", kind(kind.Config.model_validate(config)))


def _graded(grader: Grader, answer: dict[str, Any]) -> dict[str, Any]:
    from tuneful.grading.graders.base import Answer

    try:
        return {"score": float(grader.grade(Answer.from_json(answer)))}
    except Exception as error:  # noqa: BLE001  (whatever a user's code raises is the answer's reason)
        return {"error": f"{type(error).__name__}: {error}"[:MOST_OF_MESSAGE]}
