"""The set of commands and flags changes only on purpose: `make golden`."""

import json
from pathlib import Path

import pytest

from tuneful.cli.commands.completion import words

FLAGS = Path(__file__).parent / "flags.json"


def test_commands_and_flags_are_those_agreed_on(request: pytest.FixtureRequest):
    found = {name: sorted(flags) for name, flags in words().items()}
    if request.config.getoption("--write-golden"):
        FLAGS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    assert found == json.loads(FLAGS.read_text(encoding="utf-8"))
