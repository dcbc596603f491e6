import dataclasses

import numpy as np
import pandas as pd
import pytest

from proxyreward.data import pairs
from proxyreward.models.build import build_policy, load_policy
from proxyreward.models.tokenizer import encode
from proxyreward.policy import dpo
from proxyreward.policy.dpo import PreferencePolicy, PreferenceSettings, log_probabilities
from proxyreward.policy.responses import RESPONSES
from proxyreward.reward.min_norm import min_norm

BETA = 0.5
SOURCES = ("harmless", "helpful", "summarize")
SETTINGS = PreferenceSettings("min-norm", BETA, resampled=32, pairs_per_source=8,
                              learning_rate=1e-2)  # fmt: skip
PLAIN = dataclasses.replace(SETTINGS, weighting="plain")


@pytest.fixture(scope="module")
def frame(corpus):
    """A hundred pairs of three sources of unequal size."""
    sizes = {"summarize": 20, "helpful": 50, "harmless": 30}
    return corpus.pairs.assign(source=np.repeat(list(sizes), list(sizes.values())))


@pytest.fixture(scope="module")
def start(tokenizer, shape, tmp_path_factory):
    """Folder of the policy to start from."""
    folder = tmp_path_factory.mktemp("start")
    build_policy("scratch", shape, tokenizer, seed=7).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def reference(start, tokenizer, frame):
    return log_probabilities(load_policy(start), tokenizer, frame, 64)


@pytest.fixture()
def fit(start, frame, tokenizer, tmp_path):
    """Train from the start; returns the policy and the table of its steps."""

    def run(settings=SETTINGS, name="run", seed=0, longest=64):
        policy = load_policy(start)
        dpo.train_preferences(policy, frame, tokenizer, settings, longest, seed, tmp_path / name)
        return policy.eval(), pd.read_csv(tmp_path / name / dpo.STEPS)

    return run


@pytest.fixture(scope="module")
def batch(start, frame, tokenizer):
    """A policy that has left the reference, a batch of two pairs a source, and its margins."""
    import torch

    policy = load_policy(start)
    torch.manual_seed(0)
    for weight in policy.parameters():
        weight.data += 0.1 * torch.randn_like(weight)
    rows = pd.concat([frame[frame["source"] == name].iloc[[k]] for k in (0, 1) for name in SOURCES])
    told = log_probabilities(load_policy(start), tokenizer, rows, 64)
    now = np.array([[alone(policy, tokenizer, row, side) for side in ("chosen", "rejected")]
                    for row in rows.itertuples()])  # fmt: skip
    return policy, rows, told, dpo.margins(now, told, BETA)


def alone(policy, tokenizer, row, side):
    """Log-probability of a response, token by token, from transformers' forward pass."""
    import torch

    [whole] = encode(tokenizer, [row.prompt], [getattr(row, side)], 10_000)
    ids, own = whole[-64:], len(whole) - len(tokenizer(row.prompt)["input_ids"])
    with torch.no_grad():
        told = policy(torch.tensor([ids])).logits[0].log_softmax(-1)
    return sum(told[i - 1, ids[i]].item() for i in range(max(len(ids) - own, 1), len(ids)))


def losses_of(batch, tokenizer, settings):
    """The losses of a batch of pairs, and its row numbers."""
    policy, rows, told, _ = batch
    return dpo.Preferences(policy, rows, told, tokenizer, settings, 3, 64), np.arange(len(rows))


def autograd_head_gradients(policy, ids, answer, told):
    """Gradient of each source's loss by the head, from backward passes, the states held fixed."""
    import torch
    from torch.nn.functional import logsigmoid

    with torch.no_grad():
        hidden = policy.original.base_model(ids).last_hidden_state
    head = policy.get_output_embeddings().weight.detach().clone().requires_grad_()
    log_probs = (hidden[:, :-1] @ head.T).log_softmax(-1)
    each = log_probs.gather(-1, ids[:, 1:, None])[..., 0] * answer[:, 1:]
    chosen, rejected = each.sum(1).chunk(2)
    margin = BETA * ((chosen - torch.tensor(told[:, 0])) - (rejected - torch.tensor(told[:, 1])))
    losses = [-logsigmoid(margin[i::3]).mean() for i in range(3)]
    return [torch.autograd.grad(loss, head, retain_graph=True)[0] for loss in losses]


