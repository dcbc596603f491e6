"""Published reward models: the reader, test sets that predict regret, and what may be wrong."""

from itertools import combinations

import matplotlib
import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from tests.findings.figures import names

from proxyreward.data.report import DataError
from proxyreward.findings.core import left_out
from proxyreward.findings.real.real_regret import design, faults, measure, published, show
from proxyreward.findings.real.real_regret.design import Answers, CrossFit, jackknifed
from proxyreward.findings.real.real_regret.study import JUDGE, NULL, REWARD_MODEL, Study

matplotlib.use("Agg")
DATA = "shared/data/rewardmath"
PROBLEMS, ANSWERS = 60, 10
SKILL = {"good": 3.0, "fair": 1.0, "blind": 0.0, "bad": -2.0}
WRITERS = ("human_to_GPT-4", "a/weak", "a/weak", "b/strong", "", *"cdefg")


def score_table(rng):
    """Answers of one right writer and three others, one of them twice and one without a name."""
    scores = {name: rng.normal(size=(PROBLEMS, ANSWERS)) for name in SKILL}
    for name, skill in SKILL.items():
        scores[name][:, 0] += skill
        scores[name][:, 3] += 0.8 * skill  # the answers of the strong writer look right
    scores["judge"] = np.round(scores["good"])
    return pd.DataFrame(
        [
            (f"m{p}", writer, name, own[p, a])
            for p in range(PROBLEMS)
            for a, writer in enumerate(WRITERS)
            for name, own in scores.items()
        ],
        columns=published.COLUMNS,
    )


def pair_table(rng):
    """Pairs on which good, fair and bad are right nearly always, and blind half of the time."""
    rows = [
        (f"b{p}", side, name, (side == "chosen") * (0.0 if name == "blind" else 3.0) + rng.normal())
        for p in range(PROBLEMS)
        for side in ("chosen", "rejected")
        for name in SKILL
    ]
    return pd.DataFrame(rows, columns=published.COLUMNS)


def verdict_table():
    """One judge who always takes the first answer, and one who is always right or silent."""
    rows = []
    for p in range(PROBLEMS):
        for a, writer in enumerate(WRITERS[1:]):
            place = "AB"[(p + a) % 2]
            rows.append((f"m{p}", writer, "hasty", "A", place))
            rows.append((f"m{p}", writer, "silent", "" if p == 0 else place, place))
    return pd.DataFrame(rows, columns=published.JUDGED)


@pytest.fixture()
def folder(tmp_path):
    rng = np.random.default_rng(0)
    score_table(rng).to_csv(tmp_path / published.SCORES, index=False)
    pair_table(rng).to_csv(tmp_path / published.PAIRS, index=False)
    verdict_table().to_csv(tmp_path / published.VERDICTS, index=False)
    return tmp_path


@pytest.fixture()
def study(folder):
    read = (published.scores(folder), published.pairs(folder), published.verdicts(folder))
    return Study.of(*read, 0)


def rewrite(folder, name, change):
    table = pd.read_csv(folder / name, keep_default_na=False)
    change(table).to_csv(folder / name, index=False)


def test_repeated_and_empty_ids_are_kept_numbered_and_counted(folder):
    found = published.scores(folder)
    ids = found.scores.response_ids[:ANSWERS].tolist()
    assert ids == [*WRITERS[:2], "a/weak#2", *WRITERS[3:]]
    assert found.writer[:ANSWERS].tolist() == list(WRITERS)
    notes = {note.kind: note.count for note in found.told.notes}
    expected = {"repeated-ids": PROBLEMS, "empty-ids": PROBLEMS, "partial-scorers": 0}
    assert notes == expected
    table = score_table(np.random.default_rng(0))
    for name in SKILL:
        own = table.loc[table["model"] == name, "score"]
        np.testing.assert_allclose(found.scores.of(name), own)


def test_the_order_of_prompts_and_scorers_in_the_file_is_no_matter(folder):
    found = published.scores(folder).scores
    rewrite(folder, published.SCORES, lambda t: t.sort_values("model", kind="stable"))
    again = published.scores(folder).scores
    for name in SKILL:
        np.testing.assert_array_equal(found.of(name), again.of(name))


def test_a_scorer_who_lacks_answers_is_left_out_and_counted(folder):
    rewrite(folder, published.SCORES, lambda t: t.drop(index=t.index[t["model"] == "fair"][7]))
    found = published.scores(folder)
    assert "fair" not in found.scores.models and len(found.scores.models) == len(SKILL) + 1
    assert found.told.notes[-1].count == 1 and "fair" in found.told.notes[-1].message


