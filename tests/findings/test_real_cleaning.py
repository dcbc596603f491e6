"""Real pairs judged again: votes, types and what they mean, on made-up files and planted votes."""

import dataclasses
import gzip
import json

import matplotlib
import numpy as np
import pandas as pd
import pytest
from tests.findings.figures import names

from proxyreward.data.report import DataError
from proxyreward.findings.real.real_cleaning import measure, people, show
from proxyreward.findings.real.real_cleaning.learning import AGAIN, learning
from proxyreward.pipeline import committee
from proxyreward.pipeline.params import compose
from proxyreward.pipeline.schema import Params
from proxyreward.pipeline.stages import real_cleaning
from proxyreward.pipeline.typed import ConfigError, build

matplotlib.use("Agg")
INTERVAL = ["estimate", "low", "high"]
FRUITS = ("plum", "pear", "fig", "lime", "date", "kiwi")


def frame_of(*sides):
    frame = pd.DataFrame(sides, columns=["chosen", "rejected"])
    return frame.assign(prompt=[f"\n\nHuman: Ask {i}\n\nAssistant:" for i in range(len(frame))])


def planted(accuracy, pairs=4000, ties=0.0, seed=0):
    """Votes of judges that err on their own, each right in a share `accuracy`."""
    rng = np.random.default_rng(seed)
    cast = np.where(rng.random((pairs, len(accuracy))) < accuracy, 1, -1)
    return np.where(rng.random(cast.shape) < ties, 0, cast).astype(np.int8)


def test_a_margin_inside_the_share_of_its_models_sd_is_a_tie():
    margins = pd.DataFrame({"a": [1.0, -1.0, 0.05, 100.0, -100.0, 5.0], "b": 0.0})
    found = measure.votes(margins, np.repeat([0, 1], 3), 0.1)
    assert found[:, 0].tolist() == [1, -1, 0, 1, -1, 0] and not found[:, 1].any()
    assert measure.votes(margins, np.repeat([0, 1], 3), 0.0)[:, 0].tolist() == [1, -1, 1, 1, -1, 1]


def test_types_follow_the_rule_with_ties_that_count_for_nobody():
    pairs = frame_of(("", "a"), ("a", "a"), ("bad", "a"), ("a", "b"), ("a", "b"), ("a", "b"))
    cast = np.array([[1] * 4] * 3 + [[1, 1, 1, 0], [-1, -1, -1, 1], [1, 1, 0, -1]])
    toxic = np.array([[False, True]] * 2 + [[True, True]] + [[False, True]] * 3)
    found = measure.types(pairs, cast, toxic)
    assert found.tolist() == ["empty", "repetitive", "toxic", "same", "opposite", "vague"]
    table = measure.toxicity(toxic, -cast, found, np.arange(6)).set_index("quantity")
    assert table["count"].iloc[:-1].tolist() == [1, 6, 1, 0, 1]
    assert table.loc["chosen less rejected", "estimate"] == pytest.approx(1 / 6 - 1)


def test_a_cleaned_set_has_no_pair_of_the_fold_and_its_rival_as_many():
    pairs, fold = frame_of(*[("a", "b")] * 60), np.arange(60) % 3
    margins = pd.DataFrame(np.where(planted([0.6] * 4, 60) > 0, 1.0, -1.0))
    margins[fold == 2] = np.nan  # nobody has judged these
    found = measure.labels(pairs, margins, fold, np.zeros((60, 2), bool), 0.1, 2, 0)
    assert list(found) == list(measure.SETS)
    assert not any(own[fold == 2].any() for own in found.values())
    assert (found["original"] == (fold != 2)).all()
    votes = margins[fold != 2].sum(axis=1)
    assert (found["clean"][fold != 2] == np.sign(votes)).all() and {-1, 0, 1} <= {*found["clean"]}
    assert set(found["fewer"]) == {0, 1}
    assert np.count_nonzero(found["fewer"]) == np.count_nonzero(found["clean"])


