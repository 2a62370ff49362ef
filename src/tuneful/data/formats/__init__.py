"""Formats: how a source's columns become rows. To add one: a file here and a line in FORMATS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneful.core.registry import Registry

if TYPE_CHECKING:
    from tuneful.data.formats.base import Format

FORMATS: Registry[type[Format]] = Registry(
    "format",
    {
        "labelled": "tuneful.data.formats.labelled:LabelledFormat",
        "pair": "tuneful.data.formats.pair:PairFormat",
        "multi_labelled": "tuneful.data.formats.multi_labelled:MultiLabelledFormat",
        "rated": "tuneful.data.formats.rated:RatedFormat",
        "tagged": "tuneful.data.formats.tagged:TaggedFormat",
        "text": "tuneful.data.formats.text:TextFormat",
        "chat": "tuneful.data.formats.chat:ChatFormat",
        "sharegpt": "tuneful.data.formats.sharegpt:ShareGptFormat",
        "alpaca": "tuneful.data.formats.alpaca:AlpacaFormat",
        "prompt_completion": "tuneful.data.formats.prompt_completion:PromptCompletionFormat",
        "preference": "tuneful.data.formats.preference:PreferenceFormat",
        "openai_preference": "tuneful.data.formats.openai_preference:OpenAIPreferenceFormat",
        "judged": "tuneful.data.formats.judged:JudgedFormat",
        "ranked": "tuneful.data.formats.ranked:RankedFormat",
        "prompt": "tuneful.data.formats.prompt:PromptFormat",
        "reinforcement": "tuneful.data.formats.reinforcement:ReinforcementFormat",
        "raft": "tuneful.data.formats.raft:RaftFormat",
        "gemini": "tuneful.data.formats.gemini:GeminiFormat",
        "bedrock": "tuneful.data.formats.bedrock:BedrockFormat",
        "cohere": "tuneful.data.formats.cohere:CohereFormat",
        "nemo": "tuneful.data.formats.nemo:NemoFormat",
        "template": "tuneful.data.formats.template:TemplateFormat",
    },
)
