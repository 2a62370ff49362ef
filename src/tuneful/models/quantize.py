"""A frozen base in 4 or 8 bits: how, what it takes, and whether this machine can.

Papers: NF4 with double quantization: Dettmers et al. 2023, arXiv:2305.14314, section 3.
        LLM.int8: Dettmers et al. 2022, arXiv:2208.07339, section 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Literal, cast

from tuneful.core.errors import ModelError

if TYPE_CHECKING:
    import torch
    from torch import nn

Kind = Literal["nf4", "int8"]
BITS: dict[Kind, float] = {"nf4": 4.127, "int8": 8.06}
"""Of one weight of a block's matrices, its share of the scales counted: NF4 with double
quantization as in section 3 of 2305.14314; int8 with a float32 scale for each output."""


@dataclass(frozen=True)
class Quantization:
    """How a base model is kept while an adapter is trained on it.

    Attributes:
        kind: "nf4" or "int8"; embeddings, norms and head stay as they are.
        fallback: The adapter that the recipe falls back to where this machine cannot quantize.
    """

    kind: Kind
    fallback: Literal["lora"] | None = None

    @property
    def bits(self) -> float:
        """Of one weight in the blocks' matrices."""
        return BITS[self.kind]

    def here(self) -> Kind | None:
        """What this machine does: the kind, or None where it cannot and may fall back.

        Raises:
            ModelError: It cannot; the error says what it can.
        """
        missing = why_not()
        if not missing:
            return self.kind
        if self.fallback:
            return None
        raise ModelError(
            f"The base cannot be quantized to {self.kind} on this machine: {missing}.",
            where="adapter",
            fix="pip install 'tuneful[quantize]'; or set adapter: lora, which is available here; "
            "or let it be chosen: adapter: {name: …, fallback: lora}.",
        )


def why_not() -> str:
    """What quantization lacks on this machine, in words; "" where nothing."""
    try:
        found = version("bitsandbytes")
    except PackageNotFoundError:
        return "bitsandbytes is not installed"
    parts = tuple(int(part) for part in found.split(".")[:2] if part.isdigit())
    return "" if parts >= (0, 48) else f"bitsandbytes is {found}, and 0.48 is the first for CPUs"


@dataclass(frozen=True)
class Compact:
    """A quantized way to load a model.

    Attributes:
        kind: How the blocks' matrices are kept.
        compute: What all else is kept in, and what products are computed in.
    """

    kind: Kind
    compute: torch.dtype

    def options(self) -> dict[str, Any]:
        """Options of transformers' from_pretrained that quantize while loading."""
        import torch
        from transformers import BitsAndBytesConfig

        if self.kind == "int8":
            config = BitsAndBytesConfig(load_in_8bit=True)
        else:
            config = BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=self.compute,
            )
        place = {"device_map": {"": 0}} if torch.cuda.is_available() else {}
        return {"dtype": self.compute, "quantization_config": config, **place}


def keep_layout(model: nn.Module) -> None:
    """Forbid bitsandbytes to repack 4-bit weights when a model is evaluated on a CPU.

    On processors with AVX512-BF16 its layers do so at the first pass without gradient (0.50.2,
    Linear4bit.forward): scales are rounded to bf16, and from then on, in training too, no gradient
    passes through the layer.
    """
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = cast("Any", False)


def cast_floats(model: nn.Module, precision: torch.dtype) -> nn.Module:
    """Bring what is not quantized of a model to a precision; transformers' own `to` refuses."""
    import torch

    if not any(parameter.dtype in {torch.int8, torch.uint8} for parameter in model.parameters()):
        return model.to(precision)
    for parameter in model.parameters():
        if parameter.is_floating_point():
            parameter.data = parameter.data.to(precision)
    return model
