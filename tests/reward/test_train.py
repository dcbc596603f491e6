import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from proxyreward.data.pairs import Pair, to_frame
from proxyreward.models.build import build_policy, build_reward_model, load_reward_model
from proxyreward.models.tokenizer import encode
from proxyreward.reward.score import score_pairs
from proxyreward.reward.train import (
    RewardSettings,
    pair_rewards,
    ranking_loss,
    token_pairs,
    train_reward_model,
)

WEIGHTS = "model.safetensors"
SETTINGS = RewardSettings(epochs=1, learning_rate=1e-2, batch_size=16, warmup_ratio=0.1, l2=0.01)


@pytest.fixture(scope="module")
def halves(tokenizer, shape, tmp_path_factory):
    """Folders of one base in two halves of precision, and of each one's copy in float32."""
    import torch

    top = tmp_path_factory.mktemp("bases")
    for half in (torch.bfloat16, torch.float16):
        base = build_policy("scratch", shape, tokenizer, seed=2).to(half)
        base.save_pretrained(top / str(half))
        base.float().save_pretrained(top / f"{half} in float32")
    return top


@pytest.fixture()
def fit(tokenizer, shape, tmp_path):
    """Train on a frame; returns the folder and the logged losses."""

    def run(frame, name="model", settings=SETTINGS, seed=0, flips=None, base="scratch"):
        flips = np.zeros(len(frame), bool) if flips is None else flips
        folder = tmp_path / name
        tokens = token_pairs(frame, flips, tokenizer, shape.max_length)
        train_reward_model(tokens, tokenizer, base, shape, settings, seed, folder)
        log = json.loads((folder / "train_log.json").read_text())
        return folder, [row["loss"] for row in log]

    return run


@pytest.fixture(scope="module")
def toy(corpus):
    """Pairs that one word decides."""
    prompts = corpus.pairs["prompt"][:64]
    return to_frame([Pair(p, "Happy to help.", "You should know this.", "toy") for p in prompts])


def loss_by_hand(model, rows, l2):
    """Mean of -log sigmoid(r_w - r_l) + l2 (r_w^2 + r_l^2), each row alone."""
    import torch

    with torch.no_grad():
        w, l = (  # noqa: E741
            np.array([model(torch.tensor([row])).logits.item() for row in side])
            for side in (rows.chosen, rows.rejected)
        )
    return np.mean(np.log1p(np.exp(l - w)) + l2 * (w**2 + l**2))


@pytest.mark.parametrize("l2", [0.0, 0.01, 0.7])
def test_loss_is_bradley_terry_and_squared_rewards(corpus, tokenizer, reward_model, l2):
    rows = token_pairs(corpus.pairs[:8], np.zeros(8, bool), tokenizer, 64)
    loss = ranking_loss(pair_rewards(reward_model, rows)[0], l2)
    assert loss.item() == pytest.approx(loss_by_hand(reward_model, rows, l2), abs=1e-5)


def test_training_is_that_of_the_library(corpus, tokenizer, shape, fit, tmp_path):
    """TRL's trainer from the same start, on the same pairs in the same order, ends there too."""
    import torch
    from datasets import Dataset
    from trl import RewardConfig, RewardTrainer

    frame, settings = corpus.pairs[:64], dataclasses.replace(SETTINGS, l2=0.0, epochs=2)
    folder, losses = fit(frame, settings=settings, seed=1)
    rows = token_pairs(frame, np.zeros(64, bool), tokenizer, 64)
    lengths = [max(len(a), len(b)) for a, b in zip(rows.chosen, rows.rejected)]
    columns = {"chosen_ids": rows.chosen, "rejected_ids": rows.rejected, "length": lengths}
    arguments = RewardConfig(
        str(tmp_path / "library"), per_device_train_batch_size=16, num_train_epochs=2,
        learning_rate=1e-2, lr_scheduler_type="cosine", warmup_steps=1, adam_beta2=0.98, seed=1,
        train_sampling_strategy="group_by_length", remove_unused_columns=False, max_length=None,
        gradient_checkpointing=False, bf16=False, use_cpu=True, report_to="none",
        save_strategy="no", logging_steps=1,
    )  # fmt: skip
    model = build_reward_model("scratch", shape, tokenizer, seed=1).original
    trainer = RewardTrainer(model, arguments, train_dataset=Dataset.from_dict(columns),
                            processing_class=tokenizer)  # fmt: skip
    trainer.train()
    told = [row["loss"] for row in trainer.state.log_history if "loss" in row]
    assert losses == pytest.approx(told, abs=2e-5)
    ours = load_reward_model(folder).state_dict()
    for name, value in trainer.model.state_dict().items():
        torch.testing.assert_close(ours[name], value, atol=1e-4, rtol=1e-3)


