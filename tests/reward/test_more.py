import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from tests.reward.mixing import PLAIN, SCHEMES, SHAPE, fit, material

from proxyreward.models.build import build_reward_model, load_reward_model
from proxyreward.reward import more
from proxyreward.reward.more import (
    head_gradients,
    micro_weights,
    pair_weights,
    rows_in_order,
    source_weights,
    step_record,
)
from proxyreward.reward.score import TOKENS_PER_BATCH
from proxyreward.reward.train import pair_rewards


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """{scheme: folder} after a training each."""
    top = tmp_path_factory.mktemp("trained")
    return {scheme: fit(settings, top / scheme) for scheme, settings in SCHEMES.items()}


def steps(folder):
    return pd.read_csv(folder / more.STEPS)


def weights(folder):
    model = load_reward_model(folder)
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy()


def batch_of(weighting):
    """The losses of an untrained model, and the rows of one balanced batch, four pairs a source."""
    pairs, source, tokenizer = material()
    model = build_reward_model("scratch", SHAPE, tokenizer, seed=1)
    return more.Mixing(model, pairs, source, weighting), rows_in_order(source, PLAIN, 0)[:12]


def rewards_of(one, rows):
    """Differences of hidden states and of rewards, and the sources of the rows."""
    rewards, pooled = pair_rewards(one.model, one.pairs.take(rows))
    return pooled[0] - pooled[1], rewards[0] - rewards[1], one.source[rows]


def loss_and_gradients(one, rows):
    one.model.zero_grad()
    loss = one.loss(rows)
    loss.backward()
    return loss, [p.grad.clone() for p in one.model.parameters()]


# --- Head gradients ------------------------------------------------------------------------------


def test_head_gradients_are_those_of_autograd():
    """The closed form of eq. 9 against one backward pass a source through the whole model."""
    one, rows = batch_of("min-norm")
    delta, margin, source = rewards_of(one, rows)
    found, counts = head_gradients(delta, margin, source, 3)
    assert counts.tolist() == [4, 4, 4]
    for i in range(3):
        loss = -torch.nn.functional.logsigmoid(margin[source == i]).mean()
        (expected,) = torch.autograd.grad(loss, one.model.score.weight, retain_graph=True)
        np.testing.assert_allclose(found[i], expected[0], rtol=1e-4, atol=1e-7)


def test_splitting_a_batch_by_length_does_not_change_its_rewards(monkeypatch):
    one, rows = batch_of("plain")
    monkeypatch.setitem(TOKENS_PER_BATCH, "cpu", 200)
    rewards, pooled = pair_rewards(one.model, one.pairs.take(rows))
    with torch.no_grad():
        for side, tokens in enumerate((one.pairs.chosen, one.pairs.rejected)):
            alone = [one.model(torch.tensor([tokens[i]])).logits.item() for i in rows]
            assert rewards[side].tolist() == pytest.approx(alone, abs=1e-5)
    torch.testing.assert_close(one.model.score(pooled)[..., 0], rewards)


def test_an_absent_source_has_no_gradient_and_no_weight():
    rng = torch.Generator().manual_seed(0)
    delta, margin = torch.randn(6, 4, generator=rng), torch.randn(6, generator=rng)
    gradients, counts = head_gradients(delta, margin, torch.tensor([0, 0, 2, 2, 2, 0]), 3)
    assert counts.tolist() == [3, 0, 3] and not gradients[1].any()
    found = source_weights(gradients.numpy(), counts.numpy())
    assert found[1] == 0 and found.sum() == pytest.approx(1)
    each = pair_weights(torch.from_numpy(found), counts, torch.tensor([0, 2]))
    np.testing.assert_allclose(each, found[[0, 2]] * 2)


E1, E2 = np.eye(2)


@pytest.mark.parametrize(
    "gradients, expected",
    [
        ([E1, E1, E1], [1 / 3, 1 / 3, 1 / 3]),  # equal
        ([E1, -E1], [0.5, 0.5]),  # opposite
        ([3 * E1, -E1], [0.25, 0.75]),  # opposite, one longer
        ([100 * E1, E2], [1 / 10001, 10000 / 10001]),  # one dominant
        ([E1, 0 * E1, E2], [0, 1, 0]),  # one zero
    ],
)
def test_weights_of_hand_made_gradients(gradients, expected):
    found = source_weights(np.array(gradients), np.ones(len(gradients)))
    np.testing.assert_allclose(found, expected, atol=1e-12)


