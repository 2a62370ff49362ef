"""Files of a name and content, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Put = Callable[[str, "str | bytes"], Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Write a file of that name and content."""

    def put(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return put
