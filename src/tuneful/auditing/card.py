"""The model card: README.md in the model's folder, from measured facts (Mitchell et al. 2019).

Its head is the metadata that model hubs read (YAML, with `model-index` for the metrics).
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

from tuneful.auditing.audit import kept_audit
from tuneful.auditing.audits import AUDITS
from tuneful.auditing.environment import Energy, energy_of, versions
from tuneful.core.artifact import write_json
from tuneful.core.drafts import drafted, put
from tuneful.core.machine import look
from tuneful.core.render import to_markdown
from tuneful.core.report import Level, Report
from tuneful.evaluating.elsewhere import without_rows
from tuneful.evaluating.evaluate import EVALUATION
from tuneful.evaluating.predictions import measure_of
from tuneful.evaluating.summary import interval
from tuneful.recipe.write import to_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tuneful.data.dataset import Dataset
    from tuneful.models.model import Model
    from tuneful.recipe.schema import Recipe

CARD = "README.md"
TASKS = {
    "classes": "text-classification",
    "tags": "token-classification",
    "tokens": "text-generation",
}
"""What hubs call the task of each head."""


def write_card(model: Model, recipe: Recipe, data: Dataset, report: Report) -> Path:
    """Write the card and the evaluation it rests on into the model's folder.

    Args:
        model: What was tuned.
        recipe: What it was tuned by.
        data: What it was tuned on.
        report: The evaluation.

    Returns:
        The card's path.
    """
    audited = kept_audit(model, recipe, data)
    lines = [
        _metadata(model, data, report),
        *_head(model, recipe, report),
        *_measured(report),
        *_audited(audited),
        *_data(data),
        *_training(model, recipe),
        *_limits(model, data, report),
        *_not_audited(audited),
    ]
    path = model.path / CARD
    with drafted(path) as draft:
        draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
        put(draft, path)
    # Last: while it is missing, the evaluation counts as not made.
    write_json(model.path / EVALUATION, without_rows(report).to_json())
    return path


def _metadata(model: Model, data: Dataset, report: Report) -> str:
    """YAML between dashes, as hubs read it."""
    from ruamel.yaml import YAML

    task = TASKS[model.head]
    results = [
        {"type": name, "name": known["title"], "value": round(known["tuned"]["value"], 6)}
        for name, known in report.facts["metrics"].items()
    ]
    split = {"name": data.name, "type": data.name, "split": "test", "revision": data.hash[:16]}
    tree = {
        "library_name": "peft" if model.is_adapter else "transformers",
        "pipeline_tag": task,
        "base_model": str(model.manifest["base"]),
        "license": "other",
        "license_name": f"model: {model.manifest['licence']}; data: {data.manifest['licence']}",
        "tags": ["tuneful", str(model.manifest["method"]), str(model.manifest["adapter"])],
        "model-index": [
            {
                "name": model.name,
                "results": [{"task": {"type": task}, "dataset": split, "metrics": results}],
            }
        ],
    }
    out = StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(tree, out)  # pyright: ignore[reportUnknownMemberType]
    return f"---\n{out.getvalue()}---"


def _head(model: Model, recipe: Recipe, report: Report) -> Iterator[str]:
    known = report.facts["metrics"]
    first = next(iter(known.values()))
    share = first["is_share"]
    yield f"\n# {model.name}\n"
    base = first["base"]
    before = f"; the untuned model's is {interval(base, is_share=share)}" if base else ""
    yield (
        f"`{model.manifest['base']}`, tuned by {recipe.method.name} "
        f"({recipe.adapter.name} weights). On {report.facts['rows']:,} rows that it was not "
        f"trained on, {first['title']} is {interval(first['tuned'], is_share=share)}{before}."
    )
    if model.labels:
        yield f"\nClasses: {', '.join(f'`{label}`' for label in model.labels)}.\n"
    yield "\n## Use\n\n```python"
    yield _snippet(model)
    note = measure_of(model, recipe).plain_use()
    if note:
        yield f"# {note}"
    yield "```\n\nOr `tuneful predict FOLDER TEXT`, `tuneful chat FOLDER`."


def _snippet(model: Model) -> str:
    if model.head == "tags":
        return (
            "from transformers import pipeline\n\n"
            'tag = pipeline("token-classification", model=folder, aggregation_strategy="first")\n'
            "tag(text)"
        )
    if model.head == "classes":
        return (
            "from transformers import pipeline\n\n"
            'classify = pipeline("text-classification", model=folder)\n'
            f"classify(text, truncation=True, max_length={model.max_length})"
        )
    if model.is_adapter:
        return (
            "from peft import AutoPeftModelForCausalLM\n"
            "from transformers import AutoTokenizer\n\n"
            "model = AutoPeftModelForCausalLM.from_pretrained(folder)\n"
            "tokenizer = AutoTokenizer.from_pretrained(folder)"
        )
    return (
        "from transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
        "model = AutoModelForCausalLM.from_pretrained(folder)\n"
        "tokenizer = AutoTokenizer.from_pretrained(folder)"
    )


def _measured(report: Report) -> Iterator[str]:
    yield "\n## Measured\n"
    yield to_markdown(Report(report.title, report.findings, report.tables)).partition("\n")[2]
    calibration = report.facts.get("calibration")
    if calibration:
        yield (
            f"\nConfidences are calibrated by a temperature of {calibration['temperature']:.3f}, "
            f"fitted on {calibration['rows']:,} validation rows; without it the calibration error "
            f"on the test rows is {report.facts['ece_unscaled'] * 100:.1f} %."
        )


def _audited(report: Report | None) -> Iterator[str]:
    """What was looked for, and what was found."""
    if report is None:
        return
    looked = ", ".join(report.facts["audits"])
    found = [f for f in report.findings if f.level > Level.NOTE]
    yield "\n## Audited\n"
    yield f"Looked for: {looked}. Findings: {len(found) or 'none'}.\n"
    yield to_markdown(Report("", report.findings, report.tables)).partition("\n")[2]


def _not_audited(report: Report | None) -> Iterator[str]:
    """What was not looked for, or could not be."""
    why_not = dict.fromkeys(AUDITS.table, "")
    if report is not None:
        why_not = {name: "" for name in AUDITS.table if name not in report.facts["findings"]}
        why_not |= report.facts["not_audited"]
    for name, why in why_not.items():
        yield f"- {name.capitalize()} has not been audited{f': {why}' if why else ''}."


def _data(data: Dataset) -> Iterator[str]:
    splits = ", ".join(f"{data.num_rows(split):,} {split}" for split in data.splits)
    yield "\n## Data\n"
    yield f"- data set `{data.name}`, SHA-256 `{data.hash}`; rows: {splits}"
    if made := data.manifest.get("augmented"):
        yield f"- {made['made']:,} of the training rows made of the others by data.augment"
        for one in made.get("teachers", ()):
            yield f"  - words of `{one['teacher']}`, licence {one['licence']}"
    if written := data.manifest.get("answers"):
        yield f"- answers of the training rows written by `{written['model']}`, licence "
        yield f"  {written['licence']}; {written['left_out']:,} rows without a whole one left out"
    for source in data.manifest["sources"]:
        yield f"- source `{source['reference']}`, licence {source['licence']}"
        for note in source["notes"]:
            yield f"  - {note}"
        for file in source["files"]:
            yield f"  - `{file['name']}`, SHA-256 `{file['sha256']}`"


def _training(model: Model, recipe: Recipe) -> Iterator[str]:
    measured = model.manifest["measured"]
    machine = look()
    energy = energy_of(machine, float(measured["seconds"]))
    yield "\n## Training\n"
    yield f"- recipe (its model hash is `{model.hash}`):\n\n```yaml\n{to_yaml(recipe)}```\n"
    yield (
        f"- {measured['steps']:,} steps, {measured['tokens']:,} tokens in "
        f"{measured['seconds']:.0f} s ({measured['tokens_per_s']:,.0f} tokens/s), peak memory "
        f"{measured['memory_gib']:.2f} GiB"
    )
    yield from _privacy(model.manifest.get("privacy"))
    yield f"- machine: {_machine(machine.to_json())}"
    yield f"- {_energy(energy)}"
    yield f"- software: {', '.join(f'{name} {version}' for name, version in versions().items())}"
    for change in model.manifest["tokenizer_changes"]:
        yield f"- tokenizer: {change}"


def _privacy(facts: Mapping[str, Any] | None) -> Iterator[str]:
    if facts:
        yield (
            f"- differential privacy of each training row: epsilon {facts['epsilon_spent']:.2f} at "
            f"delta {facts['delta']:.2g} ({facts['accountant']} accountant of Opacus; DP-SGD: "
            f"{facts['steps']:,} steps, each row in a step with probability "
            f"{facts['sample_rate']:.3g}, gradients clipped to {facts['max_grad_norm']:g}, noise "
            f"of {facts['noise_multiplier']:.3f} times that from a seeded generator that is not "
            "cryptographic). Not covered: validation and test rows, other runs on the same rows, "
            "settings chosen by looking at the rows, and a person's further rows."
        )


def _machine(facts: Mapping[str, Any]) -> str:
    gpus = ", ".join(gpu["name"] for gpu in facts["gpus"])
    return f"{gpus or facts['processor']}, {facts['cores']} cores, {facts['memory_gib']:.0f} GiB"


def _energy(energy: Energy) -> str:
    return (
        f"energy, estimated and not measured: {energy.kwh:.4f} kWh ({energy.watts:.0f} W for the "
        f"training time), about {energy.kg_co2:.4f} kg CO2 at {energy.kg_per_kwh} kg/kWh"
    )


def _limits(model: Model, data: Dataset, report: Report) -> Iterator[str]:
    yield "\n## Limits\n"
    yield (
        f"- Measured on rows from the same source as the training rows ({data.manifest['source']})"
        ". Nothing is known of texts from elsewhere, of other languages or of other classes."
        if len(data.manifest["sources"]) == 1
        else "- Measured on the test source named above alone."
    )
    yield f"- Longer inputs than {model.max_length:,} tokens are cut."
    for finding in report.findings:
        yield f"- {finding.title} {finding.evidence}".rstrip()