def test_log_probabilities_are_those_of_each_row_alone(start, frame, reference, tokenizer):
    policy = load_policy(start)
    for i, row in enumerate(frame[:10].itertuples()):
        expected = [alone(policy, tokenizer, row, side) for side in ("chosen", "rejected")]
        np.testing.assert_allclose(reference[i], expected, rtol=1e-5)


def test_the_loss_is_that_of_dpo_by_hand(batch, tokenizer):
    one, rows = losses_of(batch, tokenizer, PLAIN)
    loss, margin = one.loss(rows).item(), batch[-1]
    assert loss == pytest.approx(np.log1p(np.exp(-margin)).mean(), rel=1e-5)
    assert abs(loss - np.log(2)) > 0.01


def test_head_gradients_are_those_of_backward_passes(batch, tokenizer):
    import torch

    policy, _, told, margin = batch
    one, rows = losses_of(batch, tokenizer, PLAIN)
    ids, answer = one.tensors(rows)
    with torch.no_grad():
        states = dpo.answer_distributions(policy, ids, answer)
        found = dpo.head_gradients(*states, ids, answer, torch.tensor(margin).float(), BETA, 3)
    for mine, expected in zip(found, autograd_head_gradients(policy, ids, answer, told)):
        torch.testing.assert_close(mine, expected.float(), rtol=1e-4, atol=1e-5)
        assert expected.norm() > 0.01


def test_more_weighs_the_losses_so_that_the_head_gradient_is_shortest(batch, tokenizer):
    policy, _, told, margin = batch
    one, rows = losses_of(batch, tokenizer, SETTINGS)
    gradients = autograd_head_gradients(policy, *one.tensors(rows), told)
    flat = np.stack([gradient.flatten().double().numpy() for gradient in gradients])
    weights = min_norm(flat @ flat.T)
    losses = np.log1p(np.exp(-margin))
    expected = sum(weight * losses[i::3].mean() for i, weight in enumerate(weights))
    assert one.loss(rows).item() == pytest.approx(expected, rel=1e-4)
    [step] = one.steps
    np.testing.assert_allclose([step[f"weight_{i}"] for i in range(3)], weights, atol=1e-3)
    assert step["combined"] < step["equal"] and np.ptp(weights) > 0.05


def test_no_gradient_flows_through_the_weights(batch, tokenizer):
    import torch

    policy = batch[0]
    one, rows = losses_of(batch, tokenizer, SETTINGS)
    one.loss(rows).backward()
    found = [weight.grad.clone() for weight in policy.parameters()]
    fixed = [one.steps[0][f"weight_{i}"] for i in range(3)]
    policy.zero_grad()
    plain, _ = losses_of(batch, tokenizer, PLAIN)
    for i, weight in enumerate(fixed):
        (weight * plain.loss(rows[i::3])).backward()
    for mine, parameter in zip(found, policy.parameters()):
        torch.testing.assert_close(mine, parameter.grad, rtol=1e-3, atol=1e-6)
    policy.zero_grad()


