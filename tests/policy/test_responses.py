"""What saved policies say; `respond` is tested where policies are aligned, too."""

import dataclasses

import pandas as pd
import pytest

from proxyreward.models.build import build_policy, load_policy
from proxyreward.policy.responses import RESPONSES, Speaker, respond, speak


@pytest.fixture(scope="module")
def speaker(corpus, tokenizer, shape, tmp_path_factory):
    root = tmp_path_factory.mktemp("stages")
    tokenizer.save_pretrained(root / "tokenizer")
    build_policy("scratch", shape, tokenizer, seed=0).save_pretrained(root / "policy")
    prompts = corpus.prompts[:5].assign(source=list("ababa"))
    prompts.to_parquet(root / "prompts.parquet")
    return Speaker(
        name="x", data=str(root), policy=str(root / "policy"), policy_hash="",
        prompts=str(root / "prompts.parquet"), test_samples=2, temperature=1.0, max_new_tokens=8,
        max_length=64, seed=3,
    )  # fmt: skip


def said(item, folder):
    folder.mkdir()
    speak(item, folder)
    return pd.read_parquet(folder / RESPONSES)


def test_a_saved_policy_says_what_it_would_say_in_memory(speaker, tokenizer, tmp_path):
    prompts = pd.read_parquet(speaker.prompts)
    expected = respond(load_policy(speaker.policy), tokenizer, prompts, 2, speaker, speaker.seed)
    pd.testing.assert_frame_equal(said(speaker, tmp_path / "one"), expected)


def test_every_prompt_has_its_samples_together(speaker, tmp_path):
    found = said(speaker, tmp_path / "one")
    prompts = pd.read_parquet(speaker.prompts)
    assert found["sample_id"].tolist() == [0, 1] * 5
    for column in ("prompt_id", "source", "prompt"):
        assert found[column].tolist() == prompts[column].repeat(2).tolist()
    assert found["response"].nunique() > 5


def test_the_seed_decides_what_is_said(speaker, tmp_path):
    one = said(speaker, tmp_path / "one")
    other = said(dataclasses.replace(speaker, seed=4), tmp_path / "other")
    assert (one["response"] != other["response"]).any()
