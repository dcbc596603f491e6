import json

import pandas as pd
import pytest
import torch

from proxyreward.models.build import load_policy
from proxyreward.models.tokenizer import encode, encode_answers
from proxyreward.policy.perplexity import answer_nll
from proxyreward.policy.sft import PolicySettings, train_further, train_policy


@pytest.fixture(scope="module")
def demonstrations(corpus):
    return corpus.demonstrations[:24]


def learnt(tokenizer, frame, longest):
    """Rows as they are trained on, and the tokens of each that are learnt."""
    rows, starts = encode_answers(tokenizer, frame["prompt"], frame["response"], longest)
    return rows, [row[start:] for row, start in zip(rows, starts)]


def own_tokens(tokenizer, response):
    """Tokens of a response (with the space before it) and the end."""
    text = f" {response}" if response else ""
    return [*tokenizer(text)["input_ids"], tokenizer.eos_token_id]


def test_exactly_the_prompt_is_left_out(demonstrations, tokenizer):
    rows, answers = learnt(tokenizer, demonstrations, 200)
    for i, (prompt, response) in enumerate(
        zip(demonstrations["prompt"], demonstrations["response"])
    ):
        assert rows[i] == [*tokenizer(prompt)["input_ids"], *answers[i]]
        assert answers[i] == own_tokens(tokenizer, response)


# Shorter than prompt and response together, than the prompt alone, than most responses.
@pytest.mark.parametrize("longest", [30, 12, 4])
def test_a_row_that_lost_its_beginning_learns_the_same_response(demonstrations, tokenizer, longest):
    rows, answers = learnt(tokenizer, demonstrations, longest)
    assert max(map(len, rows)) <= longest
    for answer, response in zip(answers, demonstrations["response"]):
        assert answer == own_tokens(tokenizer, response)[-longest:]


def test_an_empty_response_teaches_to_end(demonstrations, tokenizer):
    frame = pd.DataFrame({"prompt": demonstrations["prompt"][:1], "response": [""]})
    assert learnt(tokenizer, frame, 64)[1] == [[tokenizer.eos_token_id]]


@pytest.fixture()
def fit(demonstrations, tokenizer, shape, tmp_path):
    """Train; returns the folder and the logged losses."""

    def run(name="policy", epochs=2, seed=0, frame=demonstrations):
        settings = PolicySettings(epochs, learning_rate=1e-2, batch_size=8)
        folder = tmp_path / name
        train_policy(frame, tokenizer, "scratch", shape, settings, seed, folder)
        log = json.loads((folder / "train_log.json").read_text())
        return folder, [row["loss"] for row in log]

    return run


PINNED = [6.491, 6.42042, 6.18495, 5.84531, 5.76503, 5.69224]


def test_losses_follow_the_pinned_trajectory(fit):
    _, losses = fit()
    assert losses == pytest.approx(PINNED, abs=1e-4)


def test_equal_seeds_give_equal_bytes_and_other_seeds_other_bytes(fit):
    files = {
        name: (fit(name, epochs=1, seed=seed)[0] / "model.safetensors").read_bytes()
        for name, seed in (("one", 3), ("two", 3), ("other", 5))
    }
    assert files["one"] == files["two"] != files["other"]


def test_the_logged_loss_is_that_of_the_response_alone(fit, demonstrations, tokenizer, shape):
    from proxyreward.models.build import build_policy

    frame = demonstrations[demonstrations["response"].str.len() < 60][:8]
    _, losses = fit(epochs=1, frame=frame)
    model = build_policy("scratch", shape, tokenizer, seed=0).eval()
    total, tokens = 0.0, 0
    for row, response in zip(encode(tokenizer, frame["prompt"], frame["response"], 64),
                             frame["response"]):  # fmt: skip
        with torch.no_grad():
            told = model(torch.tensor([row])).logits[0].log_softmax(-1)
        own = len(own_tokens(tokenizer, response))
        total -= sum(told[i - 1, row[i]].item() for i in range(len(row) - own, len(row)))
        tokens += own
    assert losses == pytest.approx([total / tokens], abs=1e-4)


def test_a_policy_learns_one_response_by_heart(fit, demonstrations, tokenizer):
    from proxyreward.policy.sampling import sample

    frame = demonstrations.assign(response="Happy to help.")
    folder, losses = fit(epochs=12, frame=frame)
    assert losses[-1] < 0.1 * losses[0]
    texts, ended = sample(load_policy(folder), tokenizer, frame["prompt"][:2], 3, 0.1, 12, 64, 0)
    assert texts == [["Happy to help."] * 3] * 2 and all(map(all, ended))


def test_further_training_starts_where_the_policy_stands(fit, demonstrations, tokenizer, tmp_path):
    policy = load_policy(fit("start")[0])
    asked = (demonstrations["prompt"], demonstrations["response"])
    before, tokens = answer_nll(policy, tokenizer, *asked, 64)
    settings = PolicySettings(epochs=3, learning_rate=1e-2, batch_size=len(demonstrations))
    train_further(policy, demonstrations, tokenizer, settings, 64, 0, tmp_path / "further")
    log = json.loads((tmp_path / "further" / "train_log.json").read_text())
    after, _ = answer_nll(policy.eval(), tokenizer, *asked, 64)
    assert log[0]["loss"] == pytest.approx(before.sum() / tokens.sum(), abs=1e-4)
    assert after.sum() < 0.97 * before.sum()


def test_further_training_is_that_of_a_new_policy_from_the_same_weights(
    fit, demonstrations, tokenizer, shape, tmp_path
):
    folder, _ = fit("start")
    settings = PolicySettings(1, learning_rate=1e-2, batch_size=8)
    policy = load_policy(folder)
    train_further(policy, demonstrations, tokenizer, settings, 64, 5, tmp_path / "further")
    train_policy(demonstrations, tokenizer, str(folder), shape, settings, 5, tmp_path / "new")
    expected = load_policy(tmp_path / "new").state_dict()
    assert all(value.equal(expected[name]) for name, value in policy.state_dict().items())
    assert not (tmp_path / "further" / "model.safetensors").exists()


def test_a_policy_trained_in_bf16_speaks_in_fp32(bf16, demonstrations, tokenizer, shape, tmp_path):
    from proxyreward.models.build import build_policy

    policy = build_policy("scratch", shape, tokenizer, seed=0)
    settings = PolicySettings(1, learning_rate=1e-2, batch_size=8, precision=bf16)
    train_further(policy, demonstrations, tokenizer, settings, 64, 0, tmp_path)
    policy.save_pretrained(tmp_path)
    saved = load_policy(tmp_path).cpu()
    ids = torch.tensor([[5, 6, 7]])
    assert policy.eval()(ids).logits.equal(saved(ids).logits)
