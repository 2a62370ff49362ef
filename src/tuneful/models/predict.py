"""Load a model to ask it; answers to conversations, and their probabilities.

Sequences are ordered by length and packed (probabilities) or batched with a key-value cache
(answers); results come back in the order asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import torch

from tuneful.core.errors import ModelError
from tuneful.core.events import ignore
from tuneful.core.machine import look
from tuneful.models.chat import Talk, encode_chat, encode_prompt
from tuneful.models.classifier import Classifier
from tuneful.models.generate import Sampling, generate
from tuneful.models.load import load_weights, set_up
from tuneful.models.lora_layer import fuse
from tuneful.models.model import Model
from tuneful.models.packing import TOKENS_PER_PASS, cut_into_passes
from tuneful.models.quantize import Compact, cast_floats
from tuneful.models.references import locate
from tuneful.models.scoring import Scorer
from tuneful.models.spelling import learned_bytes
from tuneful.models.tagger import Tagger
from tuneful.models.tokenizer import load_tokenizer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import nn

    from tuneful.core.events import Listener
    from tuneful.core.store import Store
    from tuneful.data.rows import Chat
    from tuneful.models.quantize import Kind
    from tuneful.models.tokenizer import Tokenizer

ANSWERS_AT_ONCE = 32


@dataclass(frozen=True)
class Chatter:
    """Answers conversations."""

    tokenizer: Tokenizer
    scorer: Scorer
    max_length: int

    def answers(
        self,
        talks: Sequence[Talk],
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[str]:
        """The likeliest answer (greedy) to each conversation, without special tokens.

        Args:
            talks: Conversations that end before the assistant's turn.
            max_new_tokens: Longest answer.
            on_done: Told how many conversations are done, now and then.
        """
        return [self.tokenizer.decode(ids) for ids in self.said(talks, max_new_tokens, on_done)]

    def said(
        self,
        talks: Sequence[Talk],
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[list[int]]:
        """The tokens of the likeliest answers, the end token with them where it was said."""
        encoded = [encode_prompt(self.tokenizer, talk) for talk in talks]
        return self._all(encoded, max_new_tokens, on_done)

    def continued(
        self,
        encoded: Sequence[list[int]],
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[str]:
        """The likeliest way (greedy) to go on with each sequence of token ids, as text."""
        return [self.tokenizer.decode(ids) for ids in self._all(encoded, max_new_tokens, on_done)]

    def _all(
        self,
        encoded: Sequence[list[int]],
        max_new_tokens: int,
        on_done: Callable[[int], None] | None = None,
    ) -> list[list[int]]:
        """What follows each, those of like length at once."""
        if self.scorer.packed:
            sampling = Sampling(max_new_tokens)
            eos_id = self.tokenizer.eos_id
            groups = generate(self.scorer, encoded, sampling, eos_id, on_done)
            return [ids for (ids,) in groups]
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))
        result: list[list[int]] = [[] for _ in encoded]
        self.scorer.model.eval()
        for start in range(0, len(order), ANSWERS_AT_ONCE):
            members = order[start : start + ANSWERS_AT_ONCE]
            found = self._generate([encoded[i] for i in members], max_new_tokens)
            for index, ids in zip(members, found, strict=True):
                result[index] = ids
            if on_done:
                on_done(min(len(order), start + ANSWERS_AT_ONCE))
        return result

    def _generate(self, prompts: list[list[int]], max_new_tokens: int) -> list[list[int]]:
        pad, longest = self.tokenizer.pad_id, max(len(ids) for ids in prompts)
        tokens = torch.tensor([[pad] * (longest - len(ids)) + ids for ids in prompts])
        mask = torch.tensor([[0] * (longest - len(ids)) + [1] * len(ids) for ids in prompts])
        with torch.inference_mode():
            out = cast("Any", self.scorer.model).generate(
                input_ids=tokens.to(self.scorer.device),
                attention_mask=mask.to(self.scorer.device),
                max_new_tokens=max_new_tokens,
                do_sample=False,
                pad_token_id=pad,
                eos_token_id=self.tokenizer.eos_id,
            )
        end, said = self.tokenizer.eos_id, out[:, longest:].tolist()
        # What follows the end token only fills the batch.
        return [ids[: ids.index(end) + 1] if end in ids else ids for ids in said]

    def answer_logp(
        self, chats: Sequence[Chat], on_done: Callable[[int], None] | None = None
    ) -> list[tuple[float, int, int]]:
        """Summed log p (nats) of each conversation's learned tokens, their number and bytes."""
        rows = [
            encode_chat(self.tokenizer, Talk(c.messages, c.tools), self.max_length) for c in chats
        ]
        weights = [[0.0, *row.weights[1:]] for row in rows]
        sums = self.sequence_logp([row.tokens for row in rows], weights, on_done)
        return [
            (float(total), sum(w > 0 for w in own), learned_bytes(self.tokenizer, row.tokens, own))
            for total, row, own in zip(sums, rows, weights, strict=True)
        ]

    def sequence_logp(
        self,
        sequences: Sequence[Sequence[int]],
        weights: Sequence[Sequence[float]],
        on_done: Callable[[int], None] | None = None,
    ) -> np.ndarray:
        """Summed log p (nats) of each sequence's tokens with weight > 0.

        Args:
            sequences: Token ids.
            weights: One weight for each token; the first token's must be 0.
            on_done: Told how many sequences are done, now and then.
        """
        found = self.token_logps(sequences, weights, on_done)
        return np.array([row.sum() for row in found])

    def token_logps(
        self,
        sequences: Sequence[Sequence[int]],
        weights: Sequence[Sequence[float]],
        on_done: Callable[[int], None] | None = None,
    ) -> list[np.ndarray]:
        """Log p (nats) of every token with weight > 0 as above: an array for each sequence."""
        found = [np.zeros(0)] * len(sequences)
        done = 0
        self.scorer.model.eval()
        for members in cut_into_passes([len(tokens) for tokens in sequences], TOKENS_PER_PASS):
            with torch.inference_mode():
                logp_N, _, owner_N = self.scorer.token_logp(
                    [sequences[i] for i in members], [weights[i] for i in members]
                )
            logp, owner = logp_N.double().cpu().numpy(), owner_N.cpu().numpy()
            for at, index in enumerate(members):
                found[index] = logp[owner == at]
            done += len(members)
            if on_done:
                on_done(done)
        return found

    def continuations(self, texts: Sequence[str], max_new_tokens: int) -> list[str]:
        """The likeliest way (greedy) to go on with each text, without special tokens."""
        prefix = list(self.tokenizer.prefix)
        encoded = [[*prefix, *ids] for ids in self.tokenizer.encode(texts)]
        if not all(encoded):
            raise ModelError(
                "There is nothing to go on with: a text is empty, and the model has no token that "
                "opens a text.",
                where="TEXT",
                fix="Give the first words.",
            )
        return self.continued(encoded, max_new_tokens)


