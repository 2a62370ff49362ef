"""Each grader's score of answers whose worth is plain to see."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests import world
from tuneful.core.errors import RecipeError
from tuneful.core.store import Store
from tuneful.data.columns.json_schema import fits, unknown_words
from tuneful.data.message import Message
from tuneful.grading.graders import GRADERS
from tuneful.grading.graders.base import Answer, Failed
from tuneful.grading.graders.classifier import Classifier, ClassifierConfig
from tuneful.grading.graders.judge import Judge, JudgeConfig
from tuneful.workflow import train_recipe
from tuneful.workflow.gate import TRIAL

SCHEMA = {
    "type": "object",
    "properties": {
        "sentiment": {"enum": ["positive", "negative"]},
        "stars": {"type": "integer", "minimum": 1, "maximum": 5},
    },
    "required": ["sentiment", "stars"],
    "additionalProperties": False,
}
RIGHT = '{"sentiment": "positive", "stars": 4}'


def score(name: str, said: str, reference: str = "", /, **settings: Any) -> float:
    kind: Any = GRADERS[name]
    return kind(kind.Config.model_validate({"name": name, **settings})).grade(
        Answer(said, reference)
    )


@pytest.mark.parametrize(
    ("settings", "text", "reference", "expected"),
    [
        ({}, " Yes ", "yes", 1),
        ({"ignore_case": False}, "Yes", "yes", 0),
        ({"check": "contains", "text": "film"}, "the film was dull", "", 1),
        ({"check": "starts", "text": "film"}, "the film", "", 0),
        ({"check": "ends", "text": "."}, "well.", "", 1),
        ({"check": "differs", "text": "no"}, "no", "", 0),
        ({"field": "sentiment"}, f"Here: {RIGHT}", RIGHT, 1),
        ({"field": "sentiment"}, "positive", RIGHT, 0),
    ],
)
def test_string_check(settings: dict[str, Any], text: str, reference: str, expected: float):
    assert score("string_check", text, reference, **settings) == expected


@pytest.mark.parametrize(
    ("settings", "text", "reference", "expected"),
    [
        ({}, "7 x 6 = 42", "42.0", 1),
        ({}, "43", "42", 0),
        ({"tolerance": 1}, "43", "42", 1),
        ({"tolerance": 1, "falloff": 4}, "45", "42", 0.5),
        ({"falloff": 4}, "none", "42", 0),
        ({"number": 1000}, "1,000", "", 1),
        ({"field": "stars"}, RIGHT, '{"stars": 4}', 1),
    ],
)
def test_numeric(settings: dict[str, Any], text: str, reference: str, expected: float):
    assert score("numeric", text, reference, **settings) == expected


def test_a_row_without_a_number_is_no_zero():
    with pytest.raises(ValueError, match="has no number"):
        score("numeric", "42", "forty-two")


@pytest.mark.parametrize(
    ("settings", "text", "expected"),
    [
        ({}, RIGHT, 1),
        ({}, f"Sure! {RIGHT}", 0),
        ({"whole": False}, f"Sure! {RIGHT} Bye.", 1),
        ({}, '{"sentiment": "positive", "stars": 6}', 0),
        ({"for_json": 0.25}, "[]", 0.25),
        ({"for_json": 0.25}, "positive", 0),
    ],
)
def test_json_schema(settings: dict[str, Any], text: str, expected: float):
    assert score("json_schema", text, schema=SCHEMA, **settings) == expected


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "integer"}, [1, 2.0], [True, 1.5, "1", None]),
        ({"type": ["string", "null"]}, ["a", None], [1]),
        ({"const": 1}, [1, 1.0], [True, 2]),
        ({"items": {"type": "string"}, "minItems": 1}, [["a"], "x"], [[], [1]]),
        ({"anyOf": [{"type": "null"}, {"minimum": 3}]}, [None, 3, "x"], [2]),
        ({"minLength": 2, "pattern": "^a"}, ["ab", 5], ["a", "ba"]),
        ({"properties": {"a": {"type": "null"}}}, [{}, {"b": 1}, 3], [{"a": 1}]),
        ({"additionalProperties": {"type": "null"}}, [{"a": None}], [{"a": 1}]),
        ({"exclusiveMinimum": 1, "exclusiveMaximum": 2}, [1.5], [1, 2]),
    ],
)
def test_a_schema_tells_good_from_bad(schema: dict[str, Any], good: list[Any], bad: list[Any]):
    assert not unknown_words(schema)
    assert all(fits(value, schema) for value in good)
    assert not any(fits(value, schema) for value in bad)


def test_what_a_schema_says_and_nobody_checks_is_refused():
    nested = {"properties": {"a": {"items": {"multipleOf": 2}}}}
    with pytest.raises(ValidationError, match=r"properties.items.multipleOf"):
        GRADERS["json_schema"].Config.model_validate({"name": "json_schema", "schema": nested})


def test_a_graders_settings_survive_a_run_folder():
    config = GRADERS["json_schema"].Config.model_validate({"schema": SCHEMA})
    dumped = json.loads(json.dumps(config.model_dump(mode="json")))
    assert GRADERS["json_schema"].Config.model_validate(dumped) == config


def test_regex_and_length():
    assert score("regex", "well: 5", pattern=r"\d$") == 1
    assert score("regex", "well: 5", pattern=r"\d", whole=True) == 0
    with pytest.raises(ValidationError, match="no regular expression"):
        score("regex", "", pattern="(")
    assert score("length", "one two three", at_most=3) == 1
    assert score("length", "one two three four", at_most=3, falloff=2) == 0.5
    assert score("length", "", at_least=1) == 0
    assert score("length", "abc", unit="characters", at_most=2) == 0


def test_tool_calls_are_compared_by_name_and_arguments():
    reference = '[{"name": "f", "arguments": {"a": 1, "b": 2}}]'
    right = '<tool_call>\n{"name": "f", "arguments": {"b": 2, "a": 1}}\n</tool_call>'
    assert score("tool_call", right, reference) == 1
    assert score("tool_call", right.replace("2", "3"), reference, for_names=0.5) == 0.5
    assert score("tool_call", right.replace('"f"', '"g"'), reference, for_names=0.5) == 0
    assert score("tool_call", "I would call f", reference) == 0
    several = '[{"name": "f", "accepted": {"a": [1], "b": [2, 3], "c": ["", 4]}}]'
    assert score("tool_call", right.replace("2", "3"), several) == 1
    with pytest.raises(ValueError, match="holds no call"):
        score("tool_call", right, "f(1, 2)")


class Endpoint(BaseHTTPRequestHandler):
    """Answers with what the last word of the criteria says."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = asked["messages"][0]["content"]
        said = "Mark: 7" if "good film" in text else "I cannot say"
        self.server.keys.append(self.headers.get("Authorization"))  # type: ignore[attr-defined]
        body = json.dumps({"choices": [{"message": {"content": said}}]}).encode()
        self.send_response(500 if "breaks" in text else 200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_a_judge_is_asked_and_its_silence_has_a_reason(store: Store, monkeypatch):
    monkeypatch.setenv("JUDGES_KEY", "secret")
    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    server.keys = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    config = JudgeConfig(
        url=f"http://127.0.0.1:{server.server_port}/v1", model="any", key="JUDGES_KEY"
    )
    prompt = (Message("user", "What was it?"),)
    said = Judge(config, store).grade_all(
        [Answer(text, prompt=prompt) for text in ("a good film", "a film", "it breaks")]
    )
    server.shutdown()
    server.server_close()
    assert said[0] == 0.7
    assert [part.reason for part in said[1:] if isinstance(part, Failed)] == [
        "unreadable",
        "unreachable",
    ]
    assert set(server.keys) == {"Bearer secret"}  # type: ignore[attr-defined]


def test_a_judges_key_that_is_not_set_is_said(store: Store):
    config = JudgeConfig(url="http://127.0.0.1:1/v1", model="any", key="NO_SUCH_KEY")
    with pytest.raises(RecipeError, match="NO_SUCH_KEY is not set"):
        Judge(config, store)


def test_a_classifier_gives_its_probability_of_the_wanted_class(tmp_path: Path, store: Store):
    recipe = world.classify_recipe(tmp_path, max_steps=2)
    folder = str(train_recipe(recipe, store, gate=TRIAL).model.path)
    answers = [Answer("the film was warm"), Answer("dull . dull")]
    asked = [(folder, "good"), (folder, "bad")]
    good, bad = (
        Classifier(ClassifierConfig(model=model, wanted=wanted), store).grade_all(answers)
        for model, wanted in asked
    )
    assert [a + b for a, b in zip(good, bad, strict=True)] == pytest.approx([1, 1], abs=1e-5)
    assert good[0] != good[1]
    with pytest.raises(RecipeError, match="no class 'great'") as caught:
        Classifier(ClassifierConfig(model=folder, wanted="great"), store).grade_all(answers)
    assert "good" in str(caught.value.fix)
