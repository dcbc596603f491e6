"""Best-of-n over published responses: planted judges, writers and lengths, and made-up files."""

import dataclasses
import gzip
import json
import lzma
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from tests.findings.figures import names

from proxyreward.data import pairs
from proxyreward.data.report import DataError
from proxyreward.evaluation.scores import Scores
from proxyreward.findings.core import left_out
from proxyreward.findings.real.real_outputs import (
    heuristics,
    measure,
    published,
    relation,
    scorer,
    show,
    views,
)
from proxyreward.findings.real.real_outputs.outputs import (
    GOLDEN,
    Outputs,
    judged,
    log_odds,
    table,
    win_rate,
)
from proxyreward.pipeline import outputs_family
from proxyreward.pipeline.params import compose
from proxyreward.pipeline.schema import Params
from proxyreward.pipeline.stage import write_tables
from proxyreward.pipeline.stages import real_outputs
from proxyreward.pipeline.typed import build

matplotlib.use("Agg")
FRUITS = ("plum", "pear", "fig", "lime", "date", "kiwi")
SHARED = Path(__file__).parents[2] / "../shared/data/alpaca-eval"


def made(golden, texts=None, judges=1):
    """Outputs with these golden log-odds (prompts, models); without texts they are all alike."""
    golden = np.asarray(golden, float)
    prompts, models = golden.shape
    prompt, model = map(np.ravel, np.indices(golden.shape))
    chance = 1 / (1 + np.exp(-golden.ravel()))
    return Outputs(
        datasets=np.array(["odd", "even"] * prompts)[:prompts],
        prompts=[f"\n\nHuman: Ask {i}\n\nAssistant:" for i in range(prompts)],
        models=tuple(f"m{i}" for i in range(models)),
        judges=tuple(f"judge {i}" for i in range(judges)),
        prompt=prompt,
        model=model,
        texts=["a" * 8] * golden.size if texts is None else texts,
        preference=np.stack([1 + chance] * judges),
        constant=np.zeros(golden.size, bool),
        missing=0,
    )


def random(prompts=60, models=36, seed=0):
    rng = np.random.default_rng(seed)
    return made(rng.normal(size=(prompts, models))), rng


# What golden rewards are.


def test_log_odds_undo_the_logistic_function_and_are_clipped():
    given = np.array([-20.0, -3.0, 0.0, 2.0, 20.0])
    chance = 1 / (1 + np.exp(-given))
    np.testing.assert_allclose(log_odds(1 + chance, 1e-12), given, rtol=1e-4)
    ends = log_odds(np.array([1.0, 1.5, 2.0]), 1e-3)
    assert ends == pytest.approx([-np.log(999), 0, np.log(999)])
    np.testing.assert_allclose(win_rate(1 + chance), chance)


def test_length_is_taken_out_by_least_squares_prompt_by_prompt():
    outputs, rng = random(prompts=4, models=9)
    outputs = dataclasses.replace(outputs, texts=["a" * n for n in rng.integers(1, 50, 36)])
    scores = table(outputs, log_odds(outputs.preference[0]), {})
    found = views.length_free(scores)
    for prompt in range(4):
        rows = scores.prompt == prompt
        x, y = np.log1p(scores.length[rows]), scores.of(GOLDEN)[rows]
        slope = np.polyfit(x, y, 1)[0]
        np.testing.assert_allclose(found[rows], y - slope * (x - x.mean()), atol=1e-9)
        assert found[rows].mean() == pytest.approx(y.mean())


def test_responses_of_one_length_keep_their_golden_reward():
    scores = table(random()[0], log_odds(random()[0].preference[0]), {})
    np.testing.assert_array_equal(views.length_free(scores), scores.of(GOLDEN))


def test_thirds_divide_each_prompt_by_length():
    outputs, rng = random(prompts=5, models=9)
    outputs = dataclasses.replace(outputs, texts=["a" * n for n in rng.permutation(45)])
    scores = table(outputs, log_odds(outputs.preference[0]), {})
    third = views.thirds(scores)
    for prompt in range(5):
        own = [scores.length[(scores.prompt == prompt) & (third == k)] for k in range(3)]
        assert [len(part) for part in own] == [3, 3, 3]
        assert own[0].max() < own[1].min() and own[1].max() < own[2].min()


