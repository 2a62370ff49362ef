"""Optimizers: how a gradient moves a weight. To add one: a file here and a line in OPTIMIZERS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.training.optimizers.base import Rule

OPTIMIZERS: Registry[type[Rule]] = Registry(
    "optimizer",
    {
        "adafactor": "tuneful.training.optimizers.adafactor:Adafactor",
        "adam8bit": "tuneful.training.optimizers.adam8bit:Adam8bit",
        "adamw": "tuneful.training.optimizers.adamw:AdamW",
        "apollo": "tuneful.training.optimizers.apollo:Apollo",
        "galore": "tuneful.training.optimizers.galore:GaLore",
        "lion": "tuneful.training.optimizers.lion:Lion",
        "muon": "tuneful.training.optimizers.muon:Muon",
        "schedule_free": "tuneful.training.optimizers.schedule_free:ScheduleFree",
    },
)