def test_plain_training_follows_the_trainer_of_trl(fit, start, frame, tokenizer, tmp_path):
    from datasets import Dataset
    from trl import DPOConfig, DPOTrainer

    policy, steps = fit(PLAIN)
    names, source = np.unique(frame["source"].to_numpy(str), return_inverse=True)
    ordered = frame.iloc[dpo.balanced_order(source, PLAIN.resampled, seed=0)]
    columns = {"prompt": ordered["prompt"].tolist()}
    for side in ("chosen", "rejected"):
        columns[side] = [f" {text}" if text else "" for text in ordered[side]]
    arguments = DPOConfig(
        str(tmp_path / "trl"), beta=BETA, per_device_train_batch_size=24, num_train_epochs=1,
        learning_rate=1e-2, lr_scheduler_type="cosine", max_length=64, truncation_mode="keep_end",
        train_sampling_strategy="sequential", gradient_checkpointing=False, adam_beta2=0.98,
        bf16=False, use_cpu=True, report_to="none", save_strategy="no", logging_steps=1,
    )  # fmt: skip
    trl = DPOTrainer(
        load_policy(start).original, load_policy(start).original, arguments,
        train_dataset=Dataset.from_dict(columns),        processing_class=tokenizer,
    )  # fmt: skip
    trl.train()
    losses = [row["loss"] for row in trl.state.log_history if "loss" in row]
    assert steps["loss"].tolist() == pytest.approx(losses, abs=1e-4) and len(losses) == 4
    expected = trl.model.state_dict()
    for name, value in policy.state_dict().items():
        np.testing.assert_allclose(value, expected[name], atol=1e-3)


def test_equal_weights_are_plain_dpo_to_the_last_bit(fit, monkeypatch):
    plain, _ = fit(PLAIN, "plain")
    monkeypatch.setattr(dpo, "min_norm", lambda gram: np.full(len(gram), 1 / len(gram)))
    equal, steps = fit(SETTINGS, "equal")
    assert all(value.equal(equal.state_dict()[name]) for name, value in plain.state_dict().items())
    assert (steps["loss"] == steps["plain_loss"]).all()


def test_every_batch_holds_all_sources_in_turn(fit, frame, tokenizer, monkeypatch):
    source_of = {
        tuple(row): source
        for side in ("chosen", "rejected")
        for row, source in zip(encode(tokenizer, frame["prompt"], frame[side], 64), frame["source"])
    }
    plain, seen = dpo.answer_distributions, []

    def spy(model, ids, answer):
        seen.append([source_of[tuple(t for t in row if t != tokenizer.pad_token_id)]
                     for row in ids.tolist()])  # fmt: skip
        return plain(model, ids, answer)

    monkeypatch.setattr(dpo, "answer_distributions", spy)
    fit()
    assert seen == [list(SOURCES) * 8 * 2] * 4


def test_steps_tell_the_weights_of_the_sources(fit):
    _, steps = fit()
    weights = steps[[f"weight_{name}" for name in SOURCES]]
    assert steps["step"].tolist() == [1, 2, 3, 4]
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-5)
    assert (steps["combined"] <= steps["equal"]).all() and weights.std().min() > 0
    _, plain = fit(PLAIN, "plain")
    assert plain.columns.tolist() == ["step", "loss", "plain_loss", "size"]


# Longer than all rows, than most of them, than the longest response alone.
@pytest.mark.parametrize("longest", [64, 30, 8])
def test_policy_and_reference_read_the_same_part_of_long_rows(fit, longest):
    _, steps = fit(PLAIN, longest=longest)
    assert steps["size"][0] < 1e-5 < 1e-3 < steps["size"][1]


def test_training_raises_the_margins_of_its_pairs(fit, frame, reference, tokenizer):
    for settings in (PLAIN, SETTINGS):
        policy, _ = fit(settings, settings.weighting)
        now = log_probabilities(policy, tokenizer, frame, 64)
        assert dpo.margins(now, reference, BETA).mean() > 0.05


def test_bf16_mixed_computes_policy_and_reference_alike_and_weights_in_fp32(fit, bf16, monkeypatch):
    import torch

    seen = {"answer_distributions": [], "head_gradients": []}
    for name in seen:
        monkeypatch.setattr(dpo, name, spy(getattr(dpo, name), seen[name]))
    _, expected = fit(SETTINGS, "plain")
    policy, steps = fit(dataclasses.replace(SETTINGS, precision=bf16), "mixed")
    assert seen["answer_distributions"] == [False] * 4 + [True] * 4
    assert set(seen["head_gradients"]) == {False}  # products rounded to bf16 would turn weights
    assert steps["size"][0] < 1e-4 < 1e-3 < steps["size"][1]  # no margin before the first update
    assert steps["loss"].tolist() == pytest.approx(expected["loss"].tolist(), abs=0.05)
    assert {value.dtype for value in policy.parameters()} == {torch.float32}


