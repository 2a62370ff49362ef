"""The JSON Schema of recipes: what it says, and that it agrees with the reader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.recipe.test_write import WHOLE
from tuneful.core.errors import RecipeError
from tuneful.recipe.forms import json_schema
from tuneful.recipe.parts import LISTED, TABLES, registry
from tuneful.recipe.schema import Recipe

Form = dict[str, Any]
SMALL: Form = {"model": "tiny", "data": {"source": "mails.csv"}, "method": "classify"}
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "boolean": (bool,),
    "integer": (int,), "number": (int, float), "null": (type(None),),
}  # fmt: skip


@pytest.fixture(scope="module")
def form() -> Form:
    return json_schema()


def is_type(value: Any, name: str) -> bool:
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def fits(value: Any, form: Form, root: Form) -> bool:
    """Whether a value fits a form: the keywords of JSON Schema that ours uses, and no others."""
    return all(holds(key, value, form, root) for key in form)


def holds(key: str, value: Any, form: Form, root: Form) -> bool:
    rule = form[key]
    is_number, is_object = is_type(value, "number"), isinstance(value, dict)
    checks = {
        "$ref": lambda: fits(value, root["$defs"][rule.removeprefix("#/$defs/")], root),
        "type": lambda: is_type(value, rule),
        "const": lambda: value == rule,
        "enum": lambda: value in rule,
        "pattern": lambda: not isinstance(value, str) or re.search(rule, value) is not None,
        "minimum": lambda: not is_number or value >= rule,
        "exclusiveMinimum": lambda: not is_number or value > rule,
        "exclusiveMaximum": lambda: not is_number or value < rule,
        "anyOf": lambda: any(fits(value, one, root) for one in rule),
        "oneOf": lambda: sum(fits(value, one, root) for one in rule) == 1,
        "items": lambda: all(fits(one, rule, root) for one in value),
        "required": lambda: not is_object or set(rule) <= set(value),
        "properties": lambda: all(
            fits(value[name], one, root)
            for name, one in rule.items()
            if is_object and name in value
        ),
        "propertyNames": lambda: not is_object or all(fits(name, rule, root) for name in value),
        "additionalProperties": lambda: all(
            rule is not False and fits(value[name], rule, root)
            for name in (value if is_object else ())
            if name not in form.get("properties", {})
        ),
    }
    silent = {"$schema", "$defs", "title", "description", "default"}
    return key in silent or checks[key]()


def objects(node: Any) -> Iterator[Form]:
    """Every form with keys of its own, however deep."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and node.get("type") == "object":
            yield node
        for below in node.values():
            yield from objects(below)
    elif isinstance(node, list):
        for below in node:
            yield from objects(below)


def test_it_says_which_json_schema_it_is_and_what_it_describes(form):
    assert form["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert form["title"] == "Tuneful recipe"
    assert form["description"]
    assert json.loads(json.dumps(form)) == form


def test_it_has_every_key_of_a_recipe(form):
    assert set(form["properties"]) == set(Recipe.model_fields)
    assert form["required"] == ["model", "data", "method"]


def test_every_object_is_closed_to_keys_it_does_not_know(form):
    found = list(objects(form))
    parts = sum(len(list(registry(section))) for section in (*TABLES, *LISTED))
    assert len(found) == 1 + len(form["$defs"]) - len(LISTED) + parts
    assert all(one["additionalProperties"] is False for one in found)


def test_every_key_of_every_object_says_what_it_is_for(form):
    silent = [
        name
        for one in objects(form)
        for name, field in one["properties"].items()
        if "$ref" not in field and not field.get("description")
    ]
    assert silent == []


@pytest.mark.parametrize("section", ["method", "adapter"])
def test_a_part_is_one_of_the_registered_names_as_a_word_or_with_settings(form, section):
    choices = form["properties"][section]["oneOf"]
    words = [one["const"] for one in choices if "const" in one]
    mappings = [one["properties"]["name"]["const"] for one in choices if "properties" in one]
    alone = [
        name
        for name, kind in ((name, registry(section)[name]) for name in registry(section))
        if not any(f.is_required() for f in kind.Config.model_fields.values())
    ]
    assert words == alone
    assert mappings == list(registry(section))


def test_every_reference_leads_somewhere_and_every_definition_is_used(form):
    text = json.dumps(form)
    assert set(re.findall(r'"#/\$defs/(\w+)"', text)) == set(form["$defs"])


AGREED = [
    SMALL,
    WHOLE,
    {**SMALL, "method": {"name": "sft"}},
    {**SMALL, "adapter": "lora"},
    {**SMALL, "adapter": {"name": "lora", "rank": 4}},
    {**SMALL, "adapter": {"name": "lora", "targets": ["query"]}},
    {**SMALL, "train": {"learning_rate": "auto", "max_steps": None}},
    {**SMALL, "train": {"optimizer": "lion"}},
    {**SMALL, "train": {"optimizer": {"name": "galore", "rank": 4}}},
    {**SMALL, "data": {"source": "s", "template": {"user": "{text}"}, "where": {"a": 1}}},
]
REFUSED = [
    {},
    {"model": "tiny", "data": {"source": "s"}},
    {**SMALL, "sed": 1},
    {**SMALL, "version": 2},
    {**SMALL, "name": "two words"},
    {**SMALL, "data": {}},
    {**SMALL, "method": "guess"},
    {**SMALL, "adapter": {"rank": 8}},
    {**SMALL, "adapter": {"name": "lora", "rnk": 8}},
    {**SMALL, "adapter": {"name": "lora", "rank": 0}},
    {**SMALL, "adapter": {"name": "full", "rank": 8}},
    {**SMALL, "train": {"epocs": 1}},
    {**SMALL, "train": {"batch_size": 0}},
    {**SMALL, "train": {"optimizer": "sgd"}},
    {**SMALL, "train": {"optimizer": {"name": "lion", "rank": 4}}},
    {**SMALL, "train": {"schedule": "step"}},
    {**SMALL, "train": None},
    {**SMALL, "data": {"source": "s", "template": {"robot": "x"}}},
    {**SMALL, "data": {"source": "s", "columns": {"text": 3}}},
]


@pytest.mark.parametrize("values", AGREED, ids=str)
def test_what_the_reader_takes_fits(form, values):
    Recipe.make(values)
    assert fits(values, form, form)


@pytest.mark.parametrize("values", REFUSED, ids=str)
def test_what_the_reader_refuses_does_not_fit(form, values):
    with pytest.raises(RecipeError):
        Recipe.make(values)
    assert not fits(values, form, form)
