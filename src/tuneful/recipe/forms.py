"""The form of a recipe, for editors that complete and check it while it is written."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from tuneful.recipe.parts import TABLES, PartConfig, config_of, registry
from tuneful.recipe.schema import Recipe

Form = dict[str, Any]


def json_schema() -> Form:
    """JSON Schema (draft 2020-12) of a recipe file, with every part that is installed."""
    parts = {
        section: {name: config_of(section, name) for name in registry(section)}
        for section in TABLES
    }
    configs = dict.fromkeys(config for named in parts.values() for config in named.values())
    # One call for all: models of one name in two parts get names of their own.
    references, forms = models_json_schema(
        [(model, "validation") for model in (Recipe, PartConfig, *configs)]
    )
    defs: dict[str, Form] = forms["$defs"]
    own = {
        model: defs.pop(str(ref["$ref"]).split("/")[-1]) for (model, _), ref in references.items()
    }
    recipe = own[Recipe]
    for section, named in parts.items():
        field = _field(recipe, defs, section)
        del field["$ref"]
        words = [_as_word(name, own[config]) for name, config in named.items()]
        mappings = [_as_mapping(name, own[config]) for name, config in named.items()]
        field["oneOf"] = words + mappings
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **recipe,
        "title": "Tuneful recipe",
        "$defs": defs,
    }


def _field(recipe: Form, defs: dict[str, Form], section: str) -> Form:
    """The form of the field that a dotted key leads to."""
    *above, last = section.split(".")
    form = recipe
    for name in above:
        form = defs[str(form["properties"][name]["$ref"]).split("/")[-1]]
    return form["properties"][last]


def _as_word(name: str, settings: Form) -> Form:
    """A part given by its bare name."""
    field: Form = settings["properties"]["name"]
    return {"const": name, "title": name, "description": field.get("description", "")}


def _as_mapping(name: str, settings: Form) -> Form:
    """A part given as {name, settings}."""
    fields: Form = settings["properties"]
    field = {**fields["name"], "const": name}
    field.pop("default", None)
    required = dict.fromkeys(["name", *settings.get("required", [])])
    return {
        **settings,
        "title": f"{name} with settings",
        "properties": {**fields, "name": field},
        "required": list(required),
    }
