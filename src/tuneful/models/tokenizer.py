"""A tokenizer set up so that training cannot go wrong in the usual ways.

What is mended: a padding token that is also the end token (a model then never learns to stop), and
truncation or padding that the tokenizer's file switches on by itself.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate, islice, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from tuneful.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

PAD_NAMES = ("<|pad|>", "<pad>", "[PAD]", "<|finetune_right_pad_id|>", "<|endoftext|>", "<unk>")
"""Tokens that may serve as padding where a model names none: the first that is no end."""
NEW_PAD = "<|pad|>"
TEXTS_AT_ONCE = 64
"""With offsets a token takes some 200 bytes until its text is done with."""
DEFAULT_TEMPLATE = (
    "{% for message in messages %}{{ '### ' + message['role'] + '\\n' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '### assistant\\n' }}{% endif %}"
)
"""For models that come without a chat template; kept with the tuned model."""


class Closed(NamedTuple):
    """Two texts as one sequence.

    Attributes:
        tokens: Token ids.
        second: Where the second text begins, where this tokenizer marks it for its model; else 0.
        num_cut: Tokens that did not fit.
    """

    tokens: list[int]
    second: int
    num_cut: int


class Pieces(NamedTuple):
    """Words as tokens.

    Attributes:
        tokens: Token ids.
        first_of: For each token the number of the word whose first piece it is, else -1.
        num_cut: Tokens that did not fit.
    """

    tokens: list[int]
    first_of: list[int]
    num_cut: int


@dataclass(frozen=True)
class Tokenizer:
    """A fast Hugging Face tokenizer and what was done to it.

    Attributes:
        hf: The transformers tokenizer, without truncation and padding.
        prefix: Special tokens that open every text.
        suffix: Special tokens that close every text.
        added: Tokens that were added, so that the embeddings must grow.
        changes: What was mended, in words.
    """

    hf: Any
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    added: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def middle(self) -> tuple[int, ...]:
        """Special tokens between two texts."""
        probe = self.hf.backend_tokenizer.encode("a", "b", add_special_tokens=True)
        inside = [i for i, mark in enumerate(probe.special_tokens_mask) if not mark]
        pairs = pairwise(inside)
        gap = next(
            ((a, b) for a, b in pairs if probe.sequence_ids[a] != probe.sequence_ids[b]), None
        )
        return () if gap is None else tuple(probe.ids[gap[0] + 1 : gap[1]])

    @property
    def pad_id(self) -> int:
        """The padding token's id; never the end token's."""
        return int(self.hf.pad_token_id)

    @property
    def eos_id(self) -> int | None:
        """The token that ends an answer, if the model has one."""
        return None if self.hf.eos_token_id is None else int(self.hf.eos_token_id)

    @property
    def bos_id(self) -> int | None:
        """The token that opens a text, if the model has one."""
        return None if self.hf.bos_token_id is None else int(self.hf.bos_token_id)

    @property
    def template(self) -> str:
        """The chat template (Jinja)."""
        return str(self.hf.chat_template)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without special tokens. All cores are used."""
        encodings = self.hf.backend_tokenizer.encode_batch_fast(
            list(texts), add_special_tokens=False
        )
        return [cast("list[int]", encoding.ids) for encoding in encodings]

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Token ids without special tokens, and each token's span of characters."""
        encoding = self.hf.backend_tokenizer.encode(text, add_special_tokens=False)
        return encoding.ids, encoding.offsets

    def encode_all_with_offsets(
        self, texts: Iterable[str]
    ) -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
        """The same of many texts. All cores are used, for a few texts at a time."""
        waiting = iter(texts)
        while some := list(islice(waiting, TEXTS_AT_ONCE)):
            for encoding in self.hf.backend_tokenizer.encode_batch(some, add_special_tokens=False):
                yield encoding.ids, encoding.offsets

    def close(self, ids: Sequence[int], max_length: int) -> tuple[list[int], int]:
        """Add opening and closing special tokens; cut to `max_length`. Returns ids, tokens cut."""
        room = max_length - len(self.prefix) - len(self.suffix)
        return [*self.prefix, *ids[:room], *self.suffix], max(0, len(ids) - room)

    def close_pair(self, one: Sequence[int], other: Sequence[int], max_length: int) -> Closed:
        """Two texts with the special tokens around and between them, cut to `max_length`.

        The longer one is cut first; where both are too long, each keeps half (as transformers'
        "longest_first" does).
        """
        middle = self.middle
        room = max(0, max_length - len(self.prefix) - len(middle) - len(self.suffix))
        short, long = sorted((len(one), len(other)))
        if short + long > room:
            short, long = (
                (short, room - short) if short <= room // 2 else (room // 2, -(-room // 2))
            )
        kept = (short, long) if len(one) <= len(other) else (long, short)
        first = [*self.prefix, *one[: kept[0]], *middle]
        tokens = [*first, *other[: kept[1]], *self.suffix]
        is_marked = "token_type_ids" in self.hf.model_input_names
        num_cut = len(one) + len(other) - sum(kept)
        return Closed(tokens, len(first) if is_marked else 0, num_cut)

    def encode_words(self, words: Sequence[str], max_length: int) -> Pieces:
        """Words with spaces between them, among the special tokens, cut to `max_length` tokens.

        They are read as one text, as they would be anywhere else: many tokenizers mark a word by
        the space before it. A token belongs to the word of its first sign that is no space.
        """
        text = " ".join(words)
        begins = list(accumulate((len(word) + 1 for word in words), initial=0))
        ids, spans = self.encode_with_offsets(text)
        tokens, num_cut = self.close(ids, max_length)
        first_of, before = [-1] * len(self.prefix), -1
        for begin, end in spans[: len(ids) - num_cut]:
            inside = begin + len(text[begin:end]) - len(text[begin:end].lstrip(" "))
            word = bisect(begins, inside) - 1
            is_first = inside < end and word != before
            first_of.append(word if is_first else -1)
            before = word if is_first else before
        first_of += [-1] * len(self.suffix)
        return Pieces(tokens, first_of, num_cut)

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids, without special tokens."""
        return cast("str", self.hf.decode(list(ids), skip_special_tokens=True))

    def save(self, folder: Path) -> None:
        """Write tokenizer files and chat template into a model folder."""
        self.hf.save_pretrained(str(folder))


def load_tokenizer(folder: Path, *, add_tokens: Sequence[str] = (), needs_chat: bool) -> Tokenizer:
    """Load and mend a model folder's tokenizer.

    Raises:
        ModelError: The folder has no fast tokenizer.
    """
    from transformers import AutoTokenizer

    try:
        hf = cast("Any", AutoTokenizer.from_pretrained(str(folder)))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The tokenizer cannot be read: {str(error).splitlines()[0]}",
            where=str(folder),
            fix="The folder needs tokenizer.json (or files transformers can convert to it).",
        ) from error
    if not getattr(hf, "is_fast", False):
        raise ModelError(
            "This model has only a slow (Python) tokenizer.",
            where=str(folder),
            fix="Convert it once with transformers to tokenizer.json.",
        )
    hf.backend_tokenizer.no_truncation()
    hf.backend_tokenizer.no_padding()
    changes: list[str] = []
    size = len(hf)
    if add_tokens:
        hf.add_tokens(list(add_tokens), special_tokens=True)
    _choose_pad(hf, changes)
    if needs_chat and not hf.chat_template:
        hf.chat_template = DEFAULT_TEMPLATE
        changes.append("the model has no chat template: Tuneful's default is used and kept with it")
    added = tuple(hf.convert_ids_to_tokens(list(range(size, len(hf)))))
    prefix, suffix = _frame(hf)
    return Tokenizer(hf, prefix, suffix, added, tuple(changes))


def _choose_pad(hf: Any, changes: list[str]) -> None:
    """Give the tokenizer a padding token that is not the end token."""
    if hf.pad_token_id is not None and hf.pad_token_id != hf.eos_token_id:
        return
    known = hf.get_vocab()
    names = [name for name in PAD_NAMES if name in known and known[name] != hf.eos_token_id]
    before = f"pad was {hf.pad_token!r}" + (", the end token" if hf.pad_token else "")
    if names:
        hf.pad_token = names[0]
    else:
        hf.add_special_tokens({"pad_token": NEW_PAD})
    changes.append(f"{before}: it is now {hf.pad_token!r}")


def _frame(hf: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Special tokens that the tokenizer puts before and after a text."""
    probe = hf.backend_tokenizer.encode("a", add_special_tokens=True)
    special = list(probe.special_tokens_mask)
    ids = list(probe.ids)
    inside = [i for i, mark in enumerate(special) if not mark]
    if not inside:
        return tuple(ids), ()
    return tuple(ids[: inside[0]]), tuple(ids[inside[-1] + 1 :])
