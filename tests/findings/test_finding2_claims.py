import itertools

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core.criterion import Comparison
from proxyreward.findings.rethinking.finding2 import claims
from proxyreward.findings.rethinking.finding2.measure import SOURCE_KEYS

MEANS = {"careful": 0.5, "blunt": 0.2, "initial": 0.4, "origin": 0.3}


def quantities(registry, means=MEANS, cells=lambda *_: 0.5, bins=3, sd=0.05):
    """Of sources with these means, and cells as a function of chosen, rejected, optimiser."""
    sources = [
        (source, optimiser, statistic, measure, value)
        for source, mean in means.items()
        for optimiser in ("best-of-n", "ppo")
        for statistic in ("spearman", "mrr")
        for measure, value in (("mean", mean), ("sd", 0 if source == "origin" else sd))
    ]
    places = itertools.combinations(range(bins), 2)
    rows = [
        (*place, name, cells(*place, name)) for place in places for name in ("best-of-n", "ppo")
    ]
    pressure = [("reward", "best-of-n", 1.0), ("reward", "ppo", 1.5),
                ("kl_bits", "best-of-n", 6.0), ("kl_bits", "ppo", 9.0)]  # fmt: skip
    return claims.quantities(
        pd.DataFrame(sources, columns=[*SOURCE_KEYS, "measure", "value"]),
        pd.DataFrame(rows, columns=["chosen", "rejected", "optimiser", "value"]),
        pd.DataFrame(pressure, columns=["measure", "optimiser", "value"]),
        registry,
    )


def values(found, pattern):
    chosen = Comparison(pattern, ">", 0).matching(found)
    assert chosen, pattern
    return [found[name].own for name in chosen]


def test_sources_against_own_responses_mixed_pairs_and_draws(registry):
    found = quantities(registry)
    gaps = [
        found[f"PPO: Spearman with responses of {x} minus with own"] for x in ("careful", "blunt")
    ]
    assert [gap.own for gap in gaps] == pytest.approx([0.1, -0.2])
    mixed = ("careful", "blunt", "own responses")
    gaps = [found[f"Best-of-n: MRR with mixed pairs minus with {name}"].own for name in mixed]
    assert gaps == pytest.approx([-0.2, 0.1, -0.1])
    # The mixed pairs are no single source.
    assert values(found, "*: range of Spearman over sources minus *") == pytest.approx([0.25] * 2)
    assert values(found, "*: range of Spearman over bins minus *") == pytest.approx([-0.3] * 2)
    sd = np.std([0.5, 0.2, 0.4])
    assert values(found, "*: sd of Spearman over bins minus *") == pytest.approx([-sd] * 2)


@pytest.mark.parametrize(("chosen", "rejected"), [(0, 1), (1, 2)])
def test_the_best_region_is_found_where_it_is(registry, chosen, rejected):
    """Three bins, a third each: best-of-n is said to peak at (1, 2), PPO at (0, 1)."""
    found = quantities(registry, cells=lambda *key: 0.8 if key[:2] == (chosen, rejected) else 0.5)
    expected = 0.3 if chosen == 1 else -0.15
    assert values(found, "Best-of-n: mean * third, minus *") == pytest.approx([expected])
    expected = 0.3 if chosen == 0 else -0.15
    assert values(found, "PPO: mean * third, minus *") == pytest.approx([expected])
    expected = 0.3 if chosen == 0 else -0.3
    assert values(found, "PPO: highest * third, minus *") == pytest.approx([expected])


def test_worse_ranks_under_best_of_n_shift_the_mean_bin(registry):
    """All weight on (1, 2) under best-of-n, on (0, 1) under PPO; negative cells weigh nothing."""

    def cells(chosen, rejected, optimiser):
        best = (1, 2) if optimiser == "best-of-n" else (0, 1)
        return 0.6 if (chosen, rejected) == best else -0.4

    found = quantities(registry, cells=cells)
    assert values(found, "mean * bin under best-of-n minus under PPO, *") == pytest.approx([1, 1])
    none = quantities(registry, cells=lambda *_: -0.4)
    assert np.isnan(values(none, "mean * bin under best-of-n minus under PPO, *")).all()


def test_ppo_that_goes_further_is_seen(registry):
    assert values(quantities(registry), "mean golden reward reached by PPO *") == [0.5]
    assert values(quantities(registry), "KL divergence of PPO minus *") == [3]


def test_without_a_middle_third_or_a_second_draw_quantities_are_undefined(registry):
    few = quantities(registry, bins=2, sd=np.nan)
    assert np.isnan(values(few, "*: * third, minus *")).all()
    assert np.isnan(values(few, "*: range of Spearman over sources minus *")).all()


def test_beside_a_source_stands_the_paper_model_that_supports_the_claim_most(registry):
    printed = registry.printed("rethinking.table2")
    own, *others = (
        printed[name]["bon_spearman"]["mean"] for name in ("Llama3-8B*", "Mistral-7B", "Vicuna-7b")
    )
    found = quantities(registry)
    gap = found["Best-of-n: Spearman with responses of careful minus with own"]
    assert gap.paper == pytest.approx(max(others) - own)
    gap = found["Best-of-n: Spearman with mixed pairs minus with careful"]
    assert gap.paper == pytest.approx(printed["Origin"]["bon_spearman"] - own)
