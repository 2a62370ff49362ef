"""tuneful chat: talk to a model."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

from tuneful.cli.commands.base import Command
from tuneful.core.errors import ModelError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from tuneful.cli.console import Console
    from tuneful.data.message import Message


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("model", metavar="MODEL", help="a model folder, run:name, package:name …")
    parser.add_argument("--system", help="what the model is told before the conversation")
    parser.add_argument("--max-new-tokens", type=int, default=256, help="longest answer")
    parser.add_argument("--quiet", action="store_true", help="no words on standard error")


def run(args: Namespace, console: Console) -> int:
    """Answer line by line; an empty line begins anew, the end of the input leaves."""
    from tuneful.core.store import Store
    from tuneful.data.message import Message
    from tuneful.models.chat import Talk
    from tuneful.models.predict import Chatter, load_predictor

    model = load_predictor(args.model, Store.default(), listener=console.listener)
    if not isinstance(model, Chatter):
        raise ModelError(
            "This model judges texts; it does not talk.",
            where=args.model,
            fix=f"tuneful predict {args.model} TEXT",
        )
    first = (Message("system", args.system),) if args.system else ()
    console.say("An empty line begins anew; Ctrl-D or Ctrl-C leaves.")
    said: tuple[Message, ...] = first
    for line in _lines():
        if not line.strip():
            said = first
            console.say("A new conversation.")
            continue
        said = (*said, Message("user", line))
        (answer,) = model.answers([Talk(said)], args.max_new_tokens)
        print(answer, flush=True)
        said = (*said, Message("assistant", answer))
    return 0


def _lines() -> Iterator[str]:
    """What is typed, with the terminal's line editing, or piped in."""
    if not sys.stdin.isatty():
        yield from (line.rstrip("\n") for line in sys.stdin)
        return
    import_module("readline")  # gives input() editing and history
    while True:
        try:
            yield input("> ")
        except (EOFError, KeyboardInterrupt):
            print()  # the shell's prompt gets a line of its own
            return


COMMAND = Command("talk to a model", add, run)
