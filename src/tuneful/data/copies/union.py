"""Sets that are joined pair by pair (union-find, Tarjan 1975), four bytes a member."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Union:
    """Members 0 to `size` - 1, each alone at first. A set is named by its smallest member."""

    def __init__(self, size: int) -> None:
        import numpy as np

        self._parent = np.arange(size, dtype=np.int32)
        self.num_joined = 0

    def find(self, member: int) -> int:
        """The name of a member's set."""
        parent = self._parent
        root = member
        while parent[root] != root:
            root = int(parent[root])
        while parent[member] != root:
            parent[member], member = root, int(parent[member])
        return root

    def join(self, one: int, other: int) -> None:
        """Make one set of two."""
        first, second = sorted((self.find(one), self.find(other)))
        if first != second:
            self._parent[second] = first
            self.num_joined += 1

    def join_all(self, members: NDArray[np.int32]) -> None:
        """Make one set of members that are all alone so far, in ascending order."""
        self._parent[members] = members[0]
        self.num_joined += len(members) - 1

    def is_root(self) -> NDArray[np.bool_]:
        """Which members name a set."""
        import numpy as np

        return self._parent == np.arange(len(self._parent), dtype=np.int32)

    def roots(self) -> NDArray[np.int32]:
        """The name of every member's set."""
        import numpy as np

        while True:
            further = self._parent[self._parent]
            if np.array_equal(further, self._parent):
                return further
            self._parent = further