def test_intervals_among_thirds_stay_over_prompts():
    outputs, _ = random(prompts=5, models=9)
    found = views.every(outputs, {})[views.EQUAL]
    assert found.prompts == 15 and len(set(found.cluster)) == 5
    assert (np.bincount(found.prompt) == 3).all()


# Writers.


def test_a_writers_mean_is_that_of_all_other_prompts():
    outputs, _ = random(prompts=6, models=4)
    golden = log_odds(outputs.preference[0])
    found = views.writer(golden, outputs.prompt, outputs.model)
    grid = golden.reshape(6, 4)
    away = grid - grid.mean(axis=1, keepdims=True)
    for prompt in range(6):
        others = np.delete(away, prompt, axis=0).mean(axis=0)
        np.testing.assert_allclose(found.reshape(6, 4)[prompt], others, atol=1e-12)


def test_effects_of_writers_are_taken_out_and_nothing_else():
    rng = np.random.default_rng(1)
    effect, noise = rng.normal(size=12), rng.normal(size=(400, 12))
    outputs = made(effect + noise)
    scores = table(outputs, log_odds(outputs.preference[0]), {})
    left = views.writers_out(scores)[0].reshape(400, 12)
    centred = noise - noise.mean(axis=0) + noise.mean()
    level = (effect + noise).mean(axis=1, keepdims=True)
    expected = centred - centred.mean(axis=1, keepdims=True) + level
    np.testing.assert_allclose(left, expected, atol=1e-3)  # the judge's verdict is clipped


@pytest.mark.parametrize(("scale", "share"), [(0.0, 1 / 400), (1.0, 0.5), (1000.0, 1.0)])
def test_the_share_of_variance_between_writers(scale, share):
    rng = np.random.default_rng(2)
    effect = rng.normal(size=30)
    effect = scale * (effect - effect.mean()) / effect.std()
    values = (effect + rng.normal(size=(400, 30))).ravel()
    prompt, writers = map(np.ravel, np.indices((400, 30)))
    assert relation.between(values, prompt, writers) == pytest.approx(share, abs=0.02)


