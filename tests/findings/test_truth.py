"""Golden models beside the oracle: values, hidden regret, shared errors and texts by hand."""

import numpy as np
import pandas as pd
import pytest
from tests.findings.figures import dots, lines, names, title
from tests.findings.tables import crossed, replicated
from tests.findings.test_regret import run

from proxyreward.findings.core.reading import select
from proxyreward.findings.rethinking import regret
from proxyreward.findings.rethinking.truth import measure, show
from proxyreward.metrics.best_of_n import best_of_n, kl_bound
from proxyreward.vocabulary import ORACLE

JUDGES = ["a", "b", "c", ORACLE]
TOLD = {"run": 7.0}


def judged(worth, **changes):
    """A run with these values to its judges on two prompts; half of them on the way."""
    values = np.repeat(np.array(worth, dtype=float)[:, None], 2, axis=1)
    return run("run", changes.pop("rm", "a"), values, judges=JUDGES, **changes)


@pytest.fixture(scope="module")
def pool():
    """Three reward models with errors of their own, two trained apart, and the oracle."""
    rng = np.random.default_rng(3)
    truth, names = rng.normal(size=(30, 40)), ["a", "b", "c", "x", "y", ORACLE]
    noise = [k * rng.normal(size=truth.shape) for k in (0.5, 1, 2, 1, 1, 0)]
    return regret.Pool(regret.standardised(truth + np.stack(noise), names), names)


def worth(pool, ns, runs):
    return measure.worth(pool, ns, runs, 2, TOLD)


def test_policies_are_worth_what_each_judge_gives_them(pool):
    runs = [judged([4, 1, 3, -2]), judged([1, 1, 1, 1], category="Math")]
    found = worth(pool, [1, 8], runs)
    assert set(found["proxy"]) == {"a", "b", "c", ORACLE}
    own, oracle = pool.scores[1], pool.scores[5]
    best = select(found, optimiser="best-of-n", n=8, proxy="b").iloc[0]
    assert best["own"] == pytest.approx(best_of_n(own, own, [8]).mean())
    assert best["oracle"] == pytest.approx(best_of_n(oracle, own, [8]).mean())
    others = [best_of_n(pool.scores[i], own, [8]).mean() for i in (0, 2)]
    assert best["golden"] == pytest.approx(np.mean(others))
    apart = [best_of_n(pool.scores[i], own, [8]).mean() for i in (3, 4)]
    assert best["apart"] == pytest.approx(np.mean(apart))
    assert best["kl_nats"] == pytest.approx(kl_bound([8])[0] * np.log(2))
    ppo = select(found, optimiser="ppo")  # on all prompts, on the way and at the end
    assert ppo[["step", "own", "golden", "oracle"]].to_numpy().tolist() == [
        [4, 2, 1, -1],
        [9, 4, 2, -2],
    ]
    assert ppo["apart"].fillna(-1).tolist() == [-1, 7]  # they judge the end alone


def test_values_are_means_over_reward_models_and_runs(pool):
    runs = [
        judged([4, 1, 3, -2]),
        judged([6, 1, 3, -4], number=2),
        judged([0, 9, 0, 6], rm="b"),
        judged([2, 1, 1, 1], setting="penalty", kl_coef=0.0),
        judged([0, 0, 0, 5], rm=ORACLE),
    ]
    table = worth(pool, [4], runs)
    found = select(measure.reached(table), optimiser="ppo", judge="oracle")
    assert found.set_index("kl_coef")["value"].to_dict() == {0.0: 1, 0.1: 0}
    beside = select(measure.reached(table), optimiser="ppo", judge="apart")
    assert beside["value"].tolist() == [7, 7]
    way = select(measure.along(table), judge="own").set_index(["kl_coef", "step"])["value"]
    assert way.to_dict() == {
        (0.0, 4): 1, (0.0, 9): 2, (0.1, 4): pytest.approx(19 / 6), (0.1, 9): pytest.approx(19 / 3),
    }  # fmt: skip
    assert set(measure.along(table)["judge"]) == {"own", "golden", "oracle", "kl_nats"}


def test_runs_that_were_not_evaluated_on_their_way_have_no_curve(pool):
    table = worth(pool, [4], [judged([4, 1, 3, -2]), judged([2, 1, 1, 1], kl_coef=0.5)])
    table = table[(table["kl_coef"] != 0.5) | (table["step"] == 9)]
    assert set(measure.along(table)["kl_coef"]) == {0.1}
    assert {0.1, 0.5} <= set(measure.reached(table)["kl_coef"])


