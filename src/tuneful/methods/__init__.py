"""Training methods: how rows become a loss. To add one: a file here and a line in METHODS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from typing import Any

    from tuneful.methods.base import Method

METHODS: Registry[type[Method[Any]]] = Registry(
    "method",
    {
        "classify": "tuneful.methods.classify:Classify",
        "classify_multi": "tuneful.methods.classify_multi:ClassifyMulti",
        "distill": "tuneful.methods.distill:Distill",
        "distill_classes": "tuneful.methods.distill_classes:DistillClasses",
        "pair": "tuneful.methods.pair:ClassifyPair",
        "rate": "tuneful.methods.rate:Rate",
        "tag": "tuneful.methods.tag:Tag",
        "pretrain": "tuneful.methods.pretrain:Pretrain",
        "grpo": "tuneful.methods.grpo:GRPO",
        "ppo": "tuneful.methods.ppo:PPO",
        "rloo": "tuneful.methods.rloo:RLOO",
        "sft": "tuneful.methods.sft:SFT",
        "dpo": "tuneful.methods.dpo:DPO",
        "kto": "tuneful.methods.kto:KTO",
        "orpo": "tuneful.methods.orpo:ORPO",
        "simpo": "tuneful.methods.simpo:SimPO",
        "cpo": "tuneful.methods.cpo:CPO",
        "reward": "tuneful.methods.reward:Reward",
    },
)