def put(column, row, value):
    return lambda t: t.astype({column: object}).assign(
        **{column: lambda own: own[column].where(own.index != row, value)}
    )


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        (published.SCORES, lambda t: t.assign(text="x"), "column 'text' is unknown"),
        (published.SCORES, lambda t: t.drop(columns="score"), "column 'score' is missing"),
        (published.SCORES, put("score", 3, "high"), "row 5, field score: 'high' is no finite"),
        (published.SCORES, put("score", 3, "inf"), "row 5, field score: 'inf' is no finite"),
        (published.SCORES, lambda t: t.replace({WRITERS[0]: "c"}), "'m0', field response_id: 0 re"),
        (published.SCORES, lambda t: t.replace({"b/strong": WRITERS[0]}), "'m0', .*: 2 responses"),
        (published.SCORES, lambda t: t[~((t.prompt_id == "m1") & (t.response_id == ""))], "'m1'"),
        (published.SCORES, lambda t: t[:0], "holds no rows"),
        (published.PAIRS, lambda t: t.replace({"chosen": "won"}), "'b0', field response_id: 0 re"),
        (published.VERDICTS, put("verdict", 0, "C"), "row 2, field verdict: 'C' is none of"),
        (published.VERDICTS, put("chosen_position", 1, ""), "row 3, field chosen_position: ''"),
        (published.VERDICTS, lambda t: t[1:], "not all have judged the same pairs"),
    ],
)
def test_what_cannot_be_used_is_named_with_a_remedy(folder, name, change, told):
    rewrite(folder, name, change)
    read = {published.SCORES: published.scores, published.PAIRS: published.pairs}
    with pytest.raises(DataError, match=rf"{name}: .*{told}.*; give the file"):
        read.get(name, published.verdicts)(folder)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=rf"{published.SCORES}: .*give the file"):
        published.scores(tmp_path)


def coarse(scorers=4, problems=7, answers=5, seed=0):
    """Whole scores with many ties, the right answer first."""
    rng = np.random.default_rng(seed)
    return Answers(rng.integers(0, 4, (scorers, problems, answers)).astype(float))


def test_the_chance_to_be_picked_is_a_mean_over_all_choices_of_wrong_answers():
    answers, found = coarse(), coarse().picked()
    for m in range(1, 5):
        shares = []
        for wrong in combinations(range(1, 5), m):
            rival = answers.values[..., list(wrong)]
            first = (rival <= answers.values[..., :1]).all(axis=-1)
            ties = (rival == answers.values[..., :1]).sum(axis=-1)
            shares.append(first / (1 + ties))
        np.testing.assert_allclose(found[m - 1], np.mean(shares, axis=0))


def test_the_reciprocal_rank_is_that_of_the_right_answer():
    answers = coarse()
    ahead = (answers.values[..., 1:] > answers.values[..., :1]).sum(axis=-1)
    tied = (answers.values[..., 1:] == answers.values[..., :1]).sum(axis=-1)
    found = answers.designs()[design.RECIPROCAL, 4]
    np.testing.assert_allclose(found, 1 / (1 + ahead + tied / 2))


def test_a_test_set_that_is_drawn_estimates_the_exact_one():
    answers, rng = coarse(problems=40), np.random.default_rng(1)
    drawn = [answers.drawn(rng.permutation(40), rng) for _ in range(600)]
    np.testing.assert_allclose(
        np.mean(drawn, axis=0), answers.picked().mean(axis=-1), atol=4 * 0.5 / np.sqrt(600)
    )
    perfect = Answers(-np.sort(-answers.values) + [1, 0, 0, 0, 0])
    np.testing.assert_array_equal(perfect.drawn(np.arange(40), rng), 1.0)


def test_test_sets_of_equal_cost_score_as_many_answers():
    """Right on the first 16 of 40 problems alone: m = 4 has 80 answers for 16 problems of five."""
    values = np.zeros((1, 40, 5))
    values[:, :16, 0], values[:, 16:, 0] = 1, -1
    found = Answers(values).drawn(np.arange(40), np.random.default_rng(0))[:, 0]
    assert found == pytest.approx([16 / 40, 16 / 26, 16 / 20, 1])


