import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core.criterion import Comparison
from proxyreward.findings.rethinking.finding3 import claims

LEADS = {  # same, other, columns, rows
    "best-of-n": (0.6, 0.4, 4, 3), "ppo": (0.5, 0.4, 1, 1), "joint": (0.4, 0.4, 1, 1),
    "separate": (0.6, 0.3, 3, 2),
}  # fmt: skip


def quantities(leads=LEADS, fall=0.4):
    """Spearman of PPO falls by `fall` as prompts are changed, that of best-of-n stays."""
    advantages = [
        (policies, measure, value, value + 1 if policies in ("best-of-n", "ppo") else np.nan)
        for policies, found in leads.items()
        for measure, value in zip(("same", "other", "columns", "rows"), found)
    ]
    shares = [
        (strategy, share, optimiser, 0.6 - fall * share * (optimiser == "ppo"))
        for strategy in ("paraphrase", "rewrite")
        for share in (0.0, 0.5, 1.0)
        for optimiser in ("best-of-n", "ppo")
    ]
    texts = {"paraphrase": (0.5, 0.6), "rewrite": (0.2, 0.1), "guess": (0.9, 0.95),
             "guess_rewrite": (0.8, 0.85)}  # fmt: skip
    prompts = [
        (category, measure, value)
        for measure, values in texts.items()
        for category, value in zip(("all", "without Safety"), values)
    ]
    return claims.quantities(
        pd.DataFrame(advantages, columns=["optimiser", "measure", "value", "paper"]),
        pd.DataFrame(shares, columns=["strategy", "share", "optimiser", "value"]),
        pd.DataFrame(prompts, columns=["category", "measure", "value"]),
    )


def values(found, pattern):
    chosen = Comparison(pattern, ">", 0).matching(found)
    assert chosen, pattern
    return [found[name].own for name in chosen]


def test_advantages_of_the_same_category():
    found = quantities()
    gaps = values(found, "*: Spearman in the same category minus in others")
    assert gaps == pytest.approx([0.2, 0.1])
    assert found["Best-of-n: accuracy columns led by their own category"].own == 4
    assert found["Best-of-n: regret rows led by their own category"].paper == 4
    assert values(found, "same-category advantage, best-of-n *") == pytest.approx([0.1])
    assert values(found, "columns and rows led *, best-of-n minus PPO") == [5]
    assert values(found, "same-category advantage under PPO per *") == pytest.approx([0.3])


def test_without_separate_training_its_quantity_is_not_measured():
    found = quantities({name: LEADS[name] for name in ("best-of-n", "ppo")})
    assert not any("per category" in name for name in found)


@pytest.mark.parametrize("fall", [0.4, -0.2])
def test_a_fall_under_ppo_alone(fall):
    found = quantities(fall=fall)
    changed = "Spearman with all prompts changed minus with none"
    assert values(found, f"PPO, *: {changed}") == pytest.approx([-fall] * 2)
    assert values(found, f"Best-of-n, *: {changed}") == [0, 0]
    steeper = values(found, "*: |slope of Spearman in the share changed|, PPO minus best-of-n")
    assert steeper == pytest.approx([abs(fall)] * 2)
    kendalls = values(found, "PPO, *: Kendall of the share changed and Spearman")
    assert kendalls == pytest.approx([-np.sign(fall)] * 2)


def test_texts_of_all_prompts_and_without_safety():
    found = quantities()
    closer = "similarity to the paraphrase minus to the rewrite"
    assert found[closer].own == pytest.approx(0.3)
    assert found[f"{closer}, without Safety"].own == pytest.approx(0.5)
    placed = "share of rewrites that word counts place in their category"
    assert (found[placed].own, found[f"{placed}, without Safety"].own) == (0.8, 0.85)
