"""A task as a file: questions with right and wrong answers, and how they are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field, model_serializer, model_validator

from tuneful.recipe.closed import Closed

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler, SerializerFunctionWrapHandler


class TaskFile(Closed):
    """What a task's YAML file may say."""

    version: Literal[1] = 1
    name: str
    about: str = Field(description="What it asks for, in a line.")
    metric: str = Field(
        default="choice",
        description="choice: of the right and the wrong answers, the right one must be the "
        "likeliest for the model (log p by byte). Else the name of a metric of answers that is a "
        "share of rows, as in evaluate.metrics: the model answers, and the metric judges.",
    )
    system: str = Field(default="", description="The system turn, if it has one.")
    prompt: str = Field(
        default="{user}",
        description="The user's turn; {column} stands for a row's value.",
    )
    max_new_tokens: int = Field(default=32, ge=1, description="Longest answer.")
    rows: list[dict[str, Any]] = Field(
        default_factory=list[dict[str, Any]],
        description="Columns of the prompt, and gold: a right answer, and wrong: one or several.",
    )
    source: str = Field(
        default="", description="Rows from elsewhere, as in data.source; paths from the file's."
    )
    take: int | None = Field(default=None, ge=1, description="The first rows alone.")
    gold: str = Field(
        default="", description="The right answer, of columns; left out: the column gold."
    )
    wrong: list[str] = Field(
        default_factory=list[str], description="Wrong ones likewise; left out: the column wrong."
    )
    beginning: str = Field(
        default="",
        description="pass_at_k: a program's first lines, which an answer may go on from.",
    )
    tests: str = Field(default="", description="pass_at_k: code that tests the answer's.")


class AskedTask(Closed):
    """What a recipe asks of a task, where its name does not say it all."""

    name: str = Field(description="As in `tuneful list tasks`, or a file's path.")
    take: int | None = Field(
        default=None, ge=1, description="So many of its questions, evenly spread; left out: all."
    )
    metric: str = Field(
        default="", description="To judge by instead of the task's own: pass_at_k:5, say."
    )
    chat: bool = Field(
        default=False,
        description="lm-eval: put questions into the model's chat template, as lm-eval's "
        "--apply_chat_template does. Tuneful's own tasks always are.",
    )

    @model_validator(mode="before")
    @classmethod
    def _of_name(cls, given: object) -> object:
        """A name alone asks for all of the task."""
        return {"name": given} if isinstance(given, str) else given

    @model_serializer(mode="wrap")
    def _as_given(self, write: SerializerFunctionWrapHandler) -> object:
        known = cast("dict[str, object]", write(self))
        return self.name if self == AskedTask(name=self.name) else known


class _OrName:
    """Tells editors that a name may stand there alone."""

    def __get_pydantic_json_schema__(
        self, core: Any, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"type": "string"}, handler(core)]}


Asked = Annotated[AskedTask, _OrName()]
"""A task of a recipe: its name, or {name, settings}."""
