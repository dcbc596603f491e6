from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core.reading import select
from proxyreward.findings.rethinking import regret
from proxyreward.findings.rethinking.evidence import CURVES, REGRET, REPEATS, RUNS
from proxyreward.metrics.best_of_n import best_of_n


@pytest.fixture
def pool(family):
    """Scores `(rms, prompts, samples)` and names of the RMs."""
    return family[0], family[2]["rm"].tolist()


@pytest.fixture
def standard(pool):
    scores, names = pool
    return regret.Pool(regret.standardised(scores, names), names)


def run(name, rm, values, **changes):
    """A PPO run with the given values at its end, and half of them on the way."""
    values = np.stack([values / 2, values])
    options = {"setting": "main", "number": 1, "kl_coef": 0.1, "category": None, "message": ""}
    options |= {"status": "finished", "judges": NAMES, "end": 9} | changes
    end = {"steps": np.array([4, 9]), "kl_nats": np.array([1.0, 2.0]), "entropy": 1.0}
    return regret.Optimised(name=name, rm=rm, values=values, **options, **end)


NAMES = ["a", "b"]
CATEGORY = np.array(["Chat", "Chat", "Math"])
# Worth of the policies of `a` and of `b`, (rms, prompts).
OF_A = np.array([[2.0, 2.0, 5.0], [1.0, 1.0, 1.0]])
OF_B = np.array([[1.0, 1.0, 1.0], [4.0, 4.0, 4.0]])
OF = {"a": OF_A, "b": OF_B}
START = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])


def rows(table, **choice):
    return select(table, **choice).set_index(["golden", "proxy"])


def test_ndr_of_a_pair_from_first_principles(pool, standard):
    golden, proxy = pool[0].astype(float)[[1, 3]]
    start = golden.mean()
    gain = best_of_n(golden, proxy, [8]).mean() - start
    own = best_of_n(golden, golden, [8]).mean() - start
    row = rows(standard.regret([8])).loc[("rm0.1", "rm0.3")]
    assert row["ndr"] == pytest.approx(gain / own)
    assert row["golden_gain"] == pytest.approx(own / golden.std())
    assert row["golden_reward"] == pytest.approx(gain / golden.std())


def test_a_category_is_its_own_prompts_and_start(pool, standard):
    inside = np.arange(40) < 10
    scores = pool[0][:, inside]
    part = regret.Pool(regret.standardised(scores, pool[1]), pool[1])
    # Scale and offset differ between all prompts and some, but NDR depends on neither.
    np.testing.assert_allclose(
        standard.regret([4], inside, "Chat")["ndr"], part.regret([4])["ndr"], atol=1e-6
    )


def test_curves_start_at_exactly_zero_and_golden_policies_never_fall(standard):
    curves = standard.curves(regret.n_grid(20))
    assert list(curves) == CURVES and curves["step"].unique().tolist() == [1, 2, 4, 8, 16, 20]
    assert (curves.loc[curves["step"] == 1, "golden_reward"] == 0).all()
    own = curves[curves["golden"] == curves["proxy"]]
    assert (own.groupby("golden")["golden_reward"].diff().dropna() > 0).all()
    np.testing.assert_array_equal(own["golden_reward"], own["proxy_reward"])


def test_ppo_regret_by_category_and_training():
    runs = [run("a", "a", OF_A), run("b", "b", OF_B)]
    alone = [run(f"math-{n}", n, v[:, 2:], category="Math") for n, v in zip(NAMES, (OF_A, OF_B))]
    table = regret.ppo_regret([*runs, *alone], START, CATEGORY, NAMES)
    assert list(table) == REGRET
    joint = rows(table, setting="main", training="joint", category="all")
    assert joint.loc[("a", "b"), "ndr"] == pytest.approx((1 - 1 / 3) / (3 - 1 / 3))
    assert joint.loc[("b", "a"), "ndr"] == pytest.approx(1 / 4)
    for training in ("joint", "Math"):
        math = rows(table, setting="main", training=training, category="Math")
        # Golden `a` starts at 1 on the Math prompt: its own policy gains 4 there, `b` nothing.
        assert math.loc[("a", "b"), "ndr"] == 0 and math.loc[("a", "a"), "golden_gain"] == 4
    assert set(table["category"]) == {"all", "Chat", "Math"}