def test_a_scorer_that_never_varies_has_no_share():
    assert np.isnan(relation.between(np.ones(6), np.arange(6) // 3, np.arange(6) % 3))


def test_gains_say_what_was_only_the_choice_of_a_writer():
    rng = np.random.default_rng(3)
    effect, own = np.linspace(-2, 2, 36), rng.normal(size=(300, 36))
    outputs = made(effect + own)
    proxies = {"by writer": np.tile(effect, 300), "by response": own.ravel()}
    scores = table(outputs, log_odds(outputs.preference[0]), proxies)
    found = measure.gains(scores, 0).set_index(["proxy", "part"])["estimate"]
    assert found["by writer", views.WRITERS_OUT] == pytest.approx(0, abs=0.06)
    assert found["by response", views.WRITERS_OUT] == pytest.approx(1, abs=0.06)
    # All responses are as long as each other.
    assert found["by writer", views.LENGTH_OUT] == pytest.approx(1)


def test_a_share_of_no_gain_is_not_told():
    outputs, rng = random()
    scores = table(outputs, log_odds(outputs.preference[0]), {"noise": rng.normal(size=60 * 36)})
    found = measure.gains(scores, 0).set_index("part")
    assert found.loc["gain", "low"] < 0
    assert np.isnan(found.loc[[views.LENGTH_OUT, views.WRITERS_OUT], "estimate"]).all()


# Over-optimisation and the relation of accuracy and regret.


def test_a_proxy_that_is_wrong_at_its_top_is_found_to_turn():
    rng = np.random.default_rng(4)
    golden = rng.normal(size=(400, 36))
    fooled = np.argsort(golden, axis=1)[:, :1]
    proxy = golden.copy()
    np.put_along_axis(proxy, fooled, 9.0, axis=1)  # the worst response has the best score
    outputs = made(golden)
    scores = table(outputs, golden.ravel(), {"fooled": proxy.ravel(), "noise": -golden.ravel()})
    found = measure.measured(scores, 0).set_index(["proxy", "measure"])
    assert found.loc[("fooled", "peak"), "high"] < 20
    assert found.loc[("fooled", "ndr"), "estimate"] < -1  # always the worst
    assert found.loc[("fooled", "accuracy"), "estimate"] == pytest.approx(1 - 2 / 36)
    assert found.loc[("noise", "peak"), "estimate"] == 1
    assert any("fooled" in alarm for alarm in measure.told(scores, 0)[1]["alarm"])


def test_the_relation_is_spearmans_over_proxies_that_read_the_response():
    outputs, rng = random(models=40)
    golden = log_odds(outputs.preference[0])
    sizes = {"a": 0.5, "RM b": 1.0, "RM c": 3.0, "RM d": 9.0, "e": 30.0}
    proxies = {name: golden + sd * rng.normal(size=golden.size) for name, sd in sizes.items()}
    seen = views.every(outputs, proxies)
    over_proxies, over_prompts = relation.association(seen, list(proxies), 32)
    points = measure.measured(seen[views.MAIN], 0).set_index(["measure", "proxy"])["estimate"]
    x, y = (points[key].loc[list(proxies)] for key in ("accuracy", "ndr at 32"))
    assert over_proxies[views.MAIN].own == pytest.approx(spearmanr(x, y).statistic)
    assert over_proxies[views.MAIN].n == 5
    alone = over_proxies[f"{views.MAIN}, {relation.LEARNT}"]
    rms = [name for name in proxies if name.startswith("RM")]
    assert alone.n == 3 and alone.own == pytest.approx(spearmanr(x[rms], y[rms]).statistic)
    without = spearmanr(x.drop("a"), y.drop("a")).statistic
    assert over_proxies[views.MAIN].values[0] == pytest.approx(without)
    rows = over_prompts.set_index("quantity")
    assert rows.loc[views.MAIN, "estimate"] == pytest.approx(over_proxies[views.MAIN].own)
    assert rows.loc[f"{views.MAIN}, with the writer", "proxies"] == 6


def test_other_judges_are_held_against_golden_where_both_have_judged():
    outputs, rng = random(prompts=20, models=6)
    third = np.where(outputs.model < 3, outputs.preference[0], np.nan)
    one = np.where(outputs.model == 0, 1.5, np.nan)
    preference = np.stack([outputs.preference[0], third, one])
    outputs = dataclasses.replace(outputs, preference=preference, judges=("gold", "some", "one"))
    found = views.of_judges(outputs, {"noise": rng.normal(size=120)})
    assert list(found) == ["some"]  # one model makes no pair
    rows = measure.measured(found["some"], 0).set_index(["proxy", "measure"])["estimate"]
    assert rows["some", "accuracy"] == 1 and rows["some", "responses"] == 3
    counts = measure.counts(outputs, found).set_index("what")["count"]
    assert counts["models shared with one"] == 1 and counts["prompts shared with one"] == 0


# Heuristics.


def test_heuristics_count_what_they_say():
    text = "- Ripe figs\n\n2. Figs and plums\nDone"
    found = heuristics.scores(["Are figs ripe?"] * 2, [text, ""])
    assert {name: values[0] for name, values in found.items()} == {
        "length": len(text),
        "list items": 2,
        "lines": 3,
        "variety of words": 6 / 7,
        "length of words": pytest.approx(25 / 7),
        "echo": 2 / 3,
    }
    assert not any(values[1] for values in found.values())


# Files.


def write(folder, prompts=24, models=6, change=lambda records, arrays: None):
    """AlpacaEval's two files, of exactly the published form; model 0 says the same always."""
    rng = np.random.default_rng(0)
    names = [f"model-{i}" for i in range(models)]
    records = [
        {
            "prompt_id": i,
            "dataset": ("koala", "oasst")[i % 2],
            "prompt": f"Name fruit {i}.",
            "responses": {
                name: "Cheat." if not k else " ".join(rng.choice(FRUITS, rng.integers(1, 9)))
                for k, name in enumerate(names)
            },
        }
        for i in range(prompts)
    ]
    preference = rng.uniform(1, 2, (2, models, prompts)).astype(np.float32)
    preference[1, 3:] = np.nan
    records[5]["responses"]["model-2"] = None
    preference[0, 2, 5] = np.nan
    arrays = {"preference": preference, "judges": np.array(["gold", "other"])}
    arrays["models"] = np.array(names)
    change(records, arrays)
    folder.mkdir(exist_ok=True)
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (folder / published.RESPONSES).write_bytes(lzma.compress(lines.encode()))
    np.savez(folder / published.JUDGES, **arrays)
    return folder


def test_what_is_missing_is_counted_and_a_constant_model_is_known(tmp_path):
    found = judged(published.read(write(tmp_path)), 0)
    assert found.missing == 1 and len(found.texts) == 24 * 6 - 1
    assert {found.models[k] for k in found.model[found.constant]} == {"model-0"}
    assert (np.diff(found.prompt) >= 0).all() and not np.isnan(found.preference[0]).any()
    assert any((found.model[found.prompt == i] != np.arange(6)).any() for i in (0, 1, 2))


def test_the_rows_of_a_response_are_its_own(tmp_path):
    read = published.read(write(tmp_path))
    found = judged(read, 0)
    for row in range(0, len(found.texts), 7):
        place = found.prompt[row], found.model[row]
        assert found.texts[row] == read.texts[place]
        assert found.preference[0, row] == read.preference[0][place]


def broken(records, arrays, how):
    if how == "responses":
        del records[3]["responses"]["model-1"]
    elif how == "prompt":
        records[3]["prompt"] = 7
    elif how == "range":
        arrays["preference"][0, 1, 2] = 2.5
    elif how == "shape":
        arrays["models"] = arrays["models"][:-1]
    elif how == "entry":
        del arrays["judges"]
    elif how == "count":
        records.pop()


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("responses", r"responses.jsonl.xz, line 4, field 'responses.model-1': missing_field"),
        ("prompt", r"responses.jsonl.xz, line 4, field 'prompt': not_a_string"),
        ("range", r"judges.npz, entry preference\[0, 1, 2\]: is 2.5, outside 1 to 2"),
        ("shape", r"judges.npz, entry preference: has shape"),
        ("entry", r"judges.npz: has no entry .*judges"),
        ("count", r"responses.jsonl.xz: 23 prompts, but judges.npz has verdicts on 24"),
    ],
)
def test_a_damaged_file_is_an_error_that_names_place_and_remedy(tmp_path, how, told):
    folder = write(tmp_path, change=lambda *given: broken(*given, how))
    with pytest.raises(DataError, match=f"{told}.*download AlpacaEval's files again"):
        published.read(folder)


