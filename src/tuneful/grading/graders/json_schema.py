"""JSON that the answer must be.

Score: 1 for JSON that fits the schema, `for_json` for other JSON, else 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, field_validator

from tuneful.data.columns.json_schema import fits, unknown_words
from tuneful.grading.graders.base import GraderConfig, json_of

if TYPE_CHECKING:
    from tuneful.grading.graders.base import Answer


class JsonSchemaConfig(GraderConfig):
    """Settings of a schema."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: Literal["json_schema"] = Field(
        default="json_schema", description="JSON that fits a schema."
    )
    schema_: dict[str, Any] = Field(
        default_factory=lambda: dict[str, Any](type="object"),
        alias="schema",
        description="JSON Schema; by itself any object.",
    )
    whole: bool = Field(
        default=True, description="Nothing may stand around it; otherwise the first object counts."
    )
    for_json: float = Field(
        default=0.0, description="Score of JSON that does not fit: a step on the way."
    )

    @field_validator("schema_")
    @classmethod
    def _known(cls, schema: dict[str, Any]) -> dict[str, Any]:
        unknown = unknown_words(schema)
        if unknown:
            raise ValueError(f"it uses words that are not checked here: {', '.join(unknown)}")
        return schema


class JsonSchema:
    """Whether the answer is JSON that fits a schema."""

    Config: ClassVar[type[JsonSchemaConfig]] = JsonSchemaConfig

    def __init__(self, config: JsonSchemaConfig) -> None:
        self.config = config

    def grade(self, answer: Answer) -> float:
        """0 to 1."""
        value = json_of(answer.text.strip(), whole=self.config.whole)
        if value is None:
            return 0.0
        return 1.0 if fits(value, self.config.schema_) else self.config.for_json
