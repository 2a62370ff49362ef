"""Adapters: which weights move. To add one: a file here and a line in ADAPTERS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.models.adapters.base import Adapter

ADAPTERS: Registry[type[Adapter]] = Registry(
    "adapter",
    {
        "full": "tuneful.models.adapters.full:Full",
        "lora": "tuneful.models.adapters.lora:Lora",
        "dora": "tuneful.models.adapters.dora:Dora",
        "qlora": "tuneful.models.adapters.qlora:QLora",
        "lora_int8": "tuneful.models.adapters.lora_int8:LoraInt8",
        "ia3": "tuneful.models.adapters.ia3:IA3",
        "shira": "tuneful.models.adapters.shira:Shira",
        "lisa": "tuneful.models.adapters.lisa:Lisa",
        "s2ft": "tuneful.models.adapters.s2ft:S2FT",
        "sift": "tuneful.models.adapters.sift:Sift",
        "bitfit": "tuneful.models.adapters.bitfit:BitFit",
        "last_layers": "tuneful.models.adapters.last_layers:LastLayers",
        "prompt_tuning": "tuneful.models.adapters.prompt_tuning:PromptTuning",
        "prefix_tuning": "tuneful.models.adapters.prefix_tuning:PrefixTuning",
        "p_tuning": "tuneful.models.adapters.p_tuning:PTuning",
        "peft": "tuneful.models.adapters.peft:Peft",
    },
)
