import copy
import json
import os

import numpy as np
import pytest

from proxyreward.data.report import DataError
from proxyreward.models.training import LOG, fit, plain_training, write_log


def test_a_log_keeps_what_is_learnt_and_drops_speeds(tmp_path):
    log = [
        {"loss": 0.5, "epoch": 1.0},
        {"train_runtime": 2.0, "train_samples_per_second": 8.0, "train_loss": 0.4},
    ]
    write_log(log, tmp_path)
    assert json.loads((tmp_path / LOG).read_text()) == [
        {"loss": 0.5, "epoch": 1.0},
        {"train_loss": 0.4},
    ]


def test_training_is_seeded_and_calls_nobody():
    arguments = plain_training(9, "fp32")
    assert (arguments["seed"], arguments["data_seed"]) == (9, 9)
    assert arguments["report_to"] == "none" and arguments["save_strategy"] == "no"


@pytest.mark.parametrize("left_there", ["bf16", "fp16"])
def test_the_precision_is_the_one_asked_for(left_there, monkeypatch):
    from transformers import TrainingArguments

    monkeypatch.setitem(os.environ, "ACCELERATE_MIXED_PRECISION", left_there)
    assert TrainingArguments(**plain_training(0, "fp32")).mixed_precision == "no"


def test_a_precision_that_is_not_to_be_had_is_refused(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(DataError, match="bf16-mixed needs a GPU"):
        plain_training(0, "bf16-mixed")


def test_a_model_trained_in_bf16_scores_in_fp32_as_its_saved_copy_does(
    bf16, corpus, reward_model, tokenizer, tmp_path
):
    import torch
    from datasets import Dataset
    from trl import RewardConfig, RewardTrainer

    from proxyreward.models.build import load_reward_model

    rows = [[token, 5, 6] for token in range(2, 400)]
    model = copy.deepcopy(reward_model)
    trainer = RewardTrainer(
        model=model,
        args=RewardConfig(str(tmp_path), max_length=None, max_steps=2, **plain_training(0, bf16)),
        train_dataset=Dataset.from_dict({"chosen_ids": rows[:16], "rejected_ids": rows[16:32]}),
        processing_class=tokenizer,
    )
    fit(trainer, tmp_path)
    model.save_pretrained(tmp_path)

    def rewards(model):
        with torch.no_grad():
            return model.eval()(torch.tensor(rows)).logits.float().squeeze(1).numpy()

    found = rewards(model)
    assert (found == rewards(load_reward_model(tmp_path).cpu())).all()
    with torch.autocast("cpu", torch.bfloat16):
        coarse = rewards(model)
    assert len(np.unique(found)) == len(rows) > len(np.unique(coarse))
