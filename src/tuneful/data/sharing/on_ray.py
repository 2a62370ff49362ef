"""Ray's workers, on this machine or on others of its cluster (Moritz et al. 2018, 1712.05889).

Where a cluster is running and RAY_ADDRESS names it, its cores are used, on machines that have
Tuneful installed as well; else Ray is started on this machine and ended with the work.
"""

from __future__ import annotations

import pickle
from collections import deque
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from tuneful.core.environment import keep_ray_quiet
from tuneful.core.errors import DataError, RecipeError, TunefulError
from tuneful.data.sharing.serve import answered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PartT = TypeVar("PartT")
ResultT = TypeVar("ResultT")
AHEAD = 2
"""Parts that wait for each worker."""


class _Hand:
    """What a worker does; Ray makes an actor of it."""

    def __init__(self, work: bytes) -> None:
        self._work: Callable[[Any], Any] = pickle.loads(work)

    def work_on(self, part: bytes) -> bytes:
        """The result of a part, as `answered` has it."""
        return answered(self._work, part)[1]


class OnRay:
    """Ray's workers.

    Args:
        number: How many; None for one a core of the cluster.
    """

    is_alone: ClassVar[bool] = False
    is_remote: ClassVar[bool] = True

    def __init__(self, number: int | None) -> None:
        keep_ray_quiet()
        try:
            import ray  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise RecipeError(
                "Ray is not installed.",
                where="data.engine: ray",
                fix="pip install 'tuneful[ray]', or leave data.engine out: all cores of this "
                "machine are used without it.",
            ) from error
        self._ray: Any = ray
        self._is_ours = not self._ray.is_initialized()
        if self._is_ours:
            self._ray.init(include_dashboard=False, log_to_driver=False, logging_level="error")
        cores = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        self._number = min(number or cores, cores)

    def map(
        self, work: Callable[[PartT], ResultT], parts: Iterable[PartT], *, here: int
    ) -> Iterator[ResultT]:
        """The result of each part, in their order; none is made here."""
        del here
        kept = self._ray.put(pickle.dumps(work))
        kind = self._ray.remote(num_cpus=1)(_Hand)
        hands = [kind.remote(kept) for _ in range(self._number)]
        waiting, left = deque[Any](), iter(parts)
        fault: TunefulError | None = None
        try:
            for number in count():
                try:
                    part = next(left)
                except StopIteration:
                    break
                except TunefulError as error:  # those before it come first
                    fault = error
                    break
                hand = hands[number % len(hands)]
                waiting.append(hand.work_on.remote(pickle.dumps((None, part))))
                if len(waiting) > AHEAD * len(hands):
                    yield self._result(waiting.popleft())
            while waiting:
                yield self._result(waiting.popleft())
        finally:
            for hand in hands:
                self._ray.kill(hand)
        if fault:
            raise fault

    def close(self) -> None:
        """End Ray, if it was started here."""
        if self._is_ours:
            self._ray.shutdown()

    def _result(self, reference: Any) -> Any:
        try:
            has_failed, value = cast("tuple[bool, Any]", pickle.loads(self._ray.get(reference)))
        except self._ray.exceptions.RayActorError as error:
            raise DataError(
                f"A worker of Ray is no more: {str(error).splitlines()[0]}",
                where="data.engine: ray",
                fix="Run it again; nothing was written. Look at the worker's memory, and whether "
                "its machine has the same Tuneful.",
            ) from error
        if has_failed:
            raise value
        return value
