"""Metrics of texts and tags equal their reference libraries, at random and on the edges."""

import json
import random
import warnings
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.evaluating.test_metrics import answers, value
from tests.world import chat_model, encoder, review
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.columns.json_schema import fits
from tuneful.data.message import Message
from tuneful.data.rows import Chat, Text
from tuneful.evaluating.measures import MEASURES
from tuneful.evaluating.measures.base import Context
from tuneful.evaluating.measures.tags import TagSample
from tuneful.evaluating.metrics import metric
from tuneful.evaluating.metrics.base import values
from tuneful.evaluating.metrics.entity_f1 import spans
from tuneful.evaluating.metrics.pass_at_k import at_least_one
from tuneful.methods import METHODS
from tuneful.methods.base import DataFacts

pytestmark = pytest.mark.slow


def texts(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Answers and references with words in common, and the edges: empty, equal, short, foreign."""
    draw = random.Random(seed)
    words = "the cat, sat. on Mat 3.5% don't «où» 猫が it's a-b U.S. &amp; x".split()  # noqa: SIM905  (shorter)
    found = [("", ""), ("", "a cat"), ("a cat", ""), ("same words here now", "same words here now")]
    found += [("a", "a"), ("猫が座った", "猫が座っている"), ("!!! ?", "..."), ("a b c", "c b a")]
    while len(found) < count:
        meant = draw.choices(words, k=draw.randint(1, 14))
        said = [draw.choice(words) if draw.random() < 0.3 else word for word in meant]
        found.append((" ".join(said[: draw.randint(0, 14)]), " ".join(meant)))
    return found


def test_rouge_is_the_packages():
    scorer: Any = import_module("rouge_score.rouge_scorer")
    names = {"rouge1": "rouge_1", "rouge2": "rouge_2", "rougeL": "rouge_l"}
    reference = scorer.RougeScorer(list(names))
    for said, meant in texts(80):
        wanted = reference.score(meant, said)
        for theirs, ours in names.items():
            found = value(ours, answers([said], [meant]))
            assert found == pytest.approx(wanted[theirs].fmeasure), (ours, said, meant)


def test_bleu_and_chrf_are_sacrebleus():
    sacrebleu: Any = import_module("sacrebleu.metrics")
    chosen = [texts(60, seed) for seed in range(3)] + [[one] for one in texts(12)]
    chosen += [[("a b c d e", "v w x y z")], [("a b c d", "a b x y")]]
    for pairs in chosen:
        said, meant = [one for one, _ in pairs], [one for _, one in pairs]
        sample = answers(said, meant)
        for name, reference in {
            "bleu": sacrebleu.BLEU(),
            "bleu:zh": sacrebleu.BLEU(tokenize="zh"),
            "bleu:char": sacrebleu.BLEU(tokenize="char"),
            "bleu:intl": sacrebleu.BLEU(tokenize="intl"),
            "bleu:none": sacrebleu.BLEU(tokenize="none"),
            "chrf": sacrebleu.CHRF(),
        }.items():
            wanted = reference.corpus_score(said, [meant]).score
            assert 100 * value(name, sample) == pytest.approx(wanted, abs=1e-9), (name, pairs[:2])


def test_a_resample_of_bleu_is_that_of_its_rows():
    sacrebleu: Any = import_module("sacrebleu.metrics")
    pairs = texts(30)
    drawn = np.random.default_rng(0).integers(0, 30, (20, 30))
    counts = np.stack([np.bincount(row, minlength=30) for row in drawn]).astype(np.float64)
    sample = answers(*map(list, zip(*pairs, strict=True)))
    for name, reference in {"bleu": sacrebleu.BLEU(), "chrf": sacrebleu.CHRF()}.items():
        known = metric(name)
        found = 100 * values(known, counts, known.statistics(sample))
        for number, row in zip(found, drawn, strict=True):
            said, meant = zip(*(pairs[at] for at in row), strict=True)
            assert number == pytest.approx(reference.corpus_score(said, [meant]).score)


def test_bertscore_is_the_authors(tmp_path: Path):
    bert_score: Any = import_module("bert_score")
    folder = str(encoder(tmp_path / "encoder"))
    draw = random.Random(5)
    pairs = [(review(draw, is_good=True), review(draw, is_good=n % 2 == 0)) for n in range(12)]
    pairs += [("good", "good"), ("film dull", "dull film")]
    said, meant = map(list, zip(*pairs, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library warns of its own and of others' age
        _, _, wanted = bert_score.score(said, meant, model_type=folder, num_layers=2)
    known = metric(f"bertscore:{folder}")
    found = known.statistics(answers(said, meant))[:, 0]
    assert found == pytest.approx(wanted.numpy(), abs=1e-4)
    assert value(f"bertscore:{folder}", answers([""], ["good"])) == 0.0


def test_token_f1_is_squads():
    squad: Any = import_module("torchmetrics.functional.text.squad").squad
    for said, meant in texts(80):
        wanted = squad(
            [{"prediction_text": said, "id": "1"}],
            [{"answers": {"answer_start": [0], "text": [meant]}, "id": "1"}],
        )
        found = 100 * value("token_f1", answers([said], [meant]))
        assert found == pytest.approx(float(wanted["f1"]), abs=1e-3), (said, meant)


def test_entity_f1_is_seqevals():
    labelling: Any = import_module("seqeval.metrics.sequence_labeling")
    seqeval: Any = import_module("seqeval.metrics")
    draw, kinds = random.Random(3), ["O", "O", *(f"{p}-{t}" for p in "BIES" for t in ("A", "B"))]
    for kind in (kinds, kinds[:6], ["O", "B-X", "I-X", "B-Y", "I-Y"]):
        truth = [draw.choices(kind, k=draw.randint(1, 12)) for _ in range(40)]
        chosen = [[draw.choice([tag, draw.choice(kind)]) for tag in row] for row in truth]
        for row in truth:
            theirs = {(name, first, last + 1) for name, first, last in labelling.get_entities(row)}
            assert spans(row) == theirs, row
        sample = TagSample(tuple(map(tuple, truth)), tuple(map(tuple, chosen)))
        assert value("entity_f1", sample) == pytest.approx(seqeval.f1_score(truth, chosen))
        assert value("tag_accuracy", sample) == pytest.approx(seqeval.accuracy_score(truth, chosen))
    none = TagSample((("O", "O"),), (("O", "O"),))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # seqeval warns of no span
        assert value("entity_f1", none) == seqeval.f1_score([["O", "O"]], [["O", "O"]]) == 0.0


def test_perplexity_is_exp_of_transformers_loss(tmp_path: Path):
    predict = import_module("tuneful.models.predict")
    torch: Any = import_module("torch")
    auto: Any = import_module("transformers").AutoModelForCausalLM
    folder = chat_model(tmp_path / "model")
    known: Any = predict.load_predictor(str(folder), Store.default(), precision="fp32")
    turns = [("?", "one"), ("the film", "wärm 猫"), ("", "a longer answer than the others")]
    rows = [Chat((Message("user", u), Message("assistant", a))) for u, a in turns]
    measure: Any = MEASURES["answers"](Context(max_new_tokens=2))
    sample = measure.sample(measure.ask(known, rows, lambda _: ignore), rows)
    model = auto.from_pretrained(folder, dtype=torch.float32).eval()
    nats = tokens = 0.0
    for row in rows:
        encoded = predict.encode_chat(known.tokenizer, predict.Talk(row.messages), 256)
        ids, learned = torch.tensor([encoded.tokens]), torch.tensor([encoded.weights]) > 0
        loss = model(input_ids=ids, labels=ids.masked_fill(~learned, -100)).loss.item()
        nats, tokens = nats + loss * int(learned.sum()), tokens + int(learned.sum())
    assert value("perplexity", sample) == pytest.approx(np.exp(nats / tokens), rel=1e-5)
    # The answers, and their ends as far as the tokenizer spells them.
    spelt = sum(len(answer.encode()) for _, answer in turns)
    assert sample.bytes_N.sum() >= spelt
    bits = nats / np.log(2) / float(sample.bytes_N.sum())
    assert value("bits_per_byte", sample) == pytest.approx(bits, rel=1e-5)


def test_bits_of_raw_texts_are_those_of_transformers_loss(tmp_path: Path):
    predict = import_module("tuneful.models.predict")
    torch: Any = import_module("torch")
    auto: Any = import_module("transformers").AutoModelForCausalLM
    folder = chat_model(tmp_path / "model")
    known: Any = predict.load_predictor(str(folder), Store.default(), precision="fp32")
    method = METHODS["pretrain"](METHODS["pretrain"].Config(), DataFacts())
    rows = [Text("one two"), Text("wärm 猫"), Text("a longer text than the others, " * 20)]
    measure: Any = MEASURES["texts"](Context(method=method))
    sample = measure.sample(measure.ask(known, rows, lambda _: ignore), rows)
    model = auto.from_pretrained(folder, dtype=torch.float32).eval()
    nats = tokens = 0.0
    encoded = method.encode(rows, known.tokenizer, known.max_length)
    num_pieces = sum(map(len, encoded))
    assert num_pieces > len(rows)
    for row in encoded:
        for piece in row:
            ids, learned = torch.tensor([piece.tokens]), torch.tensor([piece.weights]) > 0
            loss = model(input_ids=ids, labels=ids.masked_fill(~learned, -100)).loss.item()
            nats, tokens = nats + loss * int(learned.sum()), tokens + int(learned.sum())
    assert value("perplexity", sample) == pytest.approx(np.exp(nats / tokens), rel=1e-5)
    spelt = sum(len(row.text.encode()) for row in rows)
    # The first byte of a piece has nothing before it that it could be told from.
    assert sample.bytes_N.sum() == spelt - num_pieces
    bits = nats / np.log(2) / float(sample.bytes_N.sum())
    assert value("bits_per_byte", sample) == pytest.approx(bits, rel=1e-5)


def test_pass_at_k_is_the_papers_listing():
    for num in (1, 2, 7, 100):
        for right in {0, 1, num // 2, num}:
            for k in {1, num // 2 or 1, num}:
                terms = 1.0 - k / np.arange(num - right + 1, num + 1)
                wanted = 1.0 if num - right < k else 1.0 - np.prod(terms)
                assert at_least_one(num, right, k) == pytest.approx(wanted)


SCHEMAS = [
    {"type": "integer"},
    {"type": ["number", "null"], "minimum": 0, "exclusiveMaximum": 5},
    {"enum": [1, "1", None, [1], {"a": 1}, True]},
    {"const": [0, {"a": False}]},
    {"type": "string", "minLength": 1, "maxLength": 2, "pattern": "^[a-z猫]"},
    {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 2},
    {"properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False},
    {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}},
    {"anyOf": [{"type": "boolean"}, {"properties": {"b": {"maximum": 1.5}}, "type": "object"}]},
]
WHOLE = [
    "null", "true", "false", "0", "1", "1.0", "-1", "4.99", "5", "1e400", "1e20", '""',
    '"1"', '"ab"', '"abc"', '"猫"', '"é猫"', "[]", "[1]", "[true]", "[1.0]", "[1, 2, 3]",
    '[0, {"a": false}]', '[0, {"a": 0}]', "{}", '{"a": 1}', '{"a": true}', '{"a": 1, "b": "x"}',
    '{"b": 2}', '{"b": 1.5}',
]  # fmt: skip


def test_a_schema_is_fitted_as_jsonschema_says():
    validator: Any = import_module("jsonschema").Draft202012Validator
    for schema in SCHEMAS:
        for text in WHOLE:
            wanted = validator(schema).is_valid(json.loads(text))
            assert fits(json.loads(text), schema) == wanted, (schema, text)
        rows = replace(answers(WHOLE, WHOLE), schemas=(json.dumps(schema),) * len(WHOLE))
        right = [validator(schema).is_valid(json.loads(text)) for text in WHOLE]
        assert value("json_schema", rows) == pytest.approx(np.mean(right))
