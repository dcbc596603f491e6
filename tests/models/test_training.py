import json

from proxyreward.models.training import LOG, plain_training, write_log


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
    arguments = plain_training(9)
    assert (arguments["seed"], arguments["data_seed"]) == (9, 9)
    assert arguments["report_to"] == "none" and arguments["save_strategy"] == "no"