def test_runs_on_a_category_are_judged_by_those_that_have_them():
    names = ["other", *NAMES]
    runs = [
        run("a", "a", OF_A[:, 2:], category="Math"),
        run("b", "b", OF_B[:, 2:], category="Math"),
    ]
    joint = [run(n, n, np.ones((3, 3)), judges=names) for n in names]
    start = np.concatenate([np.ones((1, 3)), START])
    table = regret.ppo_regret([*joint, *runs], start, CATEGORY, names)
    assert len(rows(table, training="Math")) == 4
    assert len(rows(table, setting="main", training="joint", category="all")) == 9


def repeated():
    """Two main runs on `a` and `b`, the second gaining thrice as much, and one without a penalty.

    The runs on `b` come first: their order must not matter.
    """
    others = [run(f"0-{n}", n, 5 * v, setting="penalty", kl_coef=0.0) for n, v in OF.items()]
    main = [
        run(f"{k}-{name}", name, (2 * k - 1) * values, number=k)
        for k in (1, 2)
        for name, values in reversed(OF.items())
    ]
    return [*others, *main]


def test_main_rewards_are_means_over_runs_and_ndr_is_that_of_means():
    """Not the mean of NDRs, which a run with a small gain of its own would rule."""
    table = regret.ppo_regret(repeated(), START, CATEGORY, NAMES)
    main = rows(table, setting="main", category="all")
    assert (main["kl_coef"] == 0.1).all()
    assert main.loc[("a", "b"), "golden_reward"] == pytest.approx(2 * 1)
    assert main.loc[("a", "b"), "ndr"] == pytest.approx((2 - 1 / 3) / (6 - 1 / 3))
    assert main.loc[("b", "a"), "ndr"] == pytest.approx(2 / 8)


def test_each_penalty_has_one_run_and_the_main_one_its_first():
    table = regret.ppo_regret(repeated(), START, CATEGORY, NAMES)
    found = rows(table, setting="penalty", category="all")
    reward = found.set_index("kl_coef", append=True)["golden_reward"]
    assert len(found) == 2 * 4
    assert reward["a", "b", 0.1] == pytest.approx(1) and reward["a", "b", 0.0] == pytest.approx(5)


def test_repeats_are_the_regret_of_each_main_run_alone():
    table = regret.ppo_repeats(repeated(), START, NAMES)
    assert list(table) == REPEATS and len(table) == 2 * 4
    for k in (1, 2):
        alone = [one for one in repeated() if one.setting == "main" and one.number == k]
        of_one = rows(
            regret.ppo_regret([replace(one, number=1) for one in alone], START, CATEGORY, NAMES),
            setting="main",
            category="all",
        )
        found = rows(table, number=k)
        pd.testing.assert_series_equal(found["ndr"], of_one["ndr"])
        pd.testing.assert_series_equal(found["golden_reward"], of_one["golden_reward"])


def test_curves_are_those_of_the_first_main_runs():
    curves = regret.ppo_curves(repeated())
    assert len(curves) == 2 * 2 * 3 and curves["kl_bits"].max() == pytest.approx(2 / np.log(2))
    own = curves[(curves["golden"] == "a") & (curves["proxy"] == "a")]
    assert own["step"].tolist() == [0, 4, 9]
    assert own["golden_reward"].tolist() == pytest.approx([0, 1.5, 3])
    other = curves[(curves["golden"] == "a") & (curves["proxy"] == "b")]
    assert other["proxy_reward"].tolist() == pytest.approx([0, 2, 4])


def test_the_end_of_a_run_is_told():
    runs = [run("a", "a", OF_A, status="kl-budget", message="spent", end=7, number=2)]
    table = regret.ppo_runs(runs)
    assert list(table) == RUNS
    expected = ("a", "a", "main", 2, 0.1, "joint", "kl-budget", "spent", 7, 3.0, 2.0, 1.0)
    assert tuple(table.iloc[0]) == expected


def test_rewards_have_one_scale(pool, standard):
    assert np.allclose(standard.scores.mean(axis=(1, 2)), 0)
    assert np.allclose(standard.scores.std(axis=(1, 2)), 1)
    scaled = pool[0].astype(float) * np.arange(1, 6)[:, None, None] + 7
    again = regret.Pool(regret.standardised(scaled, pool[1]), pool[1])
    pd.testing.assert_frame_equal(again.curves([1, 8]), standard.curves([1, 8]), atol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300, 0.1])
def test_a_model_without_an_opinion_or_with_scores_that_are_no_numbers_is_named(value):
    """Equal scores are found although their sd is rounding noise."""
    pool = np.random.default_rng(0).normal(size=(2, 3, 7))
    pool[1, 2, 3] = value
    told = "a score that is not"
    if value == 0.1:
        pool[1], told = value, "every sample of the pool one score"
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=f"^b gives {told}"):
        regret.standardised(pool, NAMES)
