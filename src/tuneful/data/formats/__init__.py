"""Formats: how a source's columns become rows. To add one: a file here and a line in FORMATS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.data.formats.base import Format

FORMATS: Registry[type[Format]] = Registry(
    "format",
    {
        "labelled": "tuneful.data.formats.labelled:LabelledFormat",
        "chat": "tuneful.data.formats.chat:ChatFormat",
        "prompt_completion": "tuneful.data.formats.prompt_completion:PromptCompletionFormat",
        "template": "tuneful.data.formats.template:TemplateFormat",
    },
)