# --- The weighted loss ---------------------------------------------------------------------------


@pytest.mark.parametrize("sources", [1, 2, 3, 5, 7])
def test_equal_weights_on_a_balanced_batch_are_exactly_one(sources):
    counts = torch.full((sources,), 16.0, dtype=torch.double)
    equal = torch.full((sources,), 1 / sources, dtype=torch.double)
    assert (pair_weights(equal, counts, torch.arange(sources)) == 1).all()


def test_equal_weights_give_the_plain_loss_and_gradients_bit_for_bit(monkeypatch):
    monkeypatch.setattr(more, "source_weights", lambda *_: np.full(3, 1 / 3))
    plain, balanced = (
        loss_and_gradients(*batch_of(weighting)) for weighting in ("plain", "min-norm")
    )
    assert plain[0].item() == balanced[0].item()
    assert all(torch.equal(a, b) for a, b in zip(plain[1], balanced[1]))


def test_a_whole_training_with_equal_weights_ends_in_the_plain_model(
    trained, tmp_path, monkeypatch
):
    monkeypatch.setattr(more, "source_weights", lambda *_: np.full(3, 1 / 3))
    np.testing.assert_array_equal(
        weights(fit(SCHEMES["more"], tmp_path)), weights(trained["plain"])
    )


def test_the_loss_is_the_weighted_sum_over_sources():
    one, rows = batch_of("min-norm")
    loss, gradients = loss_and_gradients(one, rows)
    (row,) = one.steps
    found = [row[f"weight_{i}"] for i in range(3)]
    assert sum(found) == pytest.approx(1) and np.ptp(found) > 1e-3
    _, margin, source = rewards_of(one, rows)
    losses = [-torch.nn.functional.logsigmoid(margin[source == i]).mean() for i in range(3)]
    expected = sum(w * own for w, own in zip(found, losses))
    assert loss.item() == pytest.approx(expected.item(), abs=1e-6)
    assert row["plain_loss"] == pytest.approx(sum(losses).item() / 3, abs=1e-6)
    # What eq. 9 promises: the head's gradient of this loss is the shortest combination.
    head = next(g for g, (n, _) in zip(gradients, one.model.named_parameters()) if "score" in n)
    assert head.norm().item() == pytest.approx(row["combined"], rel=1e-4)
    assert row["combined"] <= row["equal"] + 1e-9


def test_a_record_tells_lengths():
    told = step_record(np.array([3 * E1, 4 * E2]), np.array([1.0, 0.0]))
    assert told == {
        "combined": 3, "equal": 2.5, "single": 3.5, "weight_0": 1, "weight_1": 0,
    }  # fmt: skip


# --- The variant of the public code --------------------------------------------------------------


def test_micro_batches_have_unit_gradients_averaged_over_time():
    """Two micro-batches of two sources, against the definition written out."""
    first, second = np.array([[2 * E1, 5 * E2], [E1 + E2, -3 * E1]])
    found, average = micro_weights(np.stack([first, second]), None)
    np.testing.assert_allclose(average, 0.99 * second + 0.01 * first)
    for weights_, gradients in zip(found, (first, average)):
        unit = gradients / np.linalg.norm(gradients, axis=1, keepdims=True)
        np.testing.assert_allclose(weights_, source_weights(unit, np.ones(2)), atol=1e-12)
    np.testing.assert_allclose(found[0], [0.5, 0.5])  # unlike eq. 9, blind to lengths
    assert micro_weights(second[None], first)[1] == pytest.approx(0.99 * second + 0.01 * first)


def test_micro_batches_weigh_their_own_pairs():
    """With weights that tell micro-batch and source, the loss finds each in its pair."""
    one, rows = batch_of("public-code")
    one.loss(rows)
    delta, margin, _ = rewards_of(one, rows)
    single = [
        head_gradients(delta[i : i + 3], margin[i : i + 3], one.source[rows][i : i + 3], 3)[0]
        for i in range(0, 12, 3)
    ]
    micro, _ = micro_weights(torch.stack(single).numpy(), None)
    losses = -torch.nn.functional.logsigmoid(margin).detach().numpy().reshape(4, 3)
    assert one.steps[0]["loss"] == pytest.approx((micro * losses).sum() / 4, abs=1e-6)