def test_chances_of_independent_judges():
    coins = measure.independent(np.array([[0.5] * 4, [0.0] * 4, [0.5] * 4]))
    assert coins == pytest.approx([5 / 16, 6 / 16, 5 / 16])
    cast = planted([0.6, 0.7, 0.8, 0.9], 200_000, ties=0.2)
    shares = np.stack([(cast == vote).mean(axis=0) for vote in (-1, 0, 1)])
    won = np.sign(2 * (cast > 0).sum(axis=1) - 4).clip(0) - np.sign(2 * (cast < 0).sum(1) - 4).clip(
        0
    )
    drawn = [(won == value).mean() for value in (-1, 0, 1)]
    assert measure.independent(shares) == pytest.approx(drawn, abs=0.004)


def test_shared_errors_are_told_from_those_of_judges_on_their_own():
    alone = planted([0.6] * 4, 8000)
    together = np.repeat(planted([0.6], 8000), 4, axis=1)
    for cast, shared in ((alone, 0.0), (together, 0.4 - (4 * 0.4**3 * 0.6 + 0.4**4))):
        found = measure.contradiction(cast, np.arange(8000)).set_index("quantity")[INTERVAL]
        low, high = found.loc["shared errors", ["low", "high"]]
        assert low - 0.01 < shared < high + 0.01 and high - low < 0.04


