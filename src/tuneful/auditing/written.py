"""Files that a person writes for an audit: YAML, checked, with the fault named where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

from tuneful.core.errors import RecipeError
from tuneful.recipe.text import parse, plain

if TYPE_CHECKING:
    from pathlib import Path

M = TypeVar("M", bound=BaseModel)


def read_written(schema: type[M], path: Path, key: str, fix: str) -> M:
    """Read and check a YAML file.

    Args:
        schema: What stands in it.
        path: Where it is.
        key: Recipe key that names it.
        fix: Where a person can see how one is written.

    Raises:
        RecipeError: It cannot be read, is no YAML, or does not fit the schema.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"{path} cannot be read: {error}", where=key, fix="Name a YAML file in UTF-8."
        ) from None
    try:
        return schema.model_validate(plain(parse(text, str(path))))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        more = f" ({error.error_count() - 1} more)" if error.error_count() > 1 else ""
        message = first["msg"].removeprefix("Value error, ")
        raise RecipeError(f"{message}{more}", where=f"{path}: {place}", fix=fix) from None
