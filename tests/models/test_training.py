"""Tests of the loop that all trainers share; what each trains is compared with TRL's trainers in
`reward/test_train.py` and `policy/test_dpo.py`."""

import json

import numpy as np
import pytest
import torch

from proxyreward.data.report import DataError
from proxyreward.models import training
from proxyreward.models.training import LOG, grouped_by_length, lean

ROWS = torch.arange(24.0).view(12, 2) / 24


@pytest.fixture()
def fit(tmp_path):
    """Train a linear map to ROWS' sums; returns it and the log."""

    def run(batches, seed=0, precision="fp32", loss=None, dropout=0.0, warmup_steps=0):
        torch.manual_seed(1)
        model = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Dropout(dropout))

        def squared(rows):
            return (model(ROWS[rows])[:, 0] - ROWS[rows].sum(1)).square().mean()

        training.train(
            model, batches, loss or squared, learning_rate=0.1, warmup_steps=warmup_steps,
            precision=precision, seed=seed, directory=tmp_path,
        )  # fmt: skip
        return model, json.loads((tmp_path / LOG).read_text())

    return run


def test_every_step_is_logged_and_the_loss_falls(fit):
    model, log = fit(np.arange(12).reshape(3, 4).repeat(20, axis=0), warmup_steps=6)
    assert [row["step"] for row in log] == list(range(1, 61)) and not model.training
    assert log[-1]["loss"] < 0.05 * log[0]["loss"]


def test_the_rate_warms_up_and_falls_as_a_cosine(fit):
    _, log = fit([np.arange(4)] * 10, warmup_steps=4)
    found = [row["learning_rate"] for row in log]
    falling = 0.05 * (1 + np.cos(np.pi * np.arange(6) / 6))
    np.testing.assert_allclose(found, [0, 0.025, 0.05, 0.075, *falling])


@pytest.mark.parametrize("epochs, steps", [(1, 4), (2, 8), (0.5, 2), (1.3, 6)])
def test_batches_hold_each_row_once_an_epoch(epochs, steps):
    lengths = np.random.default_rng(0).integers(5, 50, 30)
    batches = grouped_by_length(lengths, 8, epochs, seed=3)
    assert len(batches) == steps
    if epochs >= 1:
        assert sorted(np.concatenate(batches[:4])) == list(range(30))


def test_rows_of_like_length_go_together():
    lengths = np.random.default_rng(0).integers(5, 200, 320)
    batches = grouped_by_length(lengths, 8, 1, seed=0)
    assert np.mean([np.ptp(lengths[rows]) for rows in batches]) < 0.3 * np.ptp(lengths)
    other = grouped_by_length(lengths, 8, 1, seed=1)
    assert any((a != b).any() for a, b in zip(batches, other))
    again = grouped_by_length(lengths, 8, 1, seed=0)
    assert all((a == b).all() for a, b in zip(batches, again))


@pytest.mark.parametrize("rows", [1, 3, 8, 30, 64, 330, 3300])
@pytest.mark.parametrize("batch_size", [1, 8, 16])
def test_batches_are_those_of_transformers(rows, batch_size):
    from torch.utils.data import DataLoader
    from transformers.trainer_pt_utils import LengthGroupedSampler

    lengths = np.random.default_rng(rows).integers(5, 50, rows).tolist()
    torch.manual_seed(4)
    loader = DataLoader(
        range(rows), batch_size, collate_fn=np.array,
        sampler=LengthGroupedSampler(batch_size, lengths=lengths),
    )  # fmt: skip
    expected = [*loader, *loader]
    found = grouped_by_length(lengths, batch_size, 2, seed=4)
    assert [batch.tolist() for batch in found] == [batch.tolist() for batch in expected]


@pytest.mark.parametrize("warmup_steps", [0, 1, 4, 12])
def test_rates_are_those_of_transformers(fit, warmup_steps):
    from transformers import get_cosine_schedule_with_warmup

    _, log = fit([np.arange(4)] * 12, warmup_steps=warmup_steps)
    optimiser = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    schedule = get_cosine_schedule_with_warmup(optimiser, warmup_steps, 12)
    for row in log:
        assert row["learning_rate"] == schedule.get_last_lr()[0]
        optimiser.step()
        schedule.step()


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.AdamW])
@pytest.mark.parametrize("fused", [False, True])
def test_a_lean_optimiser_takes_the_same_steps(kind, fused):
    ends = []
    for made in (kind, lean(kind)):
        torch.manual_seed(0)
        model, given = torch.nn.Linear(5, 3), torch.randn(8, 5)
        optimiser = made(model.parameters(), lr=0.1, fused=fused)
        for _ in range(5):
            optimiser.zero_grad()
            model(given).square().mean().backward()
            optimiser.step()
        ends.append(torch.cat([weight.detach().flatten() for weight in model.parameters()]))
    assert ends[0].equal(ends[1])


def test_the_seed_decides_what_is_dropped_out(fit):
    batches = [np.arange(12)] * 5
    logs = [fit(batches, seed, dropout=0.5)[1] for seed in (0, 0, 1)]
    assert logs[0] == logs[1] != logs[2]


def test_a_loss_that_is_no_number_ends_the_training(fit):
    with pytest.raises(ValueError, match="the loss is nan in step 1; lower the learning rate"):
        fit([np.arange(4)], loss=lambda rows: torch.tensor(torch.nan, requires_grad=True))


def test_bf16_mixed_computes_under_autocast_and_leaves_nothing_behind(fit, bf16):
    seen = []

    def loss(rows):
        seen.append(torch.is_autocast_enabled("cpu"))
        return torch.zeros((), requires_grad=True)

    fit([np.arange(4)] * 2, precision=bf16, loss=loss)
    fit([np.arange(4)] * 2, loss=loss)
    assert seen == [True, True, False, False] and not torch.is_autocast_enabled("cpu")


def test_a_precision_that_is_not_to_be_had_is_refused(fit, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(DataError, match="bf16-mixed needs a GPU"):
        fit([np.arange(4)], precision="bf16-mixed")