def test_the_oracle_hides_nothing_from_itself(evidence):
    """Policies that keep half of the oracle's gain, and of other golden models what they keep."""
    rms = evidence.names()
    policies = [("best-of-n", n, "main", 0.0, 1, 0, 4.0) for n in (4, 16)]
    policies += [("ppo", 0, "main", 0.1, k, 30, 2.0 * k) for k in (1, 2, 3)]
    policies += [("ppo", 0, "penalty", 0.0, 1, 30, 9.0)]
    rows = [
        (*key, proxy, step, 1.0, 2.0, 1.0, 1.0, gain if proxy == ORACLE else gain / 2)
        for *key, step, gain in policies
        for proxy in (*rms, ORACLE)
    ]
    # Another setting has nothing to say.
    rows = [(*row[:-1], -7.0) if row[2] == "penalty" and row[5] == ORACLE else row for row in rows]
    found = measure.kept(evidence, pd.DataFrame(rows, columns=measure.WORTH))
    assert (select(found, judge="oracle")["value"] == 0.5).all()
    golden = select(found, optimiser="ppo", judge="golden").set_index("proxy")["value"]
    ndr = evidence.ndr("ppo")
    assert golden[rms[2]] == pytest.approx(np.delete(ndr[:, 2], 2).mean())
    apart = select(found, judge="apart").set_index("proxy")["value"]
    across = evidence.policies("best-of-n", family="across")
    rows = across[across["golden"].isin(["apart-0", "apart-1"]) & (across["proxy"] == rms[2])]
    assert len(rows) == 2 and apart[rms[2]] == pytest.approx(rows["ndr"].mean())
    hidden = measure.hidden(found)
    assert hidden == pytest.approx(
        {
            "best-of-n: mean NDR by golden models minus by the oracle": select(
                found, optimiser="best-of-n", judge="golden"
            )["value"].mean() - 0.5,
            "best-of-n: mean NDR by golden models trained apart minus by the oracle": apart.mean()
            - 0.5,
            "ppo: mean NDR by golden models minus by the oracle": golden.mean() - 0.5,
        }
    )  # fmt: skip


def test_hidden_regret_and_its_signs_of_a_pair(evidence):
    """Of two families: what agrees beyond the models apart, and what the golden model overrates."""
    names = [*evidence.names(), *evidence.names("apart")]
    pairs = [
        (a, b, 0.01 * i * j, -0.1 * i) for i, a in enumerate(names) for j, b in enumerate(names[:i])
    ]
    errors = pd.DataFrame(pairs, columns=["second", "first", "scores", "errors"])
    found = measure.judged(evidence, errors)
    assert found.groupby("family", sort=False).size().to_dict() == {"main": 30, "apart": 12}
    ndr = evidence.policies("best-of-n", family="across").set_index(["golden", "proxy"])["ndr"]
    for golden, excess in ((names[4], 0.01 * 3 * (4 - 6.5)), ("apart-0", 0.01 * 3 * (6 - 7))):
        row = select(found, golden=golden, proxy=names[3]).iloc[0]
        assert row["hidden"] == pytest.approx(ndr[golden, names[3]] - ndr[ORACLE, names[3]])
        assert row["ndr"] == ndr[golden, names[3]]
        assert row["scores"] == pytest.approx(0.01 * 3 * names.index(golden))
        assert row["excess"] == pytest.approx(excess)
    assert select(found, golden=names[1], proxy=names[3])["errors"].item() == pytest.approx(-0.3)


def test_signs_foretell_what_they_order():
    rows = crossed(family=["main", "apart"], i=range(5))
    rows["golden"] = ["a"] * 5 + ["b"] * 5
    found = measure.foretold(
        rows.assign(
            hidden=rows["i"],
            ndr=[0, 1, 2, 3, 4, 10, 11, 12, 13, 14],
            scores=rows["i"] ** 3,
            excess=-rows["i"],
            errors=[*range(5), *range(5)[::-1]],
        )
    ).set_index(["goldens", "sign"])["value"]
    assert found["main", "scores"] == found["apart", "scores"] == 1
    assert found["all", "excess"] == pytest.approx(-1)
    assert (found["main", "errors"], found["apart", "errors"]) == (1, -1)
    assert abs(found["all", "errors"]) < 1e-12 and abs(found["each", "errors"]) < 1e-12
    # Golden models that differ in level alone are told apart within each of them.
    assert found["all", "ndr"] < 0.8 and found["each", "ndr"] == 1