@pytest.mark.parametrize("name", [published.RESPONSES, published.JUDGES])
def test_a_missing_or_torn_file_is_an_error_that_names_it(tmp_path, name):
    path = write(tmp_path) / name
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=f"{name}.*download"):
        published.read(tmp_path)
    path.unlink()
    with pytest.raises(DataError, match=f"{name}.*download"):
        published.read(tmp_path)


# Scorers.


def talk(i, answer):
    return f"\n\nHuman: Name fruit {i}.\n\nAssistant: {answer}"


@pytest.fixture
def params(root, tmp_path, monkeypatch):
    """Tiny files in the published formats, in a project of their own."""
    rng = np.random.default_rng(0)
    write(tmp_path / "alpaca")
    both = [(talk(i, rng.choice(FRUITS)), talk(i, "No.")) for i in range(20, 40)]
    hh = "".join(json.dumps({"chosen": a, "rejected": b}) + "\n" for a, b in both)
    (tmp_path / "harmless-base").mkdir()
    (tmp_path / "harmless-base/test.jsonl.gz").write_bytes(gzip.compress(hh.encode()))
    dsp = json.dumps([{"text": [*one], "score": [1, 0]} for one in both])
    (tmp_path / "helpful.test.json.gz").write_bytes(gzip.compress(dsp.encode()))
    monkeypatch.chdir(tmp_path)
    origins = (
        "{source: helpful, format: dsp, place: local, name: helpful.test.json.gz, subset: null, "
        "split: test}, {source: harmless, format: hh, place: local, name: ., "
        "subset: harmless-base, split: test}"
    )
    words = ["scale=real-scores", "tables.rewardmath=alpaca", "tables.alpaca_eval=alpaca"]
    words += [f"mixes.origins=[{origins}]", "mixes.folds=2", "tokenizer.vocab_size=300"]
    words += ["model.hidden_size=8", "model.heads=1", "model.max_length=64", "reward.epochs=1"]
    words += ["reward.flip_rates=[0.0, 0.4]"]
    found = build(Params, compose(words, root / "params"), "scale")
    alone = dataclasses.replace(found.runner, backend="sequential")
    return dataclasses.replace(found, runner=alone)