def test_what_a_committee_finds_of_turned_labels_is_what_planted_ones_show():
    cast, rng = planted([0.62] * 4, 400_000), np.random.default_rng(1)
    told = measure.contradiction(cast, np.arange(len(cast)) // 8000).set_index("quantity")
    turned = rng.random(len(cast)) < measure.PLANTED
    opposite = (np.where(turned[:, None], -cast, cast) < 0).sum(axis=1) > 2
    assert told.loc["found", "estimate"] == pytest.approx(opposite[turned].mean(), abs=0.01)
    assert told.loc["right", "estimate"] == pytest.approx(turned[opposite].mean(), abs=0.005)


def test_intervals_are_over_whole_conversations():
    value = np.repeat(np.random.default_rng(0).random(500), 8)
    one, many = (
        measure.over_blocks(lambda rows: value[rows].mean(), groups)
        for groups in (np.repeat(np.arange(500), 8), np.random.default_rng(1).permutation(4000))
    )
    expected = 2 * 2.01 * value.std() / np.sqrt(500)
    assert one[2] - one[1] == pytest.approx(expected, rel=0.25)
    assert one[2] - one[1] > 2 * (many[2] - many[1])


def test_longer_margins_change_size_and_temperature_alone():
    rng = np.random.default_rng(0)
    margin = rng.normal(0.4, 1, 600)
    each = {"original": margin, "clean": 3 * margin, "fewer": margin}
    learners = pd.DataFrame({f"word counts {name}": own for name, own in each.items()})
    kinds = np.array(["same", "opposite", "vague"] * 200, dtype=object)
    found = learning(learners, kinds, np.arange(600), source="a")
    assert set(found["learner"]) == {"word counts"}
    value = found.set_index(["set", "measure"])
    gap = value.loc["clean - original"]
    np.testing.assert_allclose(gap.loc["accuracy", INTERVAL].astype(float), 0, atol=1e-12)
    np.testing.assert_allclose(gap.loc["size", INTERVAL].astype(float), np.log(3))
    inverse = value.xs("inverse temperature", level="measure")["estimate"]
    assert inverse["clean"] == pytest.approx(inverse["original"] / 3)
    # Turned and left out pairs count as the committee has them.
    again = np.where(np.arange(600) % 3 == 1, -1, 1)[np.arange(600) % 3 < 2]
    right = (margin[np.arange(600) % 3 < 2] * again > 0).mean()
    assert value.loc[("fewer", AGAIN), "estimate"] == pytest.approx(right)
    assert len(show.plot_learning(found).axes) == 3
    assert show.learning_table(found).shape == (2, 7)


def people_frame(*labels, responses=("a", "b")):
    pairs = frame_of(*[responses] * len(labels))
    return pairs.assign(pair_id=range(len(pairs)), meta=[{"labels": [*own]} for own in labels])


def test_three_people_decide_and_each_is_judged_by_the_other_two():
    pairs = people_frame((1, 1, 1), (2, 2, 1), (1, 2, 0), (0, 0, 1), (2, 2, 2))
    toxic = np.zeros((5, 2), bool)
    toxic[4] = [False, True]
    cast = people.votes(pairs)
    assert cast.tolist() == [[1, 1, 1], [-1, -1, 1], [1, -1, 0], [0, 0, 1], [-1, -1, -1]]
    kinds = people.decided(pairs, cast, toxic)
    assert kinds.tolist() == ["decided", "decided", "vague", "vague", "toxic"]
    third = people.one_again(pairs, cast, toxic, np.arange(5), 2).set_index("type")["count"]
    # The third person's four labels: confirmed, contradicted, against two ties, and toxic.
    assert third.to_dict() == {
        "empty": 0, "repetitive": 0, "toxic": 1, "opposite": 1, "vague": 1, "same": 1
    }  # fmt: skip


def test_a_person_who_errs_less_may_outweigh_the_others():
    pytest.importorskip("crowdkit")
    truth = planted([0.5], 400)
    cast = np.hstack([truth, truth * planted([0.55, 0.55], 400, seed=1)])
    found = people.aggregated(cast, np.arange(400)).set_index("outcome")["count"]
    assert found["different"] > 40 and found.sum() == 400
    alike = np.repeat(truth, 3, axis=1)
    assert people.aggregated(alike, np.arange(400)).set_index("outcome")["count"]["same"] == 400


def talk(i, answer):
    return f"\n\nHuman: Name fruit {i}.\n\nAssistant: {answer}"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Tiny files in the three published formats, in a project of their own."""
    rng = np.random.default_rng(0)
    pick = [rng.choice(FRUITS, 2, replace=False) for _ in range(24)]
    both = [(talk(i, f"A {a}."), talk(i, f"No {b}.")) for i, (a, b) in enumerate(pick)]
    both[3] = talk(3, ""), both[3][1]
    hh = "".join(json.dumps({"chosen": a, "rejected": b}) + "\n" for a, b in both)
    people = {"annotator1": 1, "annotator2": 2, "annotator3": 2}
    judged = [
        {"instruction": f"Name {i}.", "input": "", "response1": a, "response2": b} | people
        for i, (a, b) in enumerate([("A plum.", ""), ("A fig.", "A date."), ("Lime.", True)] * 3)
    ]
    texts = {
        "harmless-base/test.jsonl.gz": hh,
        "helpful.test.json.gz": json.dumps([{"text": [*one], "score": [1, 0]} for one in both]),
        "testset-v1.json.gz": json.dumps(judged),
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(gzip.compress(text.encode()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


ORIGINS = (
    "{source: harmless, format: hh, place: local, name: ., subset: harmless-base, split: test}",
    "{source: helpful, format: dsp, place: local, name: helpful.test.json.gz, subset: null, "
    "split: test}",
    "{source: pandalm, format: pandalm, place: local, name: testset-v1.json.gz, subset: null, "
    "split: test}",
)


def asked(root, origins=ORIGINS):
    words = ["mixes.folds=3", "committee.shapes=[8x1x1, 16x1x2]", "tokenizer.vocab_size=300"]
    words += ["scale=real-cleaning", "reward.epochs=1", f"mixes.origins=[{', '.join(origins)}]"]
    found = build(Params, compose(words, root / "params"), "scale")
    alone = dataclasses.replace(found.runner, backend="sequential")
    return dataclasses.replace(found, runner=alone)


@pytest.fixture
def params(root, files):
    return asked(root)


@pytest.mark.parametrize("name", ["harmless-base/test.jsonl.gz", "testset-v1.json.gz"])
def test_a_missing_file_is_an_error_that_names_it_and_a_remedy(params, files, name):
    (files / name).unlink()
    with pytest.raises(DataError, match=f"{name}.*(download|check|correct)"):
        committee.load(params)


def test_both_kinds_of_files_are_needed(root, files):
    with pytest.raises(DataError, match="0 of 2 sources have format 'pandalm'"):
        committee.load(asked(root, ORIGINS[:2]))


@pytest.mark.parametrize(
    "word", ["rejudged=[]", "committee.shapes=[]", "mixed=[real-cleaning]", "mixes.folds=2"]
)
def test_the_scale_says_what_runs(root, word):
    with pytest.raises(ConfigError, match="must be"):
        compose(["scale=real-cleaning", word], root / "params")


def test_votes_that_clean_a_training_set_have_not_seen_the_tests(params):
    labelled, _ = committee.load(params)
    committee.write_sources(params, labelled)
    fold = committee.fold(params, "helpful")
    pairs = np.arange(len(fold))
    rng, by_out = np.random.default_rng(0), {}
    for out in [(0, 1), (0, 2), (1, 2)]:  # none that has left out one fold alone
        rows = pairs[np.isin(fold, out)]
        by_out[out] = pd.DataFrame(rng.normal(size=(len(rows), 3)), index=rows)
    toxic = np.zeros((len(fold), 2), bool)

    def sets():
        committee.write_sets(params, "helpful", toxic, by_out)
        place = committee.folder(params) / "sets" / "helpful"
        return [np.load(place / f"clean-without-{out}.npy") for out in range(3)]

    before = sets()
    by_out[0, 1] *= -1
    after = sets()
    turned = before[0] != after[0]
    assert turned.any() and set(fold[turned]) == {1}
    assert not (before[2] != after[2]).any()
    for _, item in committee.learners(params, "helpful"):
        assert item.labels.endswith(f"-without-{item.out[0]}.npy")


def test_the_stage_writes_tables_without_any_text(params, files, monkeypatch):
    pytest.importorskip("crowdkit")
    monkeypatch.setattr(committee, "toxic", lambda frame: np.zeros((len(frame), 2), bool))
    real_cleaning.run(params)
    written = files / "results/real-cleaning/real_cleaning"
    tables = {path.stem: pd.read_csv(path) for path in written.glob("*.csv")}
    contents = tables["contents"].set_index("source")
    assert contents["pairs"].to_dict() == {"harmless": 24, "helpful": 24, "pandalm": 6}
    assert contents["empty chosen"].tolist() == [1, 1, 0]
    judges = tables["judges"]
    assert list(judges["judge"].unique()) == ["word counts", "8x1x1", "16x1x2"]
    assert judges.groupby(["source", "judge"])["estimate"].sum().to_numpy() == pytest.approx(1)
    types = tables["types"].groupby("source")["count"].sum()
    assert types.to_dict() == {"harmless": 24, "helpful": 24}
    assert set(tables["learning"]["learner"]) == {"word counts", "16x1x2"}
    everything = "".join(path.read_text() for path in written.iterdir())
    assert not any(fruit in everything for fruit in FRUITS)
    assert json.loads((written / "reports.json").read_text())["pandalm"]["rejected"]["not_a_string"]
    assert names(show.plot_types(tables["types"]).axes[0]) == list(tables["types"]["type"].unique())
    assert len(show.plot_contradiction(tables["contradiction"]).axes) == 2
    for text in (
        show.type_table(tables["people_types"], "source", "source"),
        show.type_table(tables["people_labels"], "person", "first label"),
        show.judge_table(judges),
        show.agreement_table(tables["agreement"]),
        show.toxicity_table(tables["toxicity"]),
        show.winner_table(tables["people_winners"]),
    ):
        assert len(text) and text.map(lambda entry: isinstance(entry, str)).all(axis=None)