def spy(plain, seen):
    """`plain`, with a note in `seen` of whether a call computed in mixed precision."""
    import torch

    def call(*args):
        seen.append(torch.is_autocast_enabled("cpu"))
        return plain(*args)

    return call


@pytest.fixture(scope="module")
def run(corpus, frame, start, tokenizer, tmp_path_factory):
    """Do an item; returns its folder."""
    root = tmp_path_factory.mktemp("run")
    tokenizer.save_pretrained(root / "tokenizer")
    pairs.write(frame, root / "pairs.parquet")
    pairs.write(frame[:30], root / "tests.parquet")
    asked = corpus.prompts[:6].assign(source=["helpful", "harmless"] * 3)
    asked.to_parquet(root / "prompts.parquet")

    def run(settings=SETTINGS, seed=0, pairs="pairs", tests="tests", policy=start):
        folder = tmp_path_factory.mktemp("item")
        files = (str(root / f"{name}.parquet") for name in (pairs, tests, "prompts"))
        item = PreferencePolicy("x", str(root), str(policy), *files, 1, settings, 1.0, 8, 64, seed)
        dpo.train(item, folder)
        return folder

    run.root = root

    return run


FILES = {dpo.MARGINS, RESPONSES, dpo.STEPS, "train_log.json"}
POLICY = {"config.json", "model.safetensors"}


def test_an_item_leaves_its_files_and_equal_seeds_equal_bytes(run):
    one, two, other = run(), run(), run(seed=1)
    assert {path.name for path in one.iterdir()} == FILES | POLICY
    for name in FILES | POLICY:
        assert (one / name).read_bytes() == (two / name).read_bytes()
    assert (one / dpo.MARGINS).read_bytes() != (other / dpo.MARGINS).read_bytes()


def test_margins_are_implicit_rewards_on_the_test_pairs(run, fit, frame, reference, tokenizer):
    found = pd.read_parquet(run() / dpo.MARGINS)
    policy, _ = fit()
    now = log_probabilities(policy, tokenizer, frame[:30], 64)
    expected = dpo.margins(now, reference[:30], BETA)
    np.testing.assert_allclose(found["margin"], expected, rtol=5e-6, atol=1e-5)
    pd.testing.assert_frame_equal(found[["pair_id", "source"]], frame[["pair_id", "source"]][:30])


def test_a_policy_that_does_not_move_has_no_implicit_reward(run):
    still = run(dataclasses.replace(SETTINGS, learning_rate=0.0))
    assert (pd.read_parquet(still / dpo.MARGINS)["margin"] == 0).all()


def test_the_start_judges_the_test_pairs_once_for_items_that_share_them(
    run, frame, shape, tokenizer, tmp_path, monkeypatch
):
    """Whatever they are trained on; but again where the pairs or the start are others."""
    asked, plain = [], dpo.log_probabilities

    def spy(policy, tokenizer, frame, max_length):
        asked.append(len(frame))
        return plain(policy, tokenizer, frame, max_length)

    monkeypatch.setattr(dpo, "log_probabilities", spy)
    monkeypatch.setattr(dpo, "train_preferences", lambda *_: None)
    for name, rows in (("own", frame[:20]), ("other", frame[:50])):
        pairs.write(rows, run.root / f"{name}.parquet")

    def margin(**changes):
        asked.clear()
        found = pd.read_parquet(run(PLAIN, tests="own", **changes) / dpo.MARGINS)
        assert (found["margin"] == 0).all()  # no item is trained here
        return list(asked)

    assert margin() == [20, 20]  # by the start, and by what was made of it
    assert margin() == margin(pairs="other") == margin(seed=1) == [20]
    build_policy("scratch", shape, tokenizer, seed=8).save_pretrained(tmp_path)
    assert margin(policy=tmp_path) == [20, 20]
    pairs.write(frame[:25], run.root / "own.parquet")
    assert margin(policy=tmp_path) == [25, 25]
