"""Tables over replicates: what is written is read, other replicates stay, damage is told."""

import json

import numpy as np
import pandas as pd
import pytest

from proxyreward.files import file_hashes
from proxyreward.findings.core import replicates
from proxyreward.findings.core.quantity import counted, measured
from proxyreward.findings.core.replicates import QUANTITIES, RECORD, as_table


def of(**values):
    """Quantities of one replicate."""
    return {QUANTITIES: as_table({k: measured(v, paper=0.5) for k, v in values.items()})}


def row(value, name="t"):
    """A table of one replicate with a single row."""
    return {name: pd.DataFrame({"base": ["a"], "value": [value]})}


def write(folder, found, default=0, experiment="e"):
    return replicates.write(folder, default, found, experiment)


def values(folder, name="a"):
    return replicates.quantities(folder)[name].values.tolist()


def test_quantities_are_read_as_they_were_written(tmp_path):
    own = as_table({"b": measured(1, 0.5), "a": measured(2.0), "c": counted(3)})
    assert write(tmp_path, {0: {QUANTITIES: own}, 1: of(b=2.0, a=np.nan)}) == []
    found = replicates.quantities(tmp_path)
    assert list(found) == ["b", "a", "c"]  # as the default run names them
    assert values(tmp_path, "b") == [1, 2] and found["b"].own == 1 and found["b"].paper == 0.5
    assert found["a"].n == 1 and np.isnan(found["a"].paper)
    assert found["c"].is_counted and not found["b"].is_counted


def test_a_table_has_estimates_and_intervals_beside_what_names_its_rows(tmp_path):
    names = pd.DataFrame({"base": ["8x1", "16x2"], "n": [4, 1 / 3], "paper": [0.5, np.nan]})
    runs = {seed: {"t": names.assign(value=[seed, 2.0 * seed])} for seed in (0, 1, 2)}
    runs[2]["t"] = runs[2]["t"].iloc[::-1]  # rows are found by name, not by place
    write(tmp_path, runs)
    found = replicates.read(tmp_path, "t")
    assert list(found) == ["base", "n", "paper", "estimate", "low", "high", "own", "runs"]
    assert found["estimate"].tolist() == [1, 2] and found["own"].tolist() == [0, 0]
    assert found["runs"].tolist() == [3, 3] and found["n"].tolist() == pytest.approx([4, 1 / 3])
    half = 4.302653 / np.sqrt(3)  # t of two degrees of freedom, sd 1
    assert found["high"].tolist() == pytest.approx([1 + half, 2 + 2 * half])


@pytest.mark.parametrize("seed", [0, 1])
def test_two_rows_of_one_name_are_refused(tmp_path, seed):
    twice = {"t": pd.concat([row(1.0)["t"], row(2.0)["t"]])}
    with pytest.raises(ValueError, match=f"t, seed {seed}: two rows have one name, columns base"):
        write(tmp_path, {0: row(1.0), seed: twice})


@pytest.mark.parametrize(
    "names",
    [
        ["a, b", 'say "a"', "two\nlines", "\u2028", " a", "ä", "", "nan", "007", "7"],
        [0.1 + 0.2, 1 / 3, 4.0, 1e-12, np.nan],
        [True, False],
        [4, 4.5, "all", True, None],
        [-1, 0, 12345678901],
    ],
)
def test_rows_are_found_again_whatever_their_names(tmp_path, names):
    rows = {"base": names, "number": range(len(names))}  # either alone names a row
    for columns in (["base"], ["base", "number"]):
        table = pd.DataFrame(rows)[columns].assign(value=np.arange(len(names)) / 7)
        runs = {0: {"t": table}, 1: {"t": table.iloc[::-1]}}
        write(tmp_path, runs, experiment=str(columns))
        assert write(tmp_path, {0: runs[0]}, experiment=str(columns)) == []
        found = replicates.read(tmp_path, "t")
        assert found["runs"].tolist() == [2] * len(names)
        assert found["estimate"].tolist() == pytest.approx(table["value"].tolist())


THREE = {seed: of(a=float(seed)) for seed in (0, -1, 2)}


@pytest.mark.parametrize(
    ("found", "default", "experiment", "told", "left"),
    [
        ({0: of(a=9.0), 2: of(a=8.0)}, 0, "e", [], [9, -1, 8]),
        ({2: of(a=4.0)}, 2, "e", [], [4, -1, 0]),  # the replicate is the default run now
        ({0: of(a=5.0)}, 0, "another", ["2 replicates with other parameters"], [5]),
        ({0: of(a=5.0) | row(1.0)}, 0, "e", [], [5, -1, 2]),
    ],
)
def test_replicates_that_were_not_run_here_stay_if_they_are_of_this_experiment(
    tmp_path, found, default, experiment, told, left
):
    write(tmp_path, THREE)
    assert write(tmp_path, found, default, experiment) == told and values(tmp_path) == left


def test_rows_and_tables_have_the_runs_that_know_them(tmp_path):
    write(tmp_path, {0: of(old=1.0, a=1.0), 1: of(old=2.0, a=2.0)})
    told = write(tmp_path, {0: of(a=3.0, new=1.0) | row(5.0), 2: of(a=4.0), 3: row(np.inf)})
    assert told == ["1 rows that the default run does not have"]
    found = replicates.quantities(tmp_path)
    assert {name: quantity.n for name, quantity in found.items()} == {"a": 3, "new": 1}
    assert replicates.read(tmp_path, "t")[["estimate", "runs"]].values.tolist() == [[np.inf, 2]]


