"""The stages in order: what each needs and makes; what is done is not done again."""

from __future__ import annotations

from tuneful.workflow.audited import audit as audit
from tuneful.workflow.audited import find_recipe as find_recipe
from tuneful.workflow.contest import compare as compare
from tuneful.workflow.gate import CAREFUL as CAREFUL
from tuneful.workflow.gate import Gate as Gate
from tuneful.workflow.stages import evaluate as evaluate
from tuneful.workflow.stages import plan as plan
from tuneful.workflow.stages import prepare as prepare
from tuneful.workflow.training import Trained as Trained
from tuneful.workflow.training import find_model as find_model
from tuneful.workflow.training import train as train
from tuneful.workflow.training import train_recipe as train_recipe
from tuneful.workflow.verdict import verdict as verdict
from tuneful.workflow.whole import Outcome as Outcome
from tuneful.workflow.whole import run as run