def test_no_test_set_predicts_itself():
    """Scorers who choose blindly: on the same problems test and regret agree, across halves not."""
    rng = np.random.default_rng(2)
    answers = Answers(rng.normal(size=(12, 40, 5)))
    fit = CrossFit(answers, rng)
    found = fit.predictions(range(12))[design.WHOLE, design.REJECTED, 4].whole
    same = answers.picked().mean(axis=-1)
    assert spearmanr(same[3], same[3])[0] == 1 and abs(found) < 0.3
    halves = design.both_halves(41, rng)
    assert (halves[: design.HALVES] != halves[design.HALVES :]).all()
    assert set(halves.sum(axis=1)) == {20, 21}


def test_where_scorers_differ_test_sets_predict_and_one_left_out_is_left_out():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(8, 60, 5))
    values[..., 0] += np.linspace(-1, 3, 8)[:, None]
    found = CrossFit(Answers(values), rng).predictions(range(8), np.linspace(0.5, 0.9, 8))
    for key in ((design.WHOLE, design.OLD, 1), (design.WHOLE, design.REJECTED, 1)):
        assert found[key].whole > 0.9 and found[key].n == 8
    x, y = rng.normal(size=(2, 9))
    own = jackknifed(measure._rank, x, y, is_correlation=True)
    expected = [spearmanr(np.delete(x, i), np.delete(y, i))[0] for i in range(9)]
    np.testing.assert_allclose(own.values, expected)


def test_the_spread_among_the_alike_has_closed_forms():
    accuracy = np.array([0.5, 0.51, 0.9, 0.92])
    assert measure.within_bands(accuracy, np.array([0.0, 1, 0, 1])) == pytest.approx(np.sqrt(1.5))
    assert measure.within_bands(accuracy, np.array([0.0, 0, 1, 1])) == 0
    assert np.isnan(measure.within_bands(accuracy, np.ones(4)))
    assert np.isnan(measure.within_bands(np.array([0.1, 0.2, 0.3]), np.arange(3.0)))
    kept = np.array([0.3, -0.1, 0.2, 0.6])
    order = [2, 0, 3, 1]
    found = measure.within_bands(accuracy, kept)
    assert measure.within_bands(accuracy[order], 7 - 3 * kept[order]) == pytest.approx(found)


def test_the_spread_among_the_alike_rarely_passes_its_threshold_by_chance():
    """Where accuracy explains three quarters of the variance, the true ratio is the threshold."""
    rng, passed, covered = np.random.default_rng(4), 0, 0
    grid = np.array([0.52, 0.6, 0.61, 0.63, 0.68, 0.83, 0.92, 0.93, 0.93, 0.93, 0.94, 0.95, 0.97])
    for _ in range(200):
        accuracy = rng.choice(grid, 13) + 0.005 * rng.normal(size=13)
        known = np.sqrt(0.75) * (accuracy - grid.mean()) / grid.std()
        kept = known + 0.5 * rng.normal(size=13)
        found = jackknifed(measure.within_bands, accuracy, kept).interval()
        passed += found.low > 0.5
        covered += found.low <= 0.5 <= found.high
    assert passed <= 10 and covered >= 170


def test_the_share_kept_is_that_of_the_planted_skill(study):
    table = measure.scorer_table(study).set_index(["quantity", "scorer"])
    kept = table.loc["kept", "estimate"]
    assert kept["good"] > kept["fair"] > kept["bad"] and kept["bad"] < 0
    right = study.answers.picked()[-1].mean(axis=-1)
    expected = (right - 1 / ANSWERS) / (1 - 1 / ANSWERS)
    np.testing.assert_allclose(kept[study.scorers], expected)
    assert table.loc["kept", "kind"].value_counts().to_dict()[NULL] == 3
    assert (study.kind("judge"), study.kind("good")) == (JUDGE, REWARD_MODEL)
    assert "judge" not in table.loc["RewardBench accuracy"].index


def test_of_the_alike_both_differences_have_one_direction(study):
    alike = measure.alike_table(study).set_index(["first", "second"])
    table = measure.scorer_table(study).set_index(["quantity", "scorer"])["estimate"]
    assert len(alike) and "blind" not in alike.reset_index()["first"].tolist()
    for (first, second), row in alike.iterrows():
        for name, quantity in (("accuracy", "RewardBench accuracy"), ("kept", "kept")):
            gap = table[quantity, first] - table[quantity, second]
            assert row[name] == pytest.approx(gap)
            assert row[f"{name}_low"] <= gap <= row[f"{name}_high"]


