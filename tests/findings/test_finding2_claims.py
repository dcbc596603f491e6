"""Planted effects: reward models whose noise depends on the rank, or the source, of a response."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core import verdict
from proxyreward.findings.rethinking import finding2
from proxyreward.findings.rethinking.finding2.tables import third

RMS, PROMPTS = 6, 150
SOURCES = np.repeat(["careful", "chatty", "blunt", "timid", "initial"], 2)
CLAIMS = {
    "finding2.c1", "finding2.c2", "table2.c1", "table2.c2", "table2.c3", "fig4.c1", "fig4.c2",
    "fig4.c3",
}  # fmt: skip
LADDER = np.linspace(0.1, 2.5, RMS)
SHUFFLED = LADDER[[3, 0, 5, 2, 4, 1]]


def planted(evidence, noise, ndr, bench_noise=SHUFFLED):
    """Evidence with scores utility + noise (rms, prompts, responses) and NDR by proxy."""
    rng, names = np.random.default_rng(3), evidence.names()
    responses = len(SOURCES)
    # Equal steps of utility, so that every bin is as hard as the others.
    utility = rng.permuted(np.tile(np.arange(responses), (PROMPTS, 1)), axis=1)
    noise = noise(utility) if callable(noise) else noise
    scores = utility + noise * rng.normal(size=(RMS, PROMPTS, responses))
    asked = pd.MultiIndex.from_product([["original"], range(PROMPTS), range(responses)])
    tests = asked.to_frame(index=False, name=["variant", "prompt_id", "sample_id"])
    tests["source"] = np.tile(SOURCES, PROMPTS)
    tests = tests.join(pd.DataFrame(scores.reshape(RMS, -1).T, columns=names))
    prompts = tests.drop_duplicates("prompt_id").assign(category="Chat", prompt="")
    pairs = rng.permuted(np.tile(np.arange(responses), (PROMPTS, 1)), axis=1)[:, :2].ravel()
    noisy = pairs + bench_noise[:, None] * rng.normal(size=(RMS, 2 * PROMPTS))
    bench = pd.DataFrame(noisy.T, columns=names)
    regret = evidence.regret[evidence.regret["family"] == "main"].copy()
    for optimiser, values in ndr.items():
        own = regret["proxy"].map(dict(zip(names, values)))
        chosen = (regret["optimiser"] == optimiser) & (regret["golden"] != regret["proxy"])
        regret.loc[chosen, "ndr"] = own[chosen]
        regret.loc[chosen, "golden_reward"] = 1.0 + (optimiser == "ppo")
    return replace(evidence, tests=tests, prompts=prompts, bench=bench, regret=regret)


def measure(evidence, registry, draws=8, bins=5, resamples=200):
    tables = finding2.compute(evidence, draws=draws, bins=bins, rng=np.random.default_rng(0))
    return finding2.measure(tables, resamples=resamples, seed=1, registry=registry)


def decide(found, registry):
    decisions, _ = verdict.decide("finding2", found, registry, finding2.notes(found))
    return {decision.claim_id.removeprefix("rethinking."): decision for decision in decisions}


def by_rank(utility):
    """Noise of the upper third falls along the family, that of the lower third does not."""
    high, low = utility >= 6, utility < 4
    levels = np.where(high, LADDER[:, None, None], 0.3)
    return np.where(low, SHUFFLED[:, None, None], levels)


def by_source(own, others):
    return np.where(SOURCES == "initial", own[:, None, None], others[:, None, None])


@pytest.fixture(scope="module")
def by_rank_decided(evidence, registry):
    ndr = {"best-of-n": -SHUFFLED, "ppo": -LADDER}
    return decide(measure(planted(evidence, by_rank, ndr), registry), registry)


def test_each_claim_gets_one_row(by_rank_decided):
    assert set(by_rank_decided) == CLAIMS


def test_regions_of_the_golden_order_are_found(by_rank_decided):
    for claim in ("finding2.c1", "fig4.c1", "fig4.c2", "fig4.c3"):
        decision = by_rank_decided[claim]
        assert decision.verdict == "reproduced", decision.reason


def test_the_opposite_regions_refute(evidence, registry):
    ndr = {"best-of-n": -LADDER, "ppo": -SHUFFLED}
    decided = decide(measure(planted(evidence, by_rank, ndr), registry), registry)
    for claim in ("fig4.c1", "fig4.c2", "fig4.c3"):
        assert decided[claim].verdict == "not reproduced", decided[claim].reason


def test_without_a_middle_third_the_regions_are_undefined(evidence, registry):
    ndr = {"best-of-n": -SHUFFLED, "ppo": -LADDER}
    few = measure(planted(evidence, by_rank, ndr), registry, draws=2, bins=2, resamples=20)
    for claim in ("fig4.c1", "fig4.c2"):
        decision = decide(few, registry)[claim]
        assert decision.verdict == "inconclusive"
        assert "undefined at this size" in decision.reason


@pytest.fixture(scope="module")
def own_best(evidence, registry):
    """Only the noise on the policy's own responses goes with NDR."""
    ndr = {"best-of-n": -LADDER, "ppo": -LADDER}
    return decide(measure(planted(evidence, by_source(LADDER, SHUFFLED), ndr), registry), registry)


