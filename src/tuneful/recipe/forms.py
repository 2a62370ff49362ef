"""The form of a recipe, for editors that complete and check it while it is written."""

from __future__ import annotations

from typing import Any, cast

from pydantic.json_schema import models_json_schema

from tuneful.recipe.parts import LISTED, TABLES, PartConfig, config_of, registry
from tuneful.recipe.schema import Recipe

Form = dict[str, Any]


def json_schema() -> Form:
    """JSON Schema (draft 2020-12) of a recipe file, with every part that is installed."""
    parts = {
        section: {name: config_of(section, name) for name in registry(section)}
        for section in (*TABLES, *LISTED)
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
        forms_of = [
            *(_as_word(name, own[c]) for name, c in named.items() if _works_alone(own[c])),
            *(_as_mapping(name, own[c]) for name, c in named.items()),
        ]
        if section in LISTED:
            defs[section] = {"oneOf": forms_of}
            continue
        field = _field(recipe, defs, section)
        may_lack = field.pop("anyOf", None) is not None
        field.pop("$ref", None)
        field["oneOf"] = [*forms_of, {"type": "null"}] if may_lack else forms_of
    _link(recipe)
    _link(defs)
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


def _works_alone(settings: Form) -> bool:
    """Whether a part needs no settings beside its name."""
    return set(settings.get("required", [])) <= {"name"}


def _link(form: object) -> None:
    """Let the forms of settings that list parts lead to those parts."""
    if isinstance(form, list):
        for below in cast("list[object]", form):
            _link(below)
    elif isinstance(form, dict):
        known = cast("Form", form)
        if set(known) == {"part"}:
            known["$ref"] = f"#/$defs/{known.pop('part')}"
        for below in known.values():
            _link(below)


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
