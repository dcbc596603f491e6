import numpy as np
import pandas as pd
import pytest

from proxyreward.models.build import build_policy
from proxyreward.policy import pool


@pytest.fixture(scope="module")
def folder(corpus, tokenizer, shape, tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    corpus.prompts.to_parquet(root / "prompts.parquet")
    tokenizer.save_pretrained(root / "tokenizer")
    build_policy("scratch", shape, tokenizer, seed=0).save_pretrained(root / "policy")
    return root


def draw(folder, first, prompts, name, seed=0):
    (folder / name).mkdir(parents=True, exist_ok=True)
    item = pool.PoolItem(name, str(folder), "prompts.parquet", str(folder / "policy"), first,
                         prompts, 3, 1.0, 6, 64, seed)  # fmt: skip
    pool.draw(item, folder / name)
    return pd.read_parquet(folder / name / pool.FILE)


def test_an_item_holds_all_samples_of_its_prompts(folder):
    frame = draw(folder, 4, 2, "a")
    assert frame["prompt_id"].tolist() == [4, 4, 4, 5, 5, 5]
    assert frame["sample_id"].tolist() == [0, 1, 2] * 2
    assert frame.equals(draw(folder, 4, 2, "b")) and frame["ended"].dtype == bool
    assert not frame["response"].equals(draw(folder, 4, 2, "c", seed=1)["response"])


def test_the_pool_is_ordered_by_prompt_and_sample(tmp_path):
    rng = np.random.default_rng(0)
    rows = pd.DataFrame([(p, s) for p in range(120) for s in range(4)],
                        columns=["prompt_id", "sample_id"])  # fmt: skip
    rows["response"] = [f"{p}/{s}" for p, s in zip(rows["prompt_id"], rows["sample_id"])]
    shuffled = rows.iloc[rng.permutation(len(rows))]
    for i, start in enumerate(range(0, len(rows), 100)):
        (tmp_path / f"part-{9 - i}").mkdir()
        shuffled[start : start + 100].to_parquet(tmp_path / f"part-{9 - i}" / pool.FILE)
    (tmp_path / "other-0").mkdir()
    rows.to_parquet(tmp_path / "other-0" / pool.FILE)
    pd.testing.assert_frame_equal(pool.read(tmp_path, "part"), rows)


def test_answers_hold_writers_and_policy_by_prompt(tmp_path):
    prompts = pd.DataFrame({"variant": ["original"] * 2 + ["rewrite"] * 2, "prompt_id": [0, 1] * 2})
    prompts = prompts.assign(category="Chat", prompt=["q0", "q1", "r0", "r1"])
    prompts.to_parquet(tmp_path / "questions.parquet")
    written = prompts.drop(columns="category").merge(
        pd.DataFrame({"source": ["careful", "blunt"], "sample_id": [0, 0]}), how="cross"
    )
    written["response"] = written["source"] + " " + written["prompt"]
    written.to_parquet(tmp_path / "answers.parquet")
    own = pd.DataFrame({"prompt_id": [0, 0, 1, 1], "sample_id": [0, 1] * 2, "ended": True})
    (tmp_path / "tests-0").mkdir()
    own.assign(response=list("abcd")).to_parquet(tmp_path / "tests-0" / pool.FILE)
    found = pool.answers(tmp_path, tmp_path)
    assert found["response"].tolist() == [
        "careful q0", "blunt q0", "a", "b", "careful q1", "blunt q1", "c", "d",
        "careful r0", "blunt r0", "careful r1", "blunt r1",
    ]  # fmt: skip
    assert found.loc[2, ["source", "prompt"]].tolist() == ["initial", "q0"]
