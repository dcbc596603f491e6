"""Positive controls: how they are read, measured and shown."""

import numpy as np
import pandas as pd
import pytest

from proxyreward.findings.core import controls, replicates
from proxyreward.findings.core.quantity import Quantity
from proxyreward.pipeline.params import load
from proxyreward.pipeline.stages.controls import compute

ALL = controls.load_controls()
# Whoever changes a threshold, a sign or a share has to change this list with it.
PINNED = {
    "clean-rm": ("evidence", "reward model minus word counts", ">=", 0.05, 0.0),
    "main-ppo": ("evidence", "oracle gain of main ppo on clean labels", ">", 0.0, 0.9),
    "no-penalty": ("evidence", "oracle gain of ppo at beta 0", "<", 0.0, 0.0),
    "ppo-agrees": ("evidence", "agreement of averaged ppo runs", ">=", 0.7, 0.0),
    "over-confident": ("mixes", "inverse temperature of multitask", "<", 0.8, 0.0),
    "rejection": ("rejection", "oracle by oracle", ">=", 0.6, 0.0),
    "rejection-multitask": ("rejection", "multitask by own", ">=", 0.6, 0.0),
    "rejection-more": ("rejection", "more by own", ">=", 0.6, 0.0),
}


def test_controls_are_those_that_are_pinned():
    found = {
        c.id: (c.table, c.comparison.name, c.comparison.sign, c.comparison.threshold,
               c.comparison.least)
        for c in ALL
    }  # fmt: skip
    assert found == PINNED


def test_every_claim_that_a_control_names_is_measured_by_a_finding(registry):
    measured = [claim.id for claim in registry.claims() if claim.finding]
    for one in ALL:
        for pattern in one.claims:
            alone = controls.Control(one.id, "", one.comparison, "", "", (pattern,))
            assert any(map(alone.carries, measured)), (one.id, pattern)


def test_the_stage_reads_what_is_there_and_leaves_the_rest_undefined(tmp_path, monkeypatch, root):
    params = load(root / "params.yaml")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results" / params.scale / "evidence"
    folder.mkdir(parents=True)
    rows = {"name": ["oracle gain of main ppo on clean labels", "another"], "value": [0.4, 9.0]}
    pd.DataFrame(rows).to_csv(folder / "controls.csv", index=False)
    found = {name: one.own for name, one in compute(params).quantities.items()}
    assert found.pop("oracle gain of main ppo on clean labels") == 0.4
    assert len(found) == len(ALL) - 1 and np.isnan([*found.values()]).all()


def test_what_no_replicate_has_is_not_measured(tmp_path):
    assert controls.measured(tmp_path) == {}
    name, other = ALL[1].comparison.name, ALL[2].comparison.name
    runs = {
        seed: {
            replicates.QUANTITIES: replicates.as_table(
                {name: Quantity(np.array([value])), other: Quantity(np.array([np.nan]))}
            )
        }
        for seed, value in enumerate([0.4, 0.5, np.nan])
    }
    (tmp_path / controls.FOLDER).mkdir()
    replicates.write(tmp_path / controls.FOLDER, 0, runs, "x")
    found = controls.measured(tmp_path)
    assert list(found) == [name] and found[name].n == 2


@pytest.mark.parametrize(
    ("right", "outcome"), [(20, "holds"), (18, "holds"), (17, "fails"), (9, "open"), (0, "fails")]
)
def test_a_control_may_have_to_show_in_most_replicates_by_itself(right, outcome):
    """Of 20, by the target of 18; on average it shows in 17 as well."""
    values = np.where(np.arange(20) < right, 1.0, -1.0) + np.linspace(0, 0.01, 20)
    [main] = [one for one in ALL if one.id == "main-ppo"]
    row = controls.standing([main], {main.comparison.name: Quantity(values)}).iloc[0]
    assert (row["right"], row["n"], row["outcome"]) == (right, 20, outcome)
    assert row["asked"] == "> 0, in 90% of the replicates"
    assert row["estimate"] == pytest.approx(values.mean())


def test_a_control_without_a_table_is_not_measured():
    table = controls.standing(ALL, {})
    assert (table["outcome"] == controls.NOT_MEASURED).all() and (table["n"] == 0).all()
    assert table["estimate"].isna().all() and table["id"].tolist() == list(PINNED)
    shown = controls.as_text(table)
    assert (shown["Outcome"] == controls.NOT_MEASURED).all() and (shown["Measured"] == "–").all()
    found = {ALL[0].comparison.name: Quantity(np.array([0.04, 0.06, 0.08]))}
    assert controls.as_text(controls.standing(ALL[:1], found)).iloc[0].tolist()[1:] == [
        "≥ 0.05 (share of pairs)", "0.06 [0.01,\u00a00.11]", "2 of 3", "open",
    ]  # fmt: skip
