"""Conversations with tools as tokens: a template that knows tools, and one that does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests import world
from tuneful.core.errors import DataError
from tuneful.data.message import Message, ToolCall
from tuneful.models.chat import Talk, encode_chat, encode_prompt, render
from tuneful.models.tokenizer import Tokenizer, load_tokenizer
from tuneful.models.tools import knows_tools, read_calls, write_out

GOLDEN = Path(__file__).parents[1] / "golden" / "tools.json"
# As Qwen2.5's: <tools> in the system turn, calls as JSON, results together in a user's turn.
QWEN = """\
{%- if tools %}{{- '<|im_start|>system\\n' }}
{%- if messages[0]['role'] == 'system' %}{{- messages[0]['content'] }}
{%- else %}{{- 'Help.' }}{%- endif %}{{- '\\n\\n# Tools\\n<tools>' }}
{%- for tool in tools %}{{- '\\n' }}{{- tool | tojson }}{%- endfor %}
{{- '\\n</tools><|im_end|>\\n' }}
{%- elif messages[0]['role'] == 'system' %}
{{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}{%- endif %}
{%- for message in messages %}
{%- if message.role == 'user' or (message.role == 'assistant' and not message.tool_calls) %}
{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
{%- elif message.role == 'assistant' %}{{- '<|im_start|>' + message.role }}
{%- if message.content %}{{- '\\n' + message.content }}{%- endif %}
{%- for tool_call in message.tool_calls %}
{{- '\\n<tool_call>\\n{"name": "' + tool_call.function.name + '", "arguments": ' }}
{{- tool_call.function.arguments | tojson }}{{- '}\\n</tool_call>' }}{%- endfor %}
{{- '<|im_end|>\\n' }}
{%- elif message.role == 'tool' %}
{%- if loop.index0 == 0 or messages[loop.index0 - 1].role != 'tool' %}
{{- '<|im_start|>user' }}{%- endif %}
{{- '\\n<tool_response>\\n' + message.content + '\\n</tool_response>' }}
{%- if loop.last or messages[loop.index0 + 1].role != 'tool' %}{{- '<|im_end|>\\n' }}{%- endif %}
{%- endif %}{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"""
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
TURNS = (
    Message("system", "Be brief."),
    Message("user", "Rome and Oslo?"),
    Message(
        "assistant",
        "",
        (
            ToolCall("weather", '{"city": "Rome"}', "a"),
            ToolCall("weather", '{"city": "Oslo"}', "b"),
        ),
    ),
    Message("tool", "21", name="weather", call_id="a"),
    Message("tool", "4", name="weather", call_id="b"),
    Message("assistant", "21 and 4."),
)
CALLS = (
    '<tool_call>\n{"name": "weather", "arguments": {"city": "Rome"}}\n</tool_call>\n'
    '<tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call><|im_end|>'
)


@pytest.fixture
def plain(tmp_path: Path) -> Tokenizer:
    """A model whose template has no word for tools."""
    return load_tokenizer(world.chat_model(tmp_path / "model"), needs_chat=True)


@pytest.fixture
def knowing(plain: Tokenizer) -> Tokenizer:
    """A model whose template writes tools by itself."""
    plain.hf.chat_template = QWEN
    return plain


def spans(tokenizer: Tokenizer, talk: Talk) -> list[str]:
    """The learned stretches, as text with special tokens."""
    row = encode_chat(tokenizer, talk, 10_000)
    found: list[list[int]] = [[]]
    for token, weight in zip(row.tokens, row.weights, strict=True):
        if weight:
            found[-1].append(token)
        elif found[-1]:
            found.append([])
    return [tokenizer.hf.decode(ids) for ids in found if ids]


@pytest.mark.parametrize("name", ["plain", "knowing"])
def test_calls_are_learned_and_results_are_not(name: str, request: pytest.FixtureRequest):
    tokenizer: Tokenizer = request.getfixturevalue(name)
    assert knows_tools(tokenizer.template) == (name == "knowing")
    talk = Talk(TURNS, [WEATHER])
    assert spans(tokenizer, talk) == [CALLS, "21 and 4.<|im_end|>"]
    whole = encode_chat(tokenizer, talk, 10_000).tokens
    assert tokenizer.hf.decode(whole) == render(tokenizer, talk, for_answer=False)


@pytest.mark.parametrize("name", ["plain", "knowing"])
def test_what_is_learned_is_what_generation_begins_with(name: str, request: pytest.FixtureRequest):
    tokenizer: Tokenizer = request.getfixturevalue(name)
    asked = encode_prompt(tokenizer, Talk(TURNS[:2], [WEATHER]))
    row = encode_chat(tokenizer, Talk(TURNS[:3], [WEATHER]), 10_000)
    assert row.tokens[: len(asked)] == asked
    assert [w > 0 for w in row.weights].index(True) == len(asked)
    said = tokenizer.decode(row.tokens[len(asked) :])
    assert read_calls(said) == [
        {"name": "weather", "arguments": {"city": "Rome"}},
        {"name": "weather", "arguments": {"city": "Oslo"}},
    ]


@pytest.mark.parametrize("name", ["plain", "knowing"])
def test_tokens_and_mask_are_those_agreed_on(name: str, request: pytest.FixtureRequest):
    tokenizer: Tokenizer = request.getfixturevalue(name)
    row = encode_chat(tokenizer, Talk(TURNS, [WEATHER]), 10_000)
    text = tokenizer.hf.decode(row.tokens)
    found = {"text": text, "tokens": row.tokens, "weights": [int(w) for w in row.weights]}
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    if request.config.getoption("--write-golden"):
        golden[name] = found
        GOLDEN.write_text(json.dumps(golden) + "\n", encoding="utf-8")
    assert found == golden[name]


def test_turns_of_weight_0_are_given(plain: Tokenizer):
    silent = (*TURNS[:2], Message("assistant", "", TURNS[2].tool_calls, weight=0), *TURNS[3:])
    assert spans(plain, Talk(silent, [WEATHER])) == ["21 and 4.<|im_end|>"]


def test_the_default_puts_functions_into_the_system_turn_and_results_into_one_of_the_users():
    turns = write_out(TURNS, [WEATHER])
    assert [turn.role for turn in turns] == ["system", "user", "assistant", "user", "assistant"]
    assert turns[0].content.startswith("Be brief.\n\nYou may call functions.")
    assert json.dumps(WEATHER["function"]) in turns[0].content
    assert turns[3].content == (
        "<tool_response>\n21\n</tool_response>\n<tool_response>\n4\n</tool_response>"
    )
    assert write_out(TURNS[1:2], [WEATHER])[0].role == "system"
    assert write_out(TURNS[1:2], []) == TURNS[1:2]


def test_a_template_sees_ids_names_and_arguments_as_objects(plain: Tokenizer):
    plain.hf.chat_template = (
        "{# tools #}{% for m in messages %}{% for c in m.tool_calls or [] %}"
        "{{ c.id }}:{{ c.function.arguments.city }};{% endfor %}"
        "{% if m.role == 'tool' %}{{ m.tool_call_id }}={{ m.name }}={{ m.content }};{% endif %}"
        "{% endfor %}"
    )
    text = render(plain, Talk(TURNS, [WEATHER]), for_answer=False)
    assert text == "a:Rome;b:Oslo;a=weather=21;b=weather=4;"


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("It is warm.", []),
        ("", []),
        ('{"name": "f", "arguments": {"a": 1}}', [{"name": "f", "arguments": {"a": 1}}]),
        ('[{"name": "f", "parameters": {}}]', [{"name": "f", "arguments": {}}]),
        ('Well.\n<tool_call>\n{"name": "f", "arguments": {}}', [{"name": "f", "arguments": {}}]),
        ('{"name": "Ann", "age": 7}', []),
        ("[" * 100_000, []),
        ("<tool_call>f()</tool_call>", None),
        ('<tool_call>{"name": "f", "arguments": "a"}</tool_call>', None),
    ],
)
def test_calls_are_read_out_of_an_answer(text: str, calls: object):
    assert read_calls(text) == calls


def test_a_template_that_refuses_results_says_so(plain: Tokenizer):
    plain.hf.chat_template = (
        "{# tools tool_calls #}{% for m in messages %}{% if m.role == 'tool' %}"
        "{{ raise_exception('no results') }}{% endif %}{% endfor %}"
    )
    with pytest.raises(DataError, match="no results"):
        encode_chat(plain, Talk(TURNS, [WEATHER]), 100)
