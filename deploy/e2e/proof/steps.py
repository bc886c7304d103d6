"""Every step at which a process may die, and what holds there."""

from deploy.e2e.proof.recurring_steps import RECURRING
from deploy.e2e.proof.step import Step
from deploy.e2e.proof.trade_steps import TRADE

STEPS: tuple[Step, ...] = (*TRADE, *RECURRING)
MOMENTS = {step.moment: step for step in STEPS}