@dataclass(frozen=True)
class Untuned:
    """What an untuned model is loaded as.

    Attributes:
        head: What it computes (methods.base.Head). All but "tokens" are fresh and untrained.
        labels: Names of the scores of such a head.
        seed: It is drawn from.
    """

    head: str = "tokens"
    labels: tuple[str, ...] = ()
    seed: int = 0


Predictor = Classifier | Tagger | Chatter
TALKING = Untuned()


def load_predictor(
    reference: str | Path,
    store: Store,
    *,
    untuned: Untuned = TALKING,
    precision: Literal["auto", "bf16", "fp32"] = "auto",
    listener: Listener = ignore,
) -> Predictor:
    """Load a tuned model (folder or run) or a base model to ask it.

    Args:
        reference: As in a recipe's `model`.
        store: Where runs and models are.
        untuned: What a base model is loaded as; a tuned one knows.
        precision: Of weights and products; auto: bf16 where the machine has it.
        listener: Hears of downloads.

    Raises:
        ModelError: Nothing answers to the reference, or it has no such head.
    """
    located = locate(str(reference), store, listener)
    is_bf16 = look().has_bf16 if precision == "auto" else precision == "bf16"
    dtype = torch.bfloat16 if is_bf16 else torch.float32
    if located.is_tuned:
        return _tuned(Model.open(located.folder), dtype)
    tokenizer = load_tokenizer(located.folder, needs_chat=untuned.head == "tokens")
    model = load_weights(
        located.folder,
        head=untuned.head,
        labels=untuned.labels,
        precision=dtype,
        seed=untuned.seed,
    )
    set_up(model, tokenizer, None)
    scorer = Scorer(model, pad_id=tokenizer.pad_id, packed=True)
    longest = longest_of(model)
    if untuned.head == "tokens":
        return Chatter(tokenizer, scorer, longest)
    kind = Tagger if untuned.head == "tags" else Classifier
    return kind(untuned.labels, tokenizer, scorer, longest)


def _tuned(model: Model, dtype: torch.dtype) -> Predictor:
    tokenizer = load_tokenizer(model.path, needs_chat=model.head == "tokens")
    if model.is_adapter:
        weights = _with_adapter(model, tokenizer, dtype)
    else:
        weights = load_weights(model.path, head=model.head, labels=model.labels, precision=dtype)
        set_up(weights, tokenizer, None)
    scorer = Scorer(weights, pad_id=tokenizer.pad_id, packed=True)
    if model.head == "tokens":
        return Chatter(tokenizer, scorer, model.max_length)
    if model.head == "tags":
        return Tagger(model.labels, tokenizer, scorer, model.max_length)
    return Classifier(model.labels, tokenizer, scorer, model.max_length, model.temperature)


def _with_adapter(model: Model, tokenizer: Tokenizer, dtype: torch.dtype) -> nn.Module:
    """The base model with its adapter, not merged; quantized as it was in training."""
    from pathlib import Path

    import peft

    base_folder = Path(str(model.manifest["base_folder"]))
    if not base_folder.exists():
        raise ModelError(
            "The base model of this adapter is not where it was.",
            where=str(base_folder),
            fix=f"Fetch it again: tuneful doctor, or train with model: {model.manifest['base']}",
        )
    kind = cast("Kind | None", model.manifest.get("quantized"))
    precision = dtype if kind is None else Compact(kind, dtype)
    base = load_weights(base_folder, head=model.head, labels=model.labels, precision=precision)
    set_up(base, tokenizer, None)
    wrapped = peft.PeftModel.from_pretrained(
        cast("Any", base), str(model.path), autocast_adapter_dtype=False
    )
    fuse(wrapped)
    return wrapped.to(dtype) if kind is None else cast_floats(wrapped, dtype)


def longest_of(model: nn.Module) -> int:
    """Tokens that it was made for."""
    config = cast("Any", model).config
    return int(getattr(config, "max_position_embeddings", None) or 2048)
