"""Any PEFT tuner by its name: mistakes in name and settings are said with what was meant."""

import pytest

from tests import tiny
from tuneful.core.errors import ModelError, RecipeError
from tuneful.models.adapters.peft import Peft, PeftConfig


@pytest.mark.parametrize(
    ("tuner", "settings", "said"),
    [
        ("VERRA", {}, "Did you mean 'VERA'?"),
        ("lora", {}, "adapter: lora"),
        ("XLORA", {}, "mixes adapters"),
        ("vera", {"vera_dropuot": 0.1}, "Did you mean 'vera_dropout'?"),
        ("vera", {"task_type": "CAUSAL_LM"}, "Choose from"),
    ],
)
def test_a_wrong_name_or_setting_is_answered_with_the_right_one(tuner, settings, said):
    with pytest.raises(RecipeError) as caught:
        Peft(PeftConfig(tuner=tuner, settings=settings)).apply(tiny.decoder("llama"))
    assert said in str(caught.value)


def test_settings_that_do_not_fit_the_model_are_refused_in_pefts_words():
    with pytest.raises(ModelError, match="block size"):
        Peft(PeftConfig(tuner="C3A")).apply(tiny.decoder("llama"))