def test_same_replicates_same_bytes_in_whatever_order_they_came(tmp_path):
    found = {0: of(a=1.0, b=0.1), 1: of(a=2.0, b=1 / 3), 2: of(a=3.0, b=0.3)}
    write(tmp_path / "once", found)
    for seed in (2, 1):
        write(tmp_path / "twice", {seed: found[seed], 0: found[0]})
    once, twice = (file_hashes(tmp_path / name) for name in ("once", "twice"))
    assert once == twice and len(once) == 2


GOOD = {RECORD: '{"experiment": "e", "seeds": [0, 1]}', "t.csv": "base,0,1\na,1,2\n"}
DAMAGES = {
    "a file is missing": {"t.csv": None},
    "the record is missing": {RECORD: None},
    "an empty file": {"t.csv": ""},
    "a merge mark": {"t.csv": "<<<<<<< HEAD\n"},
    "a merge mark in the record": {RECORD: "<<<<<<< HEAD\n"},
    "a text for a number": {"t.csv": "base,0,1\na,1,much\n"},
    "a replicate is missing": {"t.csv": "base,0\na,1\n"},
    "a replicate is not listed": {"t.csv": "base,0,1,2\na,1,2,3\n"},
    "replicates in another order": {"t.csv": "base,1,0\na,1,2\n"},
    "a row twice": {"t.csv": "base,0,1\na,1,2\na,1,2\n"},
    "a seed twice": {RECORD: '{"experiment": "e", "seeds": [0, 0]}'},
    "no seeds": {RECORD: '{"experiment": "e", "seeds": []}'},
    "no experiment": {RECORD: '{"seeds": [0, 1]}'},
    "a seed that is none": {RECORD: '{"experiment": "e", "seeds": [0, [1]]}'},
}


LEFT_BY_THE_DEAD = {"a replicate is not listed": 3.5, "replicates in another order": 3.0}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_table_is_named_with_the_remedy_which_writes_it_anew(tmp_path, damage):
    for name, text in (GOOD | DAMAGES[damage]).items():
        if text is not None:
            (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=r"t\.csv: .*writes the table again"):
        replicates.read(tmp_path, "t")
    told, [found] = write(tmp_path, {0: row(5.0)}), replicates.read(tmp_path, "t").itertuples()
    assert (found.own, found.estimate) == (5, LEFT_BY_THE_DEAD.get(damage, 5))
    if damage not in LEFT_BY_THE_DEAD and damage != "a file is missing":
        assert told[0].startswith("replicates in tables")


CRASHES = {
    "another experiment": {"experiment": "another", "seeds": range(4)},
    "more replicates": {"seeds": (0, 4, 5)},
    "another default": {"seeds": (2, 3), "default": 2},
}


@pytest.mark.parametrize("change", CRASHES)
@pytest.mark.parametrize("written", range(4))
def test_a_process_that_dies_loses_no_replicate_and_mixes_no_experiments(
    tmp_path, monkeypatch, change, written
):
    """Before the next file is written; the next run has the old parameters, or the new ones."""

    def tables(seed, experiment="e"):
        number = seed + 100.0 * (experiment == "another")
        return row(number, "s") | row(number) | of(a=number)

    def dying(path, text):
        left.append(path)
        if len(left) > written:
            raise KeyboardInterrupt
        whole(path, text)

    def run(folder, seeds=(0,), default=0, experiment="e"):
        found = {seed: tables(seed, experiment) for seed in seeds}
        return write(folder, found, default, experiment)

    whole, asked = replicates.write_whole, CRASHES[change]
    for after in ({}, asked):
        folder, left = tmp_path / str(len(after)), []
        run(folder, range(4))
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(replicates, "write_whole", dying)
            run(folder, **asked)
        run(folder, **after)
        found = [replicates.quantities(folder)["a"].values]
        found += [replicates.read(folder, name)["estimate"] for name in "st"]
        seeds = json.loads((folder / RECORD).read_text())["seeds"]
        expected = [tables(seed, after.get("experiment", "e"))["t"]["value"][0] for seed in seeds]
        assert found[0].tolist() == expected
        assert np.mean(expected) == pytest.approx(found[1].item()) == found[2].item()
        assert {0, 1, 2, 3} <= set(seeds) or "experiment" in asked


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("quantity,paper,exact,0\na,1,True,1\n", "its first columns are not quantity, exact"),
        ("quantity,exact,paper,0\na,1,1,1\n", "its first columns are not quantity, exact"),
        ("quantity,exact,paper,0\na,True,much,1\n", "much"),
        ("quantity,exact,paper,0\n,True,1,1\n", "a quantity has no name"),
        ("quantity,exact,paper,0\na,True,1,1\na,False,1,1\n", "two have one"),
    ],
)
def test_quantities_need_their_own_columns(tmp_path, table, problem):
    (tmp_path / RECORD).write_text('{"experiment": "e", "seeds": [0]}')
    (tmp_path / "quantities.csv").write_text(table)
    with pytest.raises(ValueError, match=rf"quantities\.csv: .*{problem}.*`git checkout`"):
        replicates.quantities(tmp_path)