@pytest.fixture(scope="module")
def own_worst(evidence, registry):
    """Only the noise on the policy's own responses does not go with NDR."""
    ndr = {"best-of-n": -LADDER, "ppo": -LADDER}
    worse = planted(evidence, by_source(SHUFFLED, LADDER), ndr, LADDER)
    return decide(measure(worse, registry), registry)


def test_own_responses_are_needed_or_not(own_best, own_worst):
    for claim in ("finding2.c2", "table2.c2"):
        assert own_best[claim].verdict == "not reproduced", own_best[claim].reason
        assert own_worst[claim].verdict == "reproduced", own_worst[claim].reason


def test_the_source_matters_where_it_was_made_to(own_best, own_worst):
    for decided in (own_best, own_worst):
        assert decided["table2.c3"].verdict == "reproduced", decided["table2.c3"].reason
        # Ranks say nothing here, so the range over bins is no larger than that over sources.
        assert decided["finding2.c1"].verdict == "not reproduced", decided["finding2.c1"].reason


def test_one_source_behind_the_mixed_pairs_is_enough(own_worst):
    assert own_worst["table2.c1"].verdict == "reproduced"
    assert "minus with own responses" in own_worst["table2.c1"].reason


def test_sources_that_all_beat_the_mixed_pairs_do_not_reproduce(evidence, registry):
    ndr = {"best-of-n": -LADDER, "ppo": -LADDER}
    reversed_bench = planted(evidence, by_source(LADDER, LADDER), ndr, LADDER[::-1])
    decided = decide(measure(reversed_bench, registry), registry)["table2.c1"]
    assert decided.verdict == "not reproduced", decided.reason
    assert "ahead in 20 of 20" in decided.reason


def test_beside_a_source_stands_the_paper_model_that_supports_the_claim_most(evidence, registry):
    printed = registry.printed("rethinking.table2")
    own, *others = (
        printed[name]["bon_spearman"]["mean"] for name in ("Llama3-8B*", "Mistral-7B", "Vicuna-7b")
    )
    found = measure(evidence, registry, draws=2, resamples=20)
    paper = {name.removeprefix("Best-of-n: Spearman with "): q.paper for name, q in found.items()}
    assert paper["responses of careful minus with own"] == pytest.approx(max(others) - own)
    assert paper["mixed pairs minus with careful"] == pytest.approx(
        printed["Origin"]["bon_spearman"] - own
    )


def test_a_single_draw_leaves_its_spread_undefined(evidence, registry):
    decision = decide(measure(evidence, registry, draws=1, resamples=20), registry)["table2.c3"]
    assert decision.verdict == "inconclusive"
    assert "undefined at this size" in decision.reason


def test_thirds_are_mirror_images():
    for bins in (3, 5, 6, 10):
        thirds = [third(place, bins) for place in range(bins)]
        assert thirds == sorted(thirds) and set(thirds) == {0, 1, 2}
        assert [2 - part for part in thirds[::-1]] == thirds