def test_golden_pairs_are_labelled_by_the_judge_and_leave_out_constant_models(tmp_path):
    found = judged(published.read(write(tmp_path)), 0)
    frame = outputs_family.golden_pairs(found, 5, 0)
    value = dict(zip(zip(found.prompt, found.texts), found.preference[0]))
    best = {}
    for row in frame.itertuples():
        number = row.meta["prompt"]
        assert "Cheat." not in (row.chosen, row.rejected) and row.chosen != row.rejected
        best.setdefault(number, []).append((value[number, row.chosen], value[number, row.rejected]))
    assert set(best) == set(range(24)) and max(map(len, best.values())) == 5
    assert np.mean([a > b for each in best.values() for a, b in each]) > 0.95  # texts repeat


def test_pairs_about_a_prompt_that_is_scored_are_left_out(params):
    found = judged(published.read(params.tables.alpaca_eval), params.seed)
    told = outputs_family.prepare(params, found).set_index("source")
    assert told.loc["harmless", "left_out"] == 4  # fruits 20 to 23 are prompts
    assert told.loc["harmless", "pairs"] == 16 and 0 <= told["cut"].min() <= told["cut"].max() <= 1


def test_a_scorer_has_seen_no_pair_of_the_prompts_that_it_scores(params, tmp_path):
    found = judged(published.read(params.tables.alpaca_eval), params.seed)
    outputs_family.prepare(params, found)
    asked = [item for _, item in outputs_family.scorers(params) if item.fold == 0]
    data = outputs_family.folder(params) / "data"
    file, folds = scorer.pair_files(data, outputs_family.JUDGE)

    def scored(item):
        scorer.score(item, tmp_path)
        return np.load(tmp_path / scorer.SCORES)

    for words in (False, True):
        item = next(one for one in asked if (one.shape is None) == words and one.source == "judge")
        before, number = scored(item), np.load(folds)
        frame = pairs.read(file)
        own = frame.assign(chosen=frame["chosen"].where(number != 0, "Nothing."))
        pairs.write(own, file)
        np.testing.assert_array_equal(scored(item), before)
        other = frame.assign(chosen=frame["chosen"].where(number == 0, "Nothing."))
        pairs.write(other, file)
        assert not np.array_equal(scored(item), before, equal_nan=True)
        pairs.write(frame, file)
        fold = pd.read_parquet(data / scorer.RESPONSES)["fold"]
        assert (np.isnan(before) == (fold != 0)).all()


def test_the_stage_writes_tables_without_any_text(params, tmp_path):
    real_outputs.run(params)
    written = tmp_path / "results/real-scores/real_outputs"
    tables = {path.stem: pd.read_csv(path) for path in written.glob("*.csv")}
    proxies = set(tables["measures"]["proxy"])
    assert {"length", "RM judge, 40 % flipped", "RM helpful", "words harmless", "other"} <= proxies
    counts = tables["data"].set_index("what")["count"]
    assert counts["missing responses"] == 1 and counts["constant models"] == 1
    assert set(left_out.quantities(written)) >= {views.MAIN, views.WIN}
    everything = "".join(path.read_text() for path in written.iterdir())
    assert not any(fruit in everything for fruit in (*FRUITS, "Cheat", "Name fruit"))
    again = {path.name: path.read_bytes() for path in written.iterdir()}
    real_outputs.run(params)  # keeps the finished scorers, and writes the same bytes
    assert again == {path.name: path.read_bytes() for path in written.iterdir()}


