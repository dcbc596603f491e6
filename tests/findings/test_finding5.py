"""Finding 5: degrees of overoptimisation, the theory beside them, and what is shown of both."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.findings.figures import lines, names, title
from tests.findings.tables import as_read, compared

from proxyreward.findings.rethinking.finding5 import claims, measure, show, theory
from proxyreward.findings.rethinking.finding5.measure import KINDS
from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.best_of_n import best_of_n
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.reward_families import families
from proxyreward.pipeline.stages import finding5
from proxyreward.pipeline.typed import build

EXCESS = "label flips: sd of measured minus expected degree, of that of sampling error"


def compute(pool, pairs, rms, seed=1):
    return measure.compute(pool, pairs, rms, np.random.default_rng(seed))


def values(tables):
    """What the claims compare, by name."""
    return {name: quantity.own for name, quantity in claims.quantities(tables).items()}


@pytest.fixture(scope="module")
def found(family):
    """Utility and noise are normal, alike in pool and test pairs: nothing but regression."""
    return compute(*family)


def test_one_row_by_hand(found, family):
    pool, bench, rms = family
    golden, proxy = ((a - a.mean()) / a.std() for a in pool[[1, 3]].astype(float))
    row = found["degrees"].query("golden == 'rm0.1' and proxy == 'rm0.3' and n == 8").iloc[0]
    kept, promised = (best_of_n(a, proxy, [8]).mean() for a in (golden, proxy))
    assert row["degree"] == pytest.approx(kept / promised, abs=1e-5)
    assert row["proxy_gain"] == pytest.approx(promised, abs=1e-5)
    assert row["accuracy"] == accuracy_matrix(bench)[1, 3]
    assert row["expected"] == pytest.approx(np.sin(np.pi * (row["accuracy"] - 0.5)))
    assert row["expected_raw"] == pytest.approx(row["expected"] ** 2)
    assert (row["flip_golden"], row["flip_proxy"]) == (0.1, 0.3)
    assert row["residual_se"] > row["se"] > 0


def test_controls_are_as_accurate_as_the_proxies_they_stand_for(found):
    top = show.chosen(found["degrees"])
    flips, *controls = (top.loc[top["kind"] == kind, "accuracy"].to_numpy() for kind in KINDS)
    for control in controls:
        gap = control - flips
        # 300 pairs: a standard error is below 0.03.
        assert 0 < abs(gap).max() < 0.1 and abs(gap.mean()) < 0.02


def test_the_scale_of_a_reward_model_changes_nothing(tmp_path, monkeypatch, root):
    """The stage takes pool and test pairs from two places; noise has to fit both."""
    params = build(Params, compose(["scale=smoke"], root / "params"), "params")
    names, rng = [rm.name for rm in families(params)["main"]], np.random.default_rng(4)
    pool, pairs = (
        rng.normal(size=shape) + 0.5 * rng.normal(size=(len(names), *shape))
        for shape in ((12, 16), (200, 2))
    )
    found = []
    monkeypatch.chdir(tmp_path)
    for units in (np.ones(len(names)), 10.0 ** np.arange(len(names))):
        pool_of, pairs_of = (scores * units[:, None, None] for scores in (pool, pairs))
        for name, scores in zip(names, pool_of, strict=True):
            (folder := tmp_path / "outputs/smoke/scores" / name).mkdir(parents=True, exist_ok=True)
            np.save(folder / "initial.npy", scores)
        evidence = SimpleNamespace(pairs=lambda scores=pairs_of: scores)
        evidence.names, evidence.flips = lambda: names, lambda: [0.0, 0.15, 0.3, 0.45]
        monkeypatch.setattr(finding5.Evidence, "read", lambda _, read=evidence: read)
        found.append(finding5.compute(params).estimates["deviations"])
    pd.testing.assert_frame_equal(*found)


def test_deviations_are_mean_distances(found):
    table = measure.deviations(found["degrees"])
    assert len(table) == len(table.drop_duplicates(["n", "kind"])) == 3 * 5
    rows = found["degrees"].query("n == 8 and kind == 'label flips'")
    assert len(rows) == 5 * 4 and (rows["golden"] != rows["proxy"]).all()
    sizes = {"rms": 5, "prompts": 40, "samples": 20, "pairs": 300}
    assert found["sizes"].iloc[0].to_dict() == sizes
    value = table.query("n == 8 and kind == 'label flips'")["value"].item()
    assert value == pytest.approx(np.mean(np.abs(rows["degree"] - rows["expected"])))


def test_unknown_choices_are_refused_and_name_the_known(found, family):
    with pytest.raises(ValueError, match=r"n=3 .*\[2, 4, 8, 16, 20\]"):
        show.chosen(found["degrees"], 3)
    with pytest.raises(ValueError, match=r"'rm9'.*rm0\.0"):
        show.chosen(found["degrees"], 4, "rm9")
    with pytest.raises(ValueError, match="list has 4, the pool 5"):
        compute(*family[:2], family[2][:4])
    with pytest.raises(ValueError, match="above 0"):
        theory.pressure(0.0, np.random.default_rng(0))


def test_pressure_of_noise_as_large_as_the_reward_keeps_half():
    table = theory.pressure(1.0, np.random.default_rng(0)).set_index("n")
    np.testing.assert_allclose(table.loc[1, ["promised", "kept", "possible"]], 0, atol=0.02)
    np.testing.assert_allclose(table["expected"], table["promised"] / 2)
    assert abs(table.loc[16:, "kept"] / table.loc[16:, "promised"] - 0.5).max() < 0.03


def test_simulations_hit_the_formulas(found):
    table = found["simulated"]
    counts = table["quantity"].value_counts().to_dict()
    assert counts == {"accuracy": 15, "slope": 5, "degree": 40, "ndr": 40}
    assert (abs(table["estimate"] - table["expected"]) < 4.5 * table["se"]).all()


def test_theory_holds(found, registry):
    measured = values(found)
    definitions = (c for c in registry.measured_by("finding5") if c.kind == "definition")
    for comparison in (line for claim in definitions for line in compared(claim)):
        [value] = [measured[name] for name in comparison.matching(measured)]
        assert (value <= comparison.threshold) == (comparison.sign == "<="), comparison


def test_where_nothing_but_regression_is_at_work_pairs_stray_by_sampling_error(found):
    measured = values(found)
    assert measured[EXCESS] == pytest.approx(1, abs=0.4)
    # Leaving the accuracy's own error out makes outliers of pairs that are none.
    alone = measured["label flips: share of pairs more than 2 se off"]
    both = "label flips: share of pairs more than 2 se off, the accuracy's own error included"
    assert measured[both] <= 0.1 < alone
    assert abs(measured["mean |residual|, label flips minus normal model"]) < 0.05


def test_proxies_that_fail_on_the_pool_are_off_as_noise_is_not(family):
    """RMs that agree on the test pairs and not on the pool, each normal with sd 1 on both."""
    rng = np.random.default_rng(8)

    def scores(noise, *shape):
        own = rng.normal(size=(5, *shape))
        return (rng.normal(size=shape) + noise * own) / np.hypot(1, noise)

    measured = values(compute(scores(2.0, 40, 20), scores(0.4, 300, 2), family[2]))
    assert measured["label flips: share of pairs outside the 95% band"] == 1
    for kind in ("golden plus noise", "normal model"):
        assert measured[f"mean |residual|, label flips minus {kind}"] > 0.3
        assert measured[f"{kind}: share of pairs outside the 95% band"] < 0.2
    # Every pair is off by the same amount: the spread is no more than that of sampling error.
    assert measured[EXCESS] < 1.5


def test_pairs_of_one_accuracy_that_differ_are_found(found):
    degrees = found["degrees"].copy()
    flips = degrees["kind"] == "label flips"
    swing = np.where(degrees["proxy"].isin(["rm0.0", "rm0.2"]), 0.3, -0.3)
    degrees.loc[flips, "degree"] += swing[flips]
    rows = degrees[flips & (degrees["n"] == 20)]
    spread = np.std(rows["degree"] - rows["expected"]) / np.sqrt(np.mean(rows["residual_se"] ** 2))
    measured = values(found | {"degrees": degrees})
    assert measured[EXCESS] == pytest.approx(spread) and spread > 2
    distance = abs(rows["degree"] - rows["expected"]).mean()
    assert measured["label flips: mean |residual|"] == pytest.approx(distance)
    off = abs(rows["degree"] - rows["expected_raw"]) > 2 * rows["se"]
    name = "label flips: share of pairs more than 2 se off the curve for raw rewards"
    assert measured[name] == off.mean()


@pytest.mark.parametrize(
    ("quantity", "what"),
    [
        ("accuracy", "accuracy at one scale minus at another"),
        ("accuracy", "accuracy minus the closed form"),
        ("slope", "regression slope minus d"),
        ("degree", "best-of-n J_g/J_p minus d"),
    ],
)
def test_a_simulation_off_by_some_standard_errors_shows(found, quantity, what):
    simulated = found["simulated"].copy()
    row = simulated.index[simulated["quantity"] == quantity][0]
    simulated.loc[row, "estimate"] -= 8 * simulated.loc[row, "se"]
    assert values(found | {"simulated": simulated})[f"largest |{what}|, in standard errors"] > 4.3


def test_a_bent_or_shifted_curve_shows(found):
    curve = found["curve"].copy()
    curve.loc[20, ["degree", "accuracy_closed"]] += 0.2
    curve.loc[0, "degree"] -= 1e-4
    measured = values(found | {"curve": curve})
    assert measured["smallest step of the degree as the accuracy grows"] < 0
    assert measured["distance of the curve's ends from (0.5, 0) and (1, 1)"] > 1e-5
    assert measured["largest difference of the integral from the closed form"] > 0.19


def test_theory_puts_the_closed_form_on_the_integral(found):
    axis = show.plot_theory(found["curve"], found["simulated"]).axes[0]
    drawn = lines(axis)
    curve = drawn["golden plus noise, integral (eq. 7)"]
    closed = drawn["closed form of the first"]
    np.testing.assert_allclose(closed.get_xydata(), curve.get_xydata()[::5])
    assert (drawn["both standardised; also the NDR"].get_ydata() >= curve.get_ydata() - 1e-9).all()


@pytest.mark.parametrize(("golden", "points"), [("", 20), ("rm0.4", 4)])
def test_measured_has_a_point_per_label_flip_pair(found, golden, points):
    rows = show.chosen(found["degrees"], 8, golden)
    axis = show.plot_measured(rows, found["curve"]).axes[0]
    assert len(axis.collections[-1].get_offsets()) == points
    assert axis.collections[-1].get_clim() == (0, 0.4)
    assert "best-of-8" in axis.get_ylabel()


def test_residuals_show_the_three_kinds_with_their_mean_distance(found):
    figure = show.plot_residuals(show.chosen(found["degrees"]))
    table = measure.deviations(found["degrees"]).query("n == 20")
    titles = [f"{row.kind}\nmean distance {row.value:.2f}" for row in table.itertuples()]
    assert [title(axis) for axis in figure.axes] == titles


def test_lines_over_n_show_what_the_tables_say(found):
    axis = show.plot_deviations(as_read(measure.deviations(found["degrees"]))).axes[0]
    assert list(lines(axis)) == list(KINDS) and len(axis.collections) == 3
    assert names(axis, "x") == ["2", "4", "8", "16", "20"]
    drawn = lines(show.plot_pressure(theory.pressure(2.0, np.random.default_rng(0))).axes[0])
    kept = drawn["the proxy's policy, by the golden RM"].get_ydata()
    np.testing.assert_allclose(kept, drawn["d times the first line"].get_ydata(), atol=0.1)
