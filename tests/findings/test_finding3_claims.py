"""Planted effects: reward models whose noise depends on the category or the variant of a prompt."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from proxyreward.data.transcripts import ASSISTANT, HUMAN, render
from proxyreward.findings.core import verdict
from proxyreward.findings.rethinking import finding3
from proxyreward.vocabulary import PARAPHRASE, REWRITE
from proxyreward.world import prompts as world

RMS, PROMPTS, WRITERS = 6, 100, ("careful", "chatty", "blunt", "timid")
CATEGORIES = ("Chat", "ChatHard", "Code", "Math", "Safety")
LADDER = np.linspace(0.1, 2.5, RMS)
# Each category has its own order of the reward models, unrelated to the others.
ORDERS = [[0, 1, 2, 3, 4, 5], [2, 5, 0, 4, 1, 3], [3, 0, 5, 1, 4, 2], [4, 2, 1, 5, 3, 0],
          [5, 3, 4, 0, 2, 1]]  # fmt: skip
OWN = {name: LADDER[order] for name, order in zip(CATEGORIES, ORDERS)}
SAME = {name: LADDER for name in CATEGORIES}
CLAIMS = {
    "finding3.c1", "table3.c1", "table3.c2", "table3.c3", "fig5.c1", "fig5.c2", "table5.c1",
    "table6.c1",
}  # fmt: skip


def worded(swap=False):
    """Real prompts of the world in three variants; `swap` exchanges the two strategies."""
    rng = np.random.default_rng(2)
    drawn = [world.draw(rng, CATEGORIES[i % 5]) for i in range(PROMPTS)]
    changed = [world.paraphrase, world.rewrite][:: -1 if swap else 1]
    variants = {"original": drawn}
    for name, change in zip((PARAPHRASE, REWRITE), changed):
        variants[name] = [change(prompt, rng) for prompt in drawn]
    rows = [
        (name, i, prompt.category, render([(HUMAN, prompt.text), (ASSISTANT, "")]))
        for name, prompts in variants.items()
        for i, prompt in enumerate(prompts)
    ]
    return pd.DataFrame(rows, columns=["variant", "prompt_id", "category", "prompt"])


def planted(evidence, noise, ndr, changed=None, swap=False):
    """Evidence with noise by category, other noise after the prompts changed, NDR from `ndr`.

    `ndr` takes optimiser, training and category and gives a value per reward model.
    """
    rng, names, category = np.random.default_rng(4), evidence.names(), [
        CATEGORIES[i % 5] for i in range(PROMPTS)
    ]  # fmt: skip

    def scored(levels, samples, variant):
        shape = (PROMPTS, len(WRITERS), samples)
        rows = pd.MultiIndex.from_product([[variant], range(PROMPTS), WRITERS, range(samples)])
        rows = rows.to_frame(index=False, name=["variant", "prompt_id", "source", "sample_id"])
        sd = np.stack([levels[name] for name in category], axis=1)[..., None, None]
        utility = 3 * rng.normal(size=shape)
        scores = utility + sd * rng.normal(size=(RMS, *shape))
        return rows.join(pd.DataFrame(scores.reshape(RMS, -1).T, columns=names))

    variants = [scored(changed or noise, 1, variant) for variant in (PARAPHRASE, REWRITE)]
    regret = evidence.regret[evidence.regret["family"] == "main"].copy()
    for key, rows in regret.groupby(["optimiser", "training", "category"]):
        values = dict(zip(names, ndr(*key)))
        own = rows["golden"] == rows["proxy"]
        regret.loc[rows.index, "ndr"] = rows["proxy"].map(values).mask(own, 1.0)
    return replace(
        evidence,
        tests=pd.concat([scored(noise, 3, "original"), *variants], ignore_index=True),
        prompts=worded(swap),
        regret=regret,
    )


def drawn(evidence):
    return finding3.compute(evidence, draws=8, rng=np.random.default_rng(0))


def decide(evidence, registry):
    return decide_tables(drawn(evidence), registry)


def decide_tables(tables, registry):
    found = finding3.measure(tables, resamples=200, seed=1, registry=registry)
    decisions, _ = verdict.decide("finding3", found, registry, finding3.notes(found))
    return {decision.claim_id.removeprefix("rethinking."): decision for decision in decisions}


def by_category(optimiser, training, category):
    """Best-of-n and separate PPO follow the category; joint PPO is the same everywhere."""
    own = category in OWN and (optimiser == "best-of-n" or training != "joint")
    return -OWN[category] if own else -LADDER


def mirrored(optimiser, training, category):
    """Joint PPO follows the category; best-of-n and separate PPO do not."""
    joint = optimiser == "ppo" and training == "joint"
    return -OWN[category] if joint and category in OWN else -LADDER


@pytest.fixture(scope="module")
def separated(evidence, registry):
    return decide(planted(evidence, OWN, by_category), registry)


@pytest.fixture(scope="module")
def alike(evidence, registry):
    """Prompts do not matter at all; paraphrase and rewrite are exchanged."""
    return decide(planted(evidence, SAME, lambda *_: -LADDER, swap=True), registry)


def test_each_claim_gets_one_row(separated):
    assert set(separated) == CLAIMS


def test_categories_that_order_models_differently_are_seen(separated):
    for claim in ("table3.c1", "table3.c2", "table3.c3", "finding3.c1"):
        assert separated[claim].verdict == "reproduced", separated[claim].reason
    assert separated["table3.c1"].estimate > 0.5


def test_the_mirror_image_refutes(evidence, registry):
    decided = decide(planted(evidence, OWN, mirrored), registry)
    for claim in ("table3.c2", "table3.c3"):
        assert decided[claim].verdict == "not reproduced", decided[claim].reason


def test_where_prompts_do_not_matter_nothing_is_reproduced(alike):
    for claim in ("finding3.c1", "table3.c1", "table3.c2", "table3.c3", "fig5.c2"):
        assert alike[claim].verdict != "reproduced", alike[claim].reason
    assert abs(alike["table3.c1"].estimate) < 0.1


def with_shares(tables, fall):
    """Tables in which changed prompts lower the Spearman of PPO, and that of best-of-n not."""
    shares, noise = tables["shares"], np.random.default_rng(6)
    spearman = 0.6 - fall * np.where(shares["optimiser"] == "ppo", shares["share"], 0)
    return tables | {
        "shares": shares.assign(coefficient=spearman + noise.normal(0, 0.05, len(shares)))
    }


def test_a_fall_under_ppo_alone(evidence, registry):
    tables = drawn(planted(evidence, SAME, by_category))
    decided = decide_tables(with_shares(tables, fall=0.4), registry)
    for claim in ("fig5.c1", "fig5.c2", "finding3.c1"):
        assert decided[claim].verdict == "reproduced", decided[claim].reason


def test_where_both_stay_best_of_n_is_not_the_steadier_one(evidence, registry):
    tables = drawn(planted(evidence, SAME, by_category))
    decided = decide_tables(with_shares(tables, fall=0.0), registry)
    assert decided["fig5.c1"].verdict == "not reproduced", decided["fig5.c1"].reason
    assert "2 show no difference" in decided["fig5.c1"].reason


def test_a_fall_under_best_of_n_refutes(evidence, registry):
    def ndr(optimiser, training, category):
        return -LADDER if optimiser == "best-of-n" else -LADDER[::-1]

    turned = {name: LADDER[::-1] for name in CATEGORIES}
    decided = decide(planted(evidence, SAME, ndr, changed=turned), registry)
    for claim in ("fig5.c1", "fig5.c2"):
        assert decided[claim].verdict == "not reproduced", decided[claim].reason


def test_texts_tell_paraphrase_and_rewrite_apart(separated, alike):
    for claim in ("table5.c1", "table6.c1"):
        assert separated[claim].verdict == "reproduced", separated[claim].reason
        assert alike[claim].verdict == "not reproduced", alike[claim].reason
        assert "Safety" in separated[claim].reason
        assert separated[claim].n == PROMPTS


def test_without_separate_training_its_claim_is_not_testable(evidence, registry):
    world_like = planted(evidence, OWN, by_category)
    joint = replace(world_like, regret=world_like.regret.query("training == 'joint'"))
    decision = decide(joint, registry)["table3.c3"]
    assert decision.verdict == "not testable here"
    assert decision.reason.startswith("Fewer than three reward models")
    assert np.isnan(decision.estimate)


def test_separate_training_of_a_few_uses_them_alone(evidence, registry):
    few, whole = evidence.names()[:4], planted(evidence, OWN, by_category)
    regret = whole.regret
    kept = (regret["training"] == "joint") | (
        regret["golden"].isin(few) & regret["proxy"].isin(few)
    )
    assert decide(replace(whole, regret=regret[kept]), registry)["table3.c3"].n == 4


def test_the_papers_own_numbers_stand_beside(evidence, registry):
    cells = registry.printed("rethinking.table3", "BoN")
    matrix = np.array([[cells[a][b]["mean"] for b in CATEGORIES] for a in CATEGORIES])
    same = np.eye(5, dtype=bool)
    advantage = matrix[same].mean() - matrix[~same].mean()
    tables = drawn(planted(evidence, OWN, by_category))
    found = finding3.measure(tables, resamples=20, seed=1, registry=registry)
    names = ("accuracy columns led by their own category", "regret rows led by their own category")
    columns, rows = (found[f"Best-of-n: {name}"].paper for name in names)
    assert (columns, rows) == (4, 3)
    gap = found["Best-of-n: Spearman in the same category minus in others"]
    assert gap.paper == pytest.approx(advantage)