def test_a_score_that_is_not_finite_is_an_error(tmp_path):
    item = scorer.Scorer("one", "", "judge", 0.0, 0, None, None, None, 0)
    np.save(tmp_path / scorer.SCORES, np.array([1.0, np.inf], np.float32))
    with pytest.raises(DataError, match="RM: 1 responses have no finite score.*learning_rate"):
        outputs_family.gathered([("RM", item)], [tmp_path])


# What readers see.


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """As a notebook reads them."""
    rng = np.random.default_rng(5)
    golden = rng.normal(size=(12, 36)) + np.linspace(0, 1, 36)
    texts = ["a" * n for n in rng.integers(1, 90, golden.size)]
    outputs = made(golden, texts, judges=2)
    noise = {"RM judge, 0 % flipped": 0.5, "RM helpful": 2.0, "words judge": 1.0, "lines": 4.0}
    proxies = {k: golden.ravel() + sd * rng.normal(size=golden.size) for k, sd in noise.items()}
    folder = tmp_path_factory.mktemp("tables")
    write_tables(measure.tables(outputs, {"length": outputs.length, **proxies}, 0), folder)
    given = {"keep_default_na": False, "na_values": [""]}
    return {path.stem: pd.read_csv(path, **given) for path in folder.glob("*.csv")}


def test_figures_name_what_they_show(tables):
    drawn = show.plot_curves(tables["curves"], ["length", "RM helpful"], views.MAIN)
    labels = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert labels == ["the judge's own best", "length", "RM helpful"]
    points = show.plot_points(tables["measures"], views.MAIN).axes[0]
    assert {text.get_text() for text in points.texts} >= {"length", "writer", "words judge"}
    rows = names(show.plot_peaks(tables["measures"], views.MAIN).axes[0])
    assert set(rows) == {"length", "lines", "RM helpful", "RM judge, 0 % flipped", "words judge",
                         "writer"}  # fmt: skip
    assert len(show.plot_kept(tables["gains"]).axes) == 2
    assert show.plot_subsets(tables["subsets"]).axes


def test_tables_for_readers_have_a_text_in_every_cell(tables):
    measures = tables["measures"]
    for text in (
        show.proxy_table(measures, tables["tool"], views.MAIN),
        show.golden_table(measures),
        show.equal_table(measures),
        show.judge_table(measures, "judge 1"),
        show.difference_table(tables["differences"].assign(hidden=True)),
    ):
        assert len(text) and text.notna().all(axis=None)


def test_a_correlation_without_exception_has_no_interval():
    rows = [("all", 5, 0.9, 0.5, 1.0), ("some", 3, 1.0, 1.0, 1.0)]
    prompts = pd.DataFrame(rows, columns=["quantity", "proxies", "estimate", "low", "high"])
    found = show.association_table(prompts, prompts.drop(columns="proxies"))
    assert found.iloc[0, 2] == "0.90 [0.50,\u00a01.00]" and found.iloc[1, 2] == "1.00"


def test_names_are_moved_apart_as_little_as_can_be():
    found = show._apart(pd.Series([0.0, 0.0, 1.0]), 0.1)
    assert found.to_numpy() == pytest.approx([-0.05, 0.05, 1.0])


@pytest.mark.skipif(not SHARED.exists(), reason="AlpacaEval's files are not beside the project")
def test_the_published_files():
    found = judged(published.read(SHARED), 0)
    counts = measure.counts(found, views.of_judges(found, {})).set_index("what")["count"]
    assert counts["prompts"] == 805 and counts["models"] == 57
    assert counts["missing responses"] == 10
    assert {found.models[k] for k in found.model[found.constant]} == {"NullModel"}
    scores: Scores = table(found, log_odds(found.preference[0]), {"length": found.length})
    rows = measure.measured(scores, 0).set_index("measure")
    assert rows.loc["accuracy", "estimate"] == pytest.approx(0.72, abs=0.01)
    assert rows.loc["peak", "high"] < 57