def test_the_choice_of_problems_explains_all_where_scorers_differ_by_luck_alone(folder):
    rng = np.random.default_rng(5)
    luck = lambda t: t.assign(score=rng.normal(size=len(t)))  # noqa: E731
    found = []
    for _ in range(8):
        for name in (published.SCORES, published.PAIRS):
            rewrite(folder, name, luck)
        read = (published.scores(folder), published.pairs(folder), published.verdicts(folder))
        study = Study.of(*read, 0)
        everyone = measure.alike_table(study)
        if len(everyone):
            found.append(measure.chance(study, everyone))
    assert 0.6 < np.median(found) < 1.8
    assert np.isnan(measure.chance(study, everyone[:0]))


def test_answers_of_the_strong_writer_are_hard_and_shares_add_up(study):
    table = faults.writer_table(study)
    models = table[table["kind"] == REWARD_MODEL].set_index("writer")
    assert list(models.index) == ["a/weak", "b/strong", *"cdefg"]  # not the one without a name
    assert models["answers"].tolist() == [2 * PROBLEMS, *[PROBLEMS] * 6]
    judge = table[table["kind"] == JUDGE].set_index("writer")["estimate"]
    assert judge["b/strong"] > judge["a/weak"]
    wrong = study.answers.values[-1, :, 3] - study.answers.values[-1, :, 0]
    assert judge["b/strong"] == pytest.approx(((np.sign(wrong) + 1) / 2).mean())


def test_random_scores_agree_with_nobody():
    rng = np.random.default_rng(6)
    shared = rng.normal(size=(PROBLEMS, ANSWERS))
    values = np.stack([shared + 0.3 * rng.normal(size=shared.shape) for _ in range(3)])
    values = np.concatenate([values, rng.normal(size=(1, *shared.shape))])

    class Made:
        answers, places, reward_models = Answers(values), range(4), list("abcd")
        sample = faults.Sample(type("S", (), {"prompts": PROBLEMS, "cluster": None})())

    found = faults.agreement_table(Made).set_index("scorer")["estimate"]
    assert found["d"] == pytest.approx(0, abs=0.15) and (found[list("abc")] > 0.4).all()


def test_resolution_counts_ties_grids_and_constant_problems(study):
    table = faults.resolution_table(study).set_index("scorer")
    own = study.answers.values[study.scorers.index("judge")]
    assert table.loc["judge", "values"] == len(np.unique(own))
    assert table.loc["judge", "tied"] == pytest.approx((own[:, 1:] == own[:, :1]).mean())
    assert table.loc["good", ["grid", "tied", "constant"]].tolist() == ["", 0, 0]


def test_a_judge_who_takes_the_first_answer_leans_by_one_half(study):
    table = faults.position_table(study).set_index(["judge", "quantity"])["estimate"]
    assert table["hasty"].tolist() == [1, 0, 0.5, 0]
    shown = PROBLEMS * (ANSWERS - 1) / 2  # first, and as often second
    first, second = 1 - 0.5 * 5 / shown, 1 - 0.5 * 4 / shown
    expected = [first, second, (first - second) / 2, ANSWERS - 1]
    assert table["silent"].tolist() == pytest.approx(expected)


def test_every_table_has_rows_and_no_text_of_an_answer(study):
    tables, quantities = measure.tables(study, np.random.default_rng(0))
    assert all(len(table.columns) for table in tables.values())
    counts = tables["counts"].set_index(["file", "what"])["count"]
    assert counts["RewardMATH", "scores"] == PROBLEMS * ANSWERS * 5
    assert all(quantity.n <= 4 for quantity in quantities.values())


def test_the_share_kept_at_every_n_is_that_of_the_evaluation(study):
    curves = measure.curve_table(study.found)
    table = measure.scorer_table(study)
    kept = table[table["quantity"] == "kept"].set_index("scorer")
    found = show.kept_at(curves, ANSWERS)
    np.testing.assert_allclose(found, kept.loc[found.index, found.columns], atol=1e-9)
    accuracy = table[table["quantity"] == "RewardMATH accuracy"].set_index("scorer")["estimate"]
    two = show.kept_at(curves, 2)["estimate"]  # from two: what pairs measure
    np.testing.assert_allclose(two, 2 * accuracy[two.index] - 1, atol=1e-9)
    with pytest.raises(ValueError, match="n must lie in"):
        show.kept_at(curves, ANSWERS + 1)


def test_names_are_spread_and_stay_in_order():
    heights = pd.Series({"a": 0.0, "b": 0.1, "c": 5.0, "d": 0.05})
    found = show.spread(heights, 1.0)
    assert found[["a", "d", "b", "c"]].diff().dropna().min() >= 1 - 1e-9
    assert found["c"] == 5 and found[["a", "d", "b"]].mean() == pytest.approx(0.05)


