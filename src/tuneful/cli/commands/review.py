"""tuneful review: people compare answers, and see not whose they are."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command, add_output

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console
    from tuneful.core.store import Store
    from tuneful.evaluating.people.review import Review

ASKS = ("prefer", "rank", "rate")


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument(
        "models",
        metavar="RUN|MODEL|FILE",
        nargs="+",
        help="a run (alone: against its base), then runs or models; or one file (or table of a "
        "package) of rows with prompt and answers by name",
    )
    parser.add_argument(
        "--ask",
        choices=ASKS,
        help="which of two is better, the order of several, or 1 to 5 for each answer (default: "
        "prefer for two, rank for more)",
    )
    parser.add_argument(
        "--split", choices=("train", "validation", "test"), default="test", help="default: test"
    )
    parser.add_argument(
        "--items", type=int, default=50, metavar="N", help="rows at most, at random (default: 50)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw of rows (default: 0)")
    parser.add_argument("--max-new-tokens", type=int, default=256, help="longest answer")
    parser.add_argument(
        "--port", type=int, default=0, help="of the page on 127.0.0.1 (default: a free one)"
    )
    parser.add_argument(
        "--results", action="store_true", help="show what was said so far, and no page"
    )
    _add_export(parser)
    _add_judge(parser)
    add_output(parser)


def _add_export(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--export",
        metavar="FILE",
        help="write what was said as rows to learn from (.jsonl), and show no page",
    )
    parser.add_argument(
        "--export-for",
        choices=("models", "judge"),
        default="models",
        help="models: pairs and rankings, for preferences and rewards. judge: a judge's own "
        "questions, answered as most people did, for a chat model (default: models)",
    )


def _add_judge(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--judge",
        metavar="URL|MODEL",
        help="let a language model judge as well: the address of an OpenAI-compatible endpoint up "
        "to /v1, or a model as recipes name it; shows the results",
    )
    parser.add_argument("--judge-model", metavar="NAME", help="what the endpoint calls the model")
    parser.add_argument(
        "--judge-key", metavar="VARIABLE", help="environment variable that holds the endpoint's key"
    )
    parser.add_argument("--criteria", metavar="TEXT", help="what the judge is to judge by")


def run(args: Namespace, console: Console) -> int:
    """Gather the answers once; then show the page, the results or the rows."""
    from tuneful.core.store import Store
    from tuneful.evaluating.judges.summary import with_judges
    from tuneful.evaluating.people.summary import summarize

    review = _review(args, Store.default(), console)
    if args.judge:
        _judge(review, args, console)
    if args.export:
        return _export(review, args, console)
    if not (args.results or args.judge):
        _serve(review, args.port, console)
        return 0
    console.report(with_judges(review, summarize(review)))
    return 0


def _judge(review: Review, args: Namespace, console: Console) -> None:
    """Ask a language model about every item.

    Raises:
        RecipeError: An endpoint needs the name of a model.
    """
    from tuneful.core.environment import secret
    from tuneful.core.errors import RecipeError
    from tuneful.core.store import Store
    from tuneful.evaluating.judges.judge import ask_judge
    from tuneful.evaluating.judges.questions import CRITERIA
    from tuneful.evaluating.judges.voices import Local, Remote

    if not args.judge.startswith(("http://", "https://")):
        voice = Local(args.judge, Store.default(), console.listener)
    elif args.judge_model:
        key = secret(args.judge_key) if args.judge_key else ""
        voice = Remote(args.judge, args.judge_model, key)
    else:
        raise RecipeError(
            f"{args.judge} may serve several models.",
            where="--judge-model",
            fix="Say which: --judge-model NAME.",
        )
    ask_judge(review, voice, args.criteria or CRITERIA, console.listener)


def _review(args: Namespace, store: Store, console: Console) -> Review:
    from tuneful.evaluating.people.from_file import review_file
    from tuneful.evaluating.people.from_models import review_models
    from tuneful.evaluating.people.making import Wanted

    names = tuple(_reference(word, store) for word in args.models)
    wanted = Wanted(names, args.ask, args.split, args.items, args.seed, args.max_new_tokens)
    if len(names) == 1 and _has_rows(names[0]):
        return review_file(names[0], wanted, store, console.listener)
    return review_models(wanted, store, console.listener)


def _has_rows(word: str) -> bool:
    """Whether it names a file, or a package's table (package:NAME/TABLE), and no model."""
    is_table = word.startswith("package:") and "/" in word
    return is_table or (Path(word).is_file() and Path(word).suffix != ".gguf")


def _reference(word: str, store: Store) -> str:
    """A run's folder or a part of its name as a recipe names its model; else the word itself."""
    is_folder = (Path(word) / "state.json").exists()
    is_known = not Path(word).exists() and (
        word == "last" or any(word in path.name for path in store.list_runs())
    )
    return f"run:{word}" if is_folder or is_known else word


def _serve(review: Review, port: int, console: Console) -> None:
    """Show the page until Ctrl-C.

    Raises:
        RunError: The port is taken.
    """
    from tuneful.core.errors import RunError
    from tuneful.evaluating.people.verdicts import read
    from tuneful.studio.review import review_server

    try:
        server = review_server(review, port)
    except OSError as error:
        raise RunError(
            f"Port {port} cannot be had: {error.strerror}.",
            where="--port",
            fix="Leave --port out: a free one is taken.",
        ) from None
    console.close()
    console.result({"url": server.url, "review": str(review.path)}, server.url)
    sys.stdout.flush()  # who reads it through a pipe waits for it
    console.say(
        f"{len(review.items)} items to {review.ask}. Open the address in a browser here: "
        "several people can, each under a name of their own.\nCtrl-C ends it; every verdict is "
        "kept, and the same command goes on."
    )
    with server:
        try:
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            said = read(review.verdicts)
            console.say(f"\n{len(said.verdicts)} verdicts in {review.verdicts}. With --results: "
                        "what they come to.")  # fmt: skip


def _export(review: Review, args: Namespace, console: Console) -> int:
    from tuneful.core.report import Finding, Level, Report
    from tuneful.core.units import rows
    from tuneful.evaluating.judges.lessons import export_questions
    from tuneful.evaluating.judges.questions import CRITERIA
    from tuneful.evaluating.people.export import export

    path = Path(args.export)
    if args.export_for == "judge":
        done = export_questions(review, path, args.criteria or CRITERIA)
    else:
        done = export(review, path)
    findings = [
        Finding(Level.NOTE, "left-out", f"{rows(count)} left out: {reason}.")
        for reason, count in done.left_out.items()
    ]
    if review.manifest["split"] == "test":
        findings.append(
            Finding(
                Level.WARNING,
                "test-rows",
                "These rows are test rows: a model that learns them cannot be tested on them.",
                fix="Review --split train or validation for rows to learn from, or test elsewhere.",
            )
        )
    title = f"{rows(done.num_rows)} of the format {done.rows} in {path}"
    facts = {"file": str(path), "rows": done.rows, "num_rows": done.num_rows}
    console.report(Report(title, findings, facts={**facts, "left_out": dict(done.left_out)}))
    return 0


COMMAND = Command("let people compare answers blindly; what they say, and rows of it", add, run)
