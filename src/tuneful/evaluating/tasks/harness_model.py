"""A model as lm-evaluation-harness asks one, over `models`' packed scoring and generation.

Texts become tokens as its own `hf` model makes them, so that scores are the same.
Imported only where lm-eval is installed.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

from lm_eval.api.model import TemplateLM
from lm_eval.models import utils
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

from tuneful.core.errors import DataError
from tuneful.models.draws import go_on_until
from tuneful.models.generate import Sampling
from tuneful.models.likelihood import likelihoods
from tuneful.models.predict import longest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuneful.models.predict import Chatter

MOST_NEW_TOKENS = 256
"""Where a task does not say: lm-eval's own."""
KNOWN = {"until", "max_gen_toks", "do_sample", "temperature", "top_p"}
"""What generation may be asked for; anything else is refused, not passed over."""


class HarnessModel(TemplateLM):
    """A Chatter in lm-eval's words.

    Args:
        chatter: The model.
        told: Hears how many answers are done.
        seed: Of drawn answers, where a task draws them.

    Attributes:
        num_cut: Requests that lost their beginning, since the model does not read as much.
    """

    def __init__(self, chatter: Chatter, told: Callable[[int, int], None], seed: int = 0) -> None:
        super().__init__()
        self.num_cut = 0
        self._chatter, self._told, self._seed = chatter, told, seed
        self._hf = chatter.tokenizer.hf
        # A tuned model's own limit is that of its training rows; questions may be longer.
        self._longest = longest_of(cast("Any", chatter.scorer.core))

    @property
    def eot_token_id(self) -> int:
        """The token that ends a text."""
        return int(self._hf.eos_token_id)

    @property
    def prefix_token_id(self) -> int:
        """What stands before a text that has nothing before it."""
        bos = self._hf.bos_token_id
        return self.eot_token_id if bos is None else int(bos)

    @property
    def tokenizer_name(self) -> str:
        """Part of the name of lm-eval's cache, which is not used."""
        return str(self._hf.name_or_path)

    def tok_encode(
        self, string: str, add_special_tokens: bool | None = None, **kwargs: Any
    ) -> list[int]:
        """Token ids, with the special tokens that the tokenizer adds by itself."""
        del kwargs
        if add_special_tokens is None:
            has_prefix = string.startswith(self._hf.decode(self.prefix_token_id))
            add_special_tokens = not has_prefix
        ids = self._hf.encode(string, add_special_tokens=add_special_tokens)
        return cast("list[int]", ids)

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """Turns as text in the model's template."""
        text = self._hf.apply_chat_template(
            chat_history,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
        )
        return cast("str", text)

    def _loglikelihood_tokens(
        self, requests: Sequence[tuple[Any, list[int], list[int]]], **kwargs: Any
    ) -> list[tuple[float, bool]]:
        """Log p (nats) of what follows, and whether the model would have said it."""
        del kwargs
        pairs: list[tuple[list[int], list[int]]] = []
        for _, given, after in requests:
            room = self._longest - len(after)
            if room < 1:
                raise DataError(
                    f"An answer of {len(after):,} tokens is longer than what the model reads.",
                    where="evaluate.tasks",
                    fix="Ask a model that reads more, or leave the task out.",
                )
            self.num_cut += len(given) > room
            pairs.append((given[-room:], after))
        total = len(pairs)
        found = likelihoods(self._chatter.scorer, pairs, lambda done: self._told(done, total))
        return [(one.logp, one.is_likeliest) for one in found]

    def loglikelihood_rolling(
        self, requests: Sequence[Any], disable_tqdm: bool = False
    ) -> list[float]:
        """Log p (nats) of whole texts, in windows where they are longer than the model reads."""
        del disable_tqdm
        windows: list[tuple[None, list[int], list[int]]] = []
        sizes: list[int] = []
        for request in requests:
            (text,) = request.args
            some = get_rolling_token_windows(
                token_list=self.tok_encode(text),
                prefix_token=self.prefix_token_id,
                max_seq_len=self._longest - 1,
                context_len=1,
            )
            own = [(None, *make_disjoint_window(window)) for window in some]
            windows += own
            sizes.append(len(own))
        said = iter(self._loglikelihood_tokens(windows))
        return [sum(next(said)[0] for _ in range(size)) for size in sizes]

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
        """How the model goes on, up to the first of the texts that end an answer."""
        del disable_tqdm
        groups: dict[str, list[int]] = defaultdict(list)
        for number, request in enumerate(requests):
            groups[repr(request.args[1])].append(number)
        found = [""] * len(requests)
        for members in groups.values():
            contexts = [requests[number].args[0] for number in members]
            how, stops = _sampling(requests[members[0]].args[1], self._seed)
            said = self._go_on(contexts, how, stops)
            for number, text in zip(members, said, strict=True):
                found[number] = text
        return found

    def _go_on(self, contexts: Sequence[str], how: Sampling, stops: Sequence[str]) -> list[str]:
        room = self._longest - how.max_new_tokens
        if room < 1:
            raise DataError(
                f"Answers of up to {how.max_new_tokens:,} tokens leave no room for a question.",
                where="evaluate.tasks",
                fix="Give the task a smaller max_gen_toks.",
            )
        encoded = [self.tok_encode(text) or [self.prefix_token_id] for text in contexts]
        self.num_cut += sum(len(ids) > room for ids in encoded)
        asked, total = [ids[-room:] for ids in encoded], len(encoded)
        return go_on_until(self._chatter, asked, how, stops, lambda done: self._told(done, total))


def _sampling(asked: dict[str, Any], seed: int) -> tuple[Sampling, list[str]]:
    """How answers are made, and what ends them.

    Raises:
        DataError: The task asks for what is not there: beams, say.
    """
    known = cast("dict[str, Any]", cast("Any", utils).normalize_gen_kwargs(asked, MOST_NEW_TOKENS))
    strange = sorted(key for key, value in known.items() if key not in KNOWN and value is not None)
    if strange:
        raise DataError(
            f"The task asks for generation with {', '.join(strange)}, which is not there.",
            where="evaluate.tasks",
            fix=f"Its generation_kwargs may be {', '.join(sorted(KNOWN))}.",
        )
    heat = float(known.get("temperature") or 0.0) if known.get("do_sample") else 0.0
    most, top_p = int(known["max_gen_toks"]), float(known.get("top_p") or 1.0)
    return Sampling(most, heat, top_p, seed=seed), [text for text in known["until"] if text]