def test_accuracy_predicts_what_it_orders(evidence):
    pairs = evidence.pairs()
    accuracy = (pairs[:, :, 0] > pairs[:, :, 1]).mean(axis=1)
    own = select(evidence.own, golden=ORACLE).set_index("proxy").loc[evidence.names(), "accuracy"]
    ndrs = [
        pd.DataFrame(
            {"optimiser": optimiser, "judge": "oracle", "proxy": evidence.names(), "value": value}
        )
        for optimiser, value in (("best-of-n", 3 * accuracy - 1), ("ppo", -own.to_numpy()))
    ]
    found = measure.predicted(evidence, pd.concat(ndrs))
    on = select(found, optimiser="best-of-n", test_set="pairs")
    np.testing.assert_allclose(on["value"], 1)
    np.testing.assert_allclose(select(found, optimiser="ppo", test_set="own")["value"], -1)


def test_errors_are_what_the_oracle_does_not_explain():
    """Errors of their own do not correlate, however well the scores do; shared ones do."""
    rng = np.random.default_rng(4)
    truth, fault = rng.normal(size=(2, 200, 50))
    apart = [truth + rng.normal(size=truth.shape) for _ in range(2)]
    alike = [truth + fault, truth + fault + 0.5 * rng.normal(size=truth.shape)]
    offset = 10 * rng.normal(size=(200, 1))  # of a prompt: no one optimises it
    scores = np.stack([*apart, *alike, truth]) + offset
    found = measure.errors(regret.Pool(scores, ["a", "b", "c", "d", ORACLE]))
    pairs = found.set_index(["first", "second"])
    assert pairs.loc[("a", "b"), "scores"] == pytest.approx(0.5, abs=0.02)
    assert pairs.loc[("a", "b"), "errors"] == pytest.approx(0, abs=0.02)
    assert pairs.loc[("c", "d"), "errors"] == pytest.approx(1 / np.sqrt(1.25), abs=0.02)
    shared = measure.shared(found, ["a", "b"], ["c", "d"]).set_index(["models", "measure"])["value"]
    assert shared["all", "errors"] == pytest.approx(pairs.loc[("a", "b"), "errors"])
    across = [pairs.loc[(a, b), "scores"] for a in "ab" for b in "cd"]
    assert shared["two families", "scores"] == pytest.approx(np.mean(across))
    assert shared["two families, cleaner halves", "scores"] == pytest.approx(across[0])
    halves = measure.shared(found, ["a", "b", "c", "d"], []).set_index(["models", "measure"])[
        "value"
    ]
    assert halves["cleaner half", "errors"] == pytest.approx(pairs.loc[("a", "b"), "errors"])
    assert len(found) == 6


def test_texts_are_those_of_the_main_setting_and_of_the_smallest_other_penalty():
    said = np.array([[f"{prompt}{i}" for i in range(3)] for prompt in "PQ"])
    scores = np.array([[0, 2, 1], [5, 0, 0]])
    coefs = {"penalty": (0.5, 0.0), "main": (0.1,)}
    texts = {(name, k): [f"P at {k}", f"Q at {k}"] for name, own in coefs.items() for k in own}
    found = measure.examples(["P?", "Q?"], said, scores, texts)
    assert found["response"].tolist() == [
        *("P0", "P1", "P at 0.1", "P at 0.0"),
        *("Q0", "Q0", "Q at 0.1", "Q at 0.0"),
    ]
    shown = show.table_texts(found.assign(utility=[-1.5, 0.75] * 4))
    assert shown["Prompt"].tolist() == ["P?", "", "", "", "Q?", "", "", ""]
    assert shown["Oracle"].tolist()[:2] == [-1.5, 0.75]
    assert shown["Policy"].tolist()[:4] == [
        "initial policy",
        "best-of-n",
        "PPO, penalty 0.1",
        "PPO, no penalty",
    ]


def test_figures_show_every_judge(pool):
    runs = [judged([4, 1, 3, -2]), judged([2, 1, 1, 1], kl_coef=0.5)]
    table = measure.reached(worth(pool, [1, 2, 4], runs))
    [best, ppo] = show.plot_reached(replicated({"reached": table})["reached"]).axes
    assert (title(best), title(ppo)) == ("Best-of-n", "PPO")
    assert lines(best).keys() >= {"its own reward model", "reward models trained apart"}
    assert names(ppo, "x") == ["0.1", "0.5"]
    np.testing.assert_allclose(dots(ppo)["the oracle"][:, 1], [-2.1, 1.05])  # times 1, 1.05, 1.1
    np.testing.assert_allclose(dots(ppo)["reward models trained apart"][:, 1], [7.35, 7.35])


