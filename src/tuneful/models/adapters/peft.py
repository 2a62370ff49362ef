"""Any other tuner of PEFT, by PEFT's own name and with its own settings.

Paper: each tuner's own, in PEFT's documentation.
Takes: tuners that put something beside or into the model's layers: VERA, LOHA, LOKR, OFT, BOFT,
       HRA, MISS, RANDLORA, C3A, FOURIERFT, LN_TUNING, ROAD, WAVEFT, DELORA and more.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from pydantic import Field

from tuneful.core.errors import RecipeError
from tuneful.models.adapters.base import Adapted
from tuneful.models.low_rank import sides
from tuneful.models.wrap import wrap
from tuneful.recipe.parts import PartConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from tuneful.models.adapters.base import RatesLike
    from tuneful.models.catalog import ModelFacts

OURS = {
    "LORA": "lora",
    "IA3": "ia3",
    "SHIRA": "shira",
    "PROMPT_TUNING": "prompt_tuning",
    "PREFIX_TUNING": "prefix_tuning",
    "P_TUNING": "p_tuning",
}
"""Tuners that have an adapter of their own here."""
UNFIT = {
    "ADALORA": "its ranks are pruned by a schedule that a trainer drives",
    "ADAPTION_PROMPT": "it rewrites Llama's attention",
    "CARTRIDGE": "it is trained from a cache of keys and values",
    "CPT": "its loss is its own",
    "LILY": "its router averages over all tokens of a batch, so that what a row gives depends on "
    "the rows and the padding beside it",
    "MULTITASK_PROMPT_TUNING": "its rows name their task",
    "POLY": "its rows name their task",
    "OSF": "it removes directions from gradients after the backward pass",
    "SHADOW": "it runs a second model beside the first",
    "TRAINABLE_TOKENS": "add_tokens does the same with any adapter",
    "XLORA": "it mixes adapters that are trained already",
}
"""Tuners that need more than layers that are put in, and what."""
ENGINES_OWN = {"peft_type", "task_type", "inference_mode", "base_model_name_or_path", "revision"}


class PeftConfig(PartConfig):
    """Settings of a PEFT tuner."""

    name: Literal["peft"] = Field(default="peft", description="A tuner of PEFT by its own name.")
    tuner: str = Field(description="PEFT's name: VERA, LOHA, OFT …, in capitals or not.")
    settings: dict[str, Any] = Field(
        default_factory=dict[str, Any],
        description="The tuner's own settings by PEFT's names; target_modules is all-linear unless "
        "set.",
    )


class Peft:
    """Any other PEFT tuner by its own name (VERA, LOHA, OFT, HRA …), with its own settings."""

    Config: ClassVar[type[PeftConfig]] = PeftConfig
    paper: ClassVar[str] = "each tuner's own: huggingface.co/docs/peft"
    rates_like: ClassVar[RatesLike] = "lora"
    rate_scale: ClassVar[float] = 1.0

    def __init__(self, config: PeftConfig) -> None:
        self.config = config

    def apply(self, model: nn.Module, new_tokens: Sequence[int] = ()) -> Adapted:
        """Wrap the model with the tuner.

        Raises:
            RecipeError: There is no such tuner, or it has no such setting.
            ModelError: It cannot be put on this model with these settings.
        """
        settings = dict(self.config.settings)
        kind = tuner_config(self.config.tuner, settings)
        if "target_modules" in cast("Any", kind).__dataclass_fields__:
            settings.setdefault("target_modules", "all-linear")
        where = f"adapter.tuner: {self.config.tuner}, adapter.settings: {self.config.settings}"
        return Adapted(wrap(model, kind(**settings), where, new_tokens), keeps_base=True)

    def num_trainable(self, facts: ModelFacts) -> int:
        """Unknown without the model: LoRA's of rank 8 stands for it, which most stay below."""
        return 8 * sides("all-linear", facts) * facts.layers


def tuner_config(name: str, settings: dict[str, Any]) -> type[Any]:
    """PEFT's settings class of a tuner, after a look at the settings' names.

    Raises:
        RecipeError: There is no such tuner, it does not fit here, or it has no such setting.
    """
    from peft.mapping import PEFT_TYPE_TO_CONFIG_MAPPING

    table = {str(kind.value): config for kind, config in PEFT_TYPE_TO_CONFIG_MAPPING.items()}
    tuner = name.upper()
    if tuner in OURS:
        raise RecipeError(
            f"{tuner} has an adapter of its own here.",
            where="adapter.tuner",
            fix=f"Set adapter: {OURS[tuner]}.",
        )
    if tuner in UNFIT:
        raise RecipeError(
            f"PEFT's {tuner} does not work with this training loop: {UNFIT[tuner]}.",
            where="adapter.tuner",
            fix="Choose another tuner, or one of `tuneful list adapters`.",
        )
    if tuner not in table:
        usable = sorted(set(table) - set(OURS) - set(UNFIT))
        raise RecipeError(
            f"PEFT has no tuner called {name!r}.",
            where="adapter.tuner",
            fix=_near(tuner, usable),
        )
    known = set(cast("Any", table[tuner]).__dataclass_fields__) - ENGINES_OWN
    for key in settings:
        if key not in known:
            raise RecipeError(
                f"PEFT's {tuner} has no setting {key!r}.",
                where=f"adapter.settings.{key}",
                fix=_near(key, sorted(known)),
            )
    return table[tuner]


def _near(name: str, names: Sequence[str]) -> str:
    close = get_close_matches(name, names, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Choose from: {', '.join(names)}."