# --- Training ------------------------------------------------------------------------------------


def test_a_training_has_a_step_a_batch(trained):
    expected = dict.fromkeys(("plain", "more", "public-code", "upgrad", "multitask", "as-is"), 6)
    assert {scheme: len(steps(folder)) for scheme, folder in trained.items()} == expected
    assert list(steps(trained["plain"])) == ["step", "loss", "plain_loss", "size"]
    told = steps(trained["more"])
    np.testing.assert_allclose(told.filter(like="weight_").sum(axis=1), 1, atol=1e-5)
    assert (told["combined"] <= told["equal"] * (1 + 1e-5)).all()
    other = steps(trained["upgrad"]).filter(like="weight_")
    assert (other >= 1 / 3 - 1e-6).all(axis=None) and (other.sum(axis=1) > 1 + 1e-3).any()


def test_schemes_start_alike_and_part(trained):
    """The first batch is the same, hence the plain loss; the models are not."""
    first = [steps(trained[scheme])["plain_loss"][0] for scheme in ("plain", "more", "public-code")]
    assert first == pytest.approx([first[0]] * 3, abs=1e-5)
    ends = [weights(folder) for folder in trained.values()]
    assert all(abs(a - b).max() > 1e-3 for i, a in enumerate(ends) for b in ends[:i])


def test_the_seed_decides_every_byte(trained, tmp_path):
    again = fit(SCHEMES["more"], tmp_path / "again")
    names = ("model.safetensors", more.STEPS, "train_log.json")
    for name in names:
        assert (again / name).read_bytes() == (trained["more"] / name).read_bytes()
    other = fit(SCHEMES["more"], tmp_path / "other", seed=1)
    assert (other / names[0]).read_bytes() != (again / names[0]).read_bytes()


def test_sources_as_they_are_cannot_be_balanced():
    with pytest.raises(ValueError, match="take order 'mixed'"):
        rows_in_order(np.zeros(4, int), replace(PLAIN, resampled=None), 0)


# --- Several processes ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pair(tmp_path_factory, root):
    """Folder in which two processes have trained."""
    folder = tmp_path_factory.mktemp("processes")
    # `--multi_gpu` stands for torchrun here: the two processes ask for the CPU themselves.
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu",
              "--num_processes=2", "--num_machines=1", "--mixed_precision=no",
              "--dynamo_backend=no", "--main_process_port=0"]  # fmt: skip
    paths = os.pathsep.join([str(root), str(root / "src")])
    environment = os.environ | {
        "PYTHONPATH": paths, "CUDA_VISIBLE_DEVICES": "", "GLOO_SOCKET_IFNAME": "lo",
    }  # fmt: skip
    done = subprocess.run(
        [*launch, "-m", "tests.reward.mixing", str(folder)],
        env=environment, cwd=root, capture_output=True, text=True, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.glob("*.rank")) == ["0.rank", "1.rank"]
    return folder


@pytest.mark.parametrize("scheme", ["more", "plain"])
def test_two_processes_have_the_weights_and_losses_of_one(pair, trained, scheme):
    """Each has half of every batch; the weights come from the whole of it."""
    one, two = steps(trained[scheme]), steps(pair / scheme)
    assert list(one) == list(two) and len(one) == len(two)
    np.testing.assert_allclose(one, two, rtol=0, atol=1e-6 + 1e-9)  # the file has six digits
    np.testing.assert_allclose(weights(trained[scheme]), weights(pair / scheme), atol=1e-5)


def test_a_batch_that_cannot_be_shared_out_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("accelerate.Accelerator.num_processes", 3)
    with pytest.raises(ValueError, match="4 pairs of each source .* to 3 processes"):
        fit(PLAIN, tmp_path)


def test_bf16_mixed_trains_fp32_weights_otherwise(trained, bf16, tmp_path):
    folder = fit(replace(SCHEMES["more"], precision=bf16), tmp_path)
    loss, expected = (steps(one)["loss"].to_numpy() for one in (folder, trained["more"]))
    assert (loss != expected).all() and np.allclose(loss, expected, atol=0.02)
    assert weights(folder).dtype == np.float32
    assert not np.isin(weights(folder), weights(trained["more"])).all()