def test_flips_swap_the_two_responses(corpus, tokenizer):
    pairs = corpus.pairs[:6]
    flips = np.array([True, False, True, False, False, True])
    told, plain = (token_pairs(pairs, each, tokenizer, 64) for each in (flips, ~flips))
    better = encode(tokenizer, pairs["prompt"], pairs["chosen"], 64)
    worse = encode(tokenizer, pairs["prompt"], pairs["rejected"], 64)
    for i, flip in enumerate(flips):
        expected = (worse[i], better[i]) if flip else (better[i], worse[i])
        assert (told.chosen[i], told.rejected[i]) == expected
        assert plain.chosen[i] == expected[1]


def test_no_long_pair_is_dropped(corpus, tokenizer):
    rows = token_pairs(corpus.pairs, np.zeros(len(corpus.pairs), bool), tokenizer, 12)
    assert len(rows) == len(corpus.pairs) and max(map(len, rows.chosen + rows.rejected)) == 12


PINNED = [0.72855, 0.72856, 0.83221, 0.66419, 0.75042, 0.68349]


def test_losses_follow_the_pinned_trajectory(fit, corpus):
    _, losses = fit(corpus.pairs[:96])
    assert losses == pytest.approx(PINNED, abs=1e-4)


def test_first_loss_is_that_of_the_seeded_model(fit, corpus, tokenizer, shape):
    frame, settings = corpus.pairs[:16], dataclasses.replace(SETTINGS, l2=0.5)
    _, losses = fit(frame, settings=settings, seed=4)
    start = build_reward_model("scratch", shape, tokenizer, seed=4).eval()
    rows = token_pairs(frame, np.zeros(16, bool), tokenizer, 64)
    assert losses == pytest.approx([loss_by_hand(start, rows, 0.5)], abs=1e-4)


def test_training_learns_a_separable_toy_and_its_opposite(fit, toy, tokenizer):
    settings = dataclasses.replace(SETTINGS, epochs=4, batch_size=32)
    for flips, sign in ((np.zeros(64, bool), 1), (np.ones(64, bool), -1)):
        folder, losses = fit(toy, f"toy{sign}", settings, flips=flips)
        assert losses[-1] < 0.5 * losses[0]
        margins = np.diff(score_pairs(load_reward_model(folder), tokenizer, toy, 64))[:, 0]
        assert (sign * margins < 0).all()


def test_the_penalty_keeps_scores_small(fit, toy, tokenizer):
    size = {}
    for l2 in (0.0, 1.0):
        settings = dataclasses.replace(SETTINGS, epochs=4, batch_size=32, l2=l2)
        folder, _ = fit(toy, f"l2-{l2}", settings)
        size[l2] = abs(score_pairs(load_reward_model(folder), tokenizer, toy, 64)).mean()
    assert size[1.0] < 0.5 * size[0.0]


def test_equal_seeds_give_equal_bytes_and_other_seeds_other_bytes(fit, corpus):
    frame = corpus.pairs[:32]
    files = {
        name: (fit(frame, name, seed=seed)[0] / "model.safetensors").read_bytes()
        for name, seed in (("one", 3), ("two", 3), ("other", 5))
    }
    assert files["one"] == files["two"] != files["other"]


def test_a_frame_may_be_any_part_of_a_larger_one(fit, corpus):
    part = corpus.pairs.iloc[10:26]
    losses = [fit(frame, name)[1] for name, frame in
              (("part", part), ("whole", pd.DataFrame(part.reset_index(drop=True))))]  # fmt: skip
    assert losses[0] == losses[1]


@pytest.mark.parametrize("half", ["torch.bfloat16", "torch.float16"])
def test_what_a_base_is_stored_in_does_not_decide_the_training(fit, corpus, halves, half):
    from safetensors.torch import load_file

    # Far below what half precision can tell apart.
    settings = dataclasses.replace(SETTINGS, learning_rate=1e-6, warmup_ratio=0.0)
    one, two = (
        load_file(fit(corpus.pairs[:48], name, settings, base=str(halves / name))[0] / WEIGHTS)
        for name in (half, f"{half} in float32")
    )
    start = load_file(halves / half / WEIGHTS)
    assert {str(value.dtype) for value in one.values()} == {"torch.float32"}
    assert all(value.equal(two[name]) for name, value in one.items())
    body = [name for name in start if "layers" in name]
    assert body and all((one[name] != start[name].float()).all() for name in body)


def test_bf16_mixed_trains_fp32_weights_otherwise(fit, corpus, bf16, tokenizer):
    frame = corpus.pairs[:48]
    mixed, losses = fit(frame, "mixed", dataclasses.replace(SETTINGS, precision=bf16))
    plain, expected = fit(frame, "plain")
    assert losses == pytest.approx(expected, abs=0.02) and losses != expected
    scores = score_pairs(load_reward_model(mixed), tokenizer, frame, 64)
    other = score_pairs(load_reward_model(plain), tokenizer, frame, 64)
    assert (scores != other).all() and len(np.unique(scores)) > 90