def test_values_on_the_way_are_drawn_over_the_divergence(pool):
    other = judged([2, 1, 1, -4], setting="penalty", kl_coef=0.0)
    table = measure.along(worth(pool, [1], [judged([4, 1, 3, -2]), other]))
    main, free = show.plot_along(replicated({"along": table})["along"]).axes
    assert (title(main), title(free)) == ("PPO, penalty 0.1", "PPO, no penalty")
    kl, reward = lines(free)["the oracle"].get_data()
    np.testing.assert_allclose(kl, 1.05 * np.array([0, 1, 2]))
    np.testing.assert_allclose(reward, 1.05 * np.array([0, -2, -4]))


def test_rows_of_hidden_regret_are_the_reward_models():
    keys = [(o, j, p) for o in ("best-of-n", "ppo") for j in ("golden", "oracle") for p in "ab"]
    table = pd.DataFrame(keys, columns=["optimiser", "judge", "proxy"])
    table = table.assign(value=np.arange(8) / 8)
    apart = pd.DataFrame({"optimiser": "best-of-n", "judge": "apart", "proxy": ["a", "b"]})
    table = pd.concat([table, apart.assign(value=[0.25, 0.5])], ignore_index=True)
    figure = show.plot_kept(replicated({"kept": table})["kept"], {"a": "0", "b": "0.45"})
    assert "reward models trained apart" not in dots(figure.axes[1])
    beside = dots(figure.axes[0])["reward models trained apart"][:, 0]
    np.testing.assert_allclose(beside, [1.05 * 0.25, 1.05 * 0.5])
    assert names(figure.axes[0]) == ["0", "0.45"]
    drawn = dots(figure.axes[1])["the oracle"][:, 0]
    np.testing.assert_allclose(drawn, 1.05 * np.array([6, 7]) / 8)


def test_each_pair_is_a_point_by_both_signs_and_families_are_rows(evidence):
    rows = crossed(family=["main", "apart"], i=range(4))
    table = rows.assign(hidden=rows["i"], scores=0.1 * rows["i"], excess=-0.1 * rows["i"])
    table = table.assign(ndr=rows["i"], errors=rows["i"], golden=rows["family"])
    [scores, excess] = show.plot_judged(table).axes
    for axis, sign in ((scores, 1), (excess, -1)):
        [own, apart] = axis.collections
        np.testing.assert_allclose(own.get_offsets(), [(0.1 * sign * i, i) for i in range(4)])
    found = replicated({"foretold": measure.foretold(table)})["foretold"]
    shown = show.table_foretold(found)
    assert shown["Golden models"].tolist() == [
        "all",
        "of the proxy's family",
        "trained apart",
        "one at a time (mean)",
    ]
    assert shown.columns[1:].tolist() == list(show.SIGNS.values())


def test_both_test_sets_stand_in_the_table_of_accuracy():
    keys = crossed(test_set=["pairs", "own"], optimiser=["best-of-n", "ppo"], statistic=["kendall"])
    found = replicated({"predicted": keys.assign(value=[0.1, 0.2, 0.3, 0.4])})["predicted"]
    shown = show.table_predicted(found).set_index(["Optimiser", "Test set"])["Kendall"]
    assert shown["PPO", "own samples"].startswith("0.42")  # times 1, 1.05, 1.1


def test_controls_of_ppo_are_means_over_reward_models_at_the_end(pool):
    runs = [
        judged([4, 1, 3, -2]),
        judged([6, 1, 3, -4], number=2),
        judged([0, 9, 0, 9], rm="b"),
        judged([2, 1, 1, 1], setting="penalty", kl_coef=0.0),
        judged([2, 1, 1, 8], setting="penalty", kl_coef=0.5),
        judged([0, 0, 0, 5], rm=ORACLE),
    ]
    ndr = [0.0, 0.5, 0.9, 0.1]
    pairs = [("a", "b"), ("b", "a"), ("a", "c"), ("c", "a")]
    repeats = pd.DataFrame(
        [(k, *pair, value) for k in (1, 2) for pair, value in zip(pairs, ndr)],
        columns=["number", "golden", "proxy", "ndr"],
    )
    assert measure.controls(worth(pool, [4], runs), repeats, "b") == pytest.approx(
        {
            "oracle gain of main ppo": 1.0,
            "oracle gain of main ppo on clean labels": 9.0,
            "oracle gain of ppo at beta 0": 1.0,
            "agreement of averaged ppo runs": 1.0,
        }
    )
