"""tuneful completion: commands and flags for a shell's Tab key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tuneful.cli.commands.base import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from tuneful.cli.console import Console

BASH = """\
# Put this into ~/.bashrc: eval "$(tuneful completion bash)"
_tuneful() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" words="{commands}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -gt 1 ]; then
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
  fi
  if [ "$COMP_CWORD" -eq 1 ] || [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  else
    COMPREPLY=($(compgen -W "$words" -f -- "$word"))
  fi
}}
complete -o filenames -F _tuneful tuneful
"""
ZSH = 'autoload -U +X bashcompinit && bashcompinit\n# ~/.zshrc: eval "$(tuneful completion zsh)"\n'
FISH = "# ~/.config/fish/completions/tuneful.fish\n"


def add(parser: ArgumentParser) -> None:
    """Its flags."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(args: Namespace, console: Console) -> int:
    """Print a script that the shell reads."""
    known = words()
    text = _fish(known) if args.shell == "fish" else _bash(known)
    console.result(None, ZSH + text if args.shell == "zsh" else text)
    return 0


def words() -> dict[str, list[str]]:
    """Every command with its flags and choices."""
    from tuneful.cli.main import parser

    actions = cast("list[Any]", parser()._actions)  # pyright: ignore[reportPrivateUsage]
    commands = next(action.choices for action in actions if action.dest == "command")
    found: dict[str, list[str]] = {}
    for name, sub in cast("dict[str, Any]", commands).items():
        parsers = [sub, *_nested(sub)]
        flags = dict.fromkeys(
            str(flag)
            for one in parsers
            for action in one._actions
            for flag in action.option_strings
        )
        choices = [
            str(choice)
            for action in sub._actions
            if not action.option_strings
            for choice in action.choices or ()
        ]
        found[name] = [*choices, *(flag for flag in flags if flag.startswith("--"))]
    return found


def _nested(parser: Any) -> list[Any]:
    """The parsers of a command's own words: of data look, data tokens."""
    found: list[Any] = []
    for action in parser._actions:
        if isinstance(action.choices, dict):
            found += cast("dict[str, Any]", action.choices).values()
    return found


def _bash(known: dict[str, list[str]]) -> str:
    cases = "\n".join(
        f'      {name}) words="{" ".join(flags)}" ;;' for name, flags in known.items()
    )
    return BASH.format(commands=" ".join(known), cases=cases)


def _fish(known: dict[str, list[str]]) -> str:
    lines = [FISH.rstrip()]
    for name, flags in known.items():
        lines.append(f"complete -c tuneful -n __fish_use_subcommand -f -a {name}")
        for flag in flags:
            kind = f"-l {flag.removeprefix('--')}" if flag.startswith("--") else f"-a {flag}"
            lines.append(f"complete -c tuneful -n '__fish_seen_subcommand_from {name}' {kind}")
    return "\n".join(lines)


COMMAND = Command("print a script for the shell's Tab key", add, run)