def test_tables_for_readers_name_tiers_pairs_and_files(study):
    tables, _ = measure.tables(study, np.random.default_rng(0))
    scorers = show.scorer_table(tables["scorers"])
    assert list(scorers["scorer"])[-3:] == ["null:first", "null:random", "null:constant"]
    assert all("(tier " in name for name in scorers["scorer"][:-3])
    pairs = show.difference_table(tables["alike"])
    first = tables["alike"].iloc[0]
    assert (
        pairs["pair"][0] == f"{first['first']} − {first['second']}" and "-" not in pairs.sum().sum()
    )
    counts = show.count_table(tables["counts"]).set_index("what")
    assert counts.loc["verdicts"].tolist() == [f"{2 * PROBLEMS * (ANSWERS - 1):,d}", "–"]
    sets = show.prediction_table(tables["prediction"], (1, 9)).set_index("test set")
    assert sets.loc["RewardBench, one wrong answer", "with judges"] == "–"


def committed(root):
    return root / "results" / "real-scores" / "real_regret"


def tracked(root, name):
    return pd.read_csv(committed(root) / f"{name}.csv", keep_default_na=False, na_values=[""])


def test_figures_of_the_tracked_tables_name_every_scorer(root):
    curves, scorers = tracked(root, "curves"), tracked(root, "scorers")
    figure = show.plot_alike(scorers, show.kept_at(curves, 10))
    told = {text.get_text() for text in figure.axes[0].texts}
    models = scorers.loc[scorers["quantity"] == "RewardBench accuracy", "scorer"]
    assert told == {show.words(name) for name in models}
    drawn = show.plot_curves(curves, ["gpt4o", "ArmoRM"]).axes[0]
    assert {text.get_text() for text in drawn.texts} == {"gpt4o", "ArmoRM"}
    with pytest.raises(ValueError, match="scorer"):
        show.plot_curves(curves, ["gpt5"])
    assert len(show.plot_prediction(tracked(root, "prediction")).axes) == 2
    writers = tracked(root, "writers")
    assert len(names(show.plot_writers(writers).axes[0])) == writers["writer"].nunique()
    assert len(names(show.plot_positions(tracked(root, "positions")).axes[0])) == 9


def test_the_tracked_quantities_are_those_of_the_tracked_tables(root):
    scorers = tracked(root, "scorers").set_index(["quantity", "scorer"])["estimate"]
    accuracy = scorers["RewardBench accuracy"]
    kept = scorers["kept"][accuracy.index]
    found = left_out.published(root / "results", "real_regret")
    assert found[measure.RANK].whole == pytest.approx(spearmanr(accuracy, kept)[0], abs=1e-4)
    spread = measure.within_bands(accuracy.to_numpy(), kept.to_numpy())
    assert found[measure.SPREAD].whole == pytest.approx(spread, abs=1e-4)
    assert {quantity.n for quantity in found.values()} == {len(accuracy)}


def test_the_published_files_give_the_tracked_numbers(root):
    folder = root.parent / DATA
    if not folder.is_dir():
        pytest.skip(f"needs the published tables of RewardMATH in ../{DATA}")
    read = (published.scores(folder), published.pairs(folder), published.verdicts(folder))
    study = Study.of(*read, 0)
    notes = {note.kind: note.count for note in study.new.told.notes}
    assert notes == {"repeated-ids": 147, "empty-ids": 1, "partial-scorers": 0}
    found = measure.scorer_table(study).set_index(["scorer", "quantity"])["estimate"]
    known = tracked(root, "scorers").set_index(["scorer", "quantity"])["estimate"]
    np.testing.assert_allclose(found, known, rtol=1e-5, atol=1e-9)
    shares = {"internlm2": 0.303, "skywork_llama3": 0.135, "grm_gemma": -0.056}
    for name, share in shares.items():
        assert found[name, "kept"] == pytest.approx(share, abs=5e-4)


def test_equal_means_rank_equally_in_whatever_order_they_are_added():
    """A scorer's credit on a problem may be a third; such sums differ in their last digits."""
    rng = np.random.default_rng(0)
    plane, chosen = rng.integers(0, 4, (8, 400)) / 3, rng.random((50, 400)) < 0.5
    order = rng.permutation(400)
    means = design.mean_over(plane, chosen)
    np.testing.assert_array_equal(means, design.mean_over(plane[:, order], chosen[:, order]))
    unrounded = chosen @ plane.T / chosen.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(means, unrounded, atol=1e-11)
