"""Tests of the small Llamas that do without transformers, against transformers' own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import transformers

from proxyreward.models import small
from proxyreward.models.build import (
    Shape,
    build_policy,
    build_reward_model,
    load_critic,
    load_policy,
    load_reward_model,
)
from proxyreward.models.llama import POLICY, REWARD_MODEL
from proxyreward.models.states import states

BOTH = pytest.mark.parametrize("kind", [POLICY, REWARD_MODEL])
BUILDERS = {POLICY: build_policy, REWARD_MODEL: build_reward_model}


def theirs(model, seed):
    """Transformers' model of the same description, with weights of its own."""
    torch.manual_seed(seed)
    (kind,) = model.config.architectures
    return getattr(transformers, kind)(transformers.LlamaConfig(**vars(model.config)))


@BOTH
@pytest.mark.parametrize("text", ["8x1x1", "16x1x2", "48x2x4", "64x3x4"])
def test_names_order_and_first_weights_are_those_of_transformers(kind, text, tokenizer):
    ours = BUILDERS[kind]("scratch", Shape.parse(text, 72), tokenizer, seed=3)
    expected = theirs(ours, seed=3)
    assert isinstance(ours, small.Llama)
    found = dict(ours.named_parameters())
    assert list(found) == [name for name, _ in expected.named_parameters()]
    assert all(found[name].equal(value) for name, value in expected.named_parameters())
    assert ours.state_dict().keys() == expected.state_dict().keys()


@BOTH
def test_files_are_those_of_transformers(kind, shape, tokenizer, tmp_path):
    ours = BUILDERS[kind]("scratch", shape, tokenizer, seed=3)
    ours.save_pretrained(tmp_path / "ours")
    theirs(ours, seed=3).save_pretrained(tmp_path / "theirs")
    one, two = ((tmp_path / name / small.WEIGHTS).read_bytes() for name in ("ours", "theirs"))
    assert one == two
    one, two = (
        json.loads((tmp_path / name / small.CONFIG).read_text()) for name in ("ours", "theirs")
    )
    two.pop("transformers_version")
    assert one == two


@BOTH
def test_transformers_reads_and_computes_the_same_model(kind, shape, tokenizer, tmp_path):
    ours = BUILDERS[kind]("scratch", shape, tokenizer, seed=3).eval()
    ours.save_pretrained(tmp_path)
    read, told = getattr(transformers, kind).from_pretrained(tmp_path, output_loading_info=True)
    assert not any(told.values())
    values = read.state_dict()
    assert all(value.equal(values[name]) for name, value in ours.state_dict().items())
    ids, at = torch.tensor([[5, 6, 7, 8], [9, 8, 0, 0]]), torch.tensor([[2, 3], [0, 1]])
    with torch.no_grad():
        expected = read.eval().base_model(ids).last_hidden_state.take_along_dim(at[..., None], 1)
        torch.testing.assert_close(states(ours, ids, at), expected, rtol=0, atol=1e-5)


@BOTH
def test_the_original_shares_the_weights(kind, shape, tokenizer):
    model = BUILDERS[kind]("scratch", shape, tokenizer, seed=3)
    original = dict(model.original.named_parameters())
    assert all(value is original[name] for name, value in model.named_parameters())


def test_a_policy_has_one_matrix_for_embedding_and_head(shape, tokenizer, tmp_path):
    build_policy("scratch", shape, tokenizer, seed=3).save_pretrained(tmp_path)
    policy = load_policy(tmp_path)
    assert policy.get_output_embeddings().weight is policy.model.embed_tokens.weight


def test_a_critic_is_a_policy_with_a_head_of_zeros(shape, tokenizer, tmp_path):
    policy = build_policy("scratch", shape, tokenizer, seed=3)
    policy.save_pretrained(tmp_path)
    critic = load_critic(tmp_path).cpu()
    assert isinstance(critic, small.Llama) and not critic.score.weight.any()
    body = critic.base_model.state_dict()
    assert all(v.equal(body[name]) for name, v in policy.base_model.state_dict().items())


@BOTH
def test_reading_a_model_draws_no_random_number(kind, shape, tokenizer, tmp_path):
    BUILDERS[kind]("scratch", shape, tokenizer, seed=3).save_pretrained(tmp_path)
    before = torch.get_rng_state()
    assert small.read(tmp_path, kind) is not None
    assert torch.get_rng_state().equal(before)


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "bfloat16"},
        {"tie_word_embeddings": False},
        {"rope_parameters": {"rope_theta": 5e5, "rope_type": "default"}},
        {"num_key_value_heads": 1},
        {"rms_norm_eps": 1e-5},
        {"architectures": ["GPT2LMHeadModel"]},
        {"hidden_size": 24},
        {"something": "else"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_model_that_differs_is_left_to_transformers(change, shape, tokenizer, tmp_path):
    build_policy("scratch", shape, tokenizer, seed=3).save_pretrained(tmp_path)
    assert small.read(tmp_path, POLICY) is not None
    config = tmp_path / small.CONFIG
    config.write_text(json.dumps(json.loads(config.read_text()) | change))
    assert small.read(tmp_path, POLICY) is None


@pytest.mark.parametrize("name", [small.CONFIG, small.WEIGHTS])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"{}")])
def test_broken_files_are_left_to_transformers(name, damage, shape, tokenizer, tmp_path):
    build_policy("scratch", shape, tokenizer, seed=3).save_pretrained(tmp_path)
    damage(tmp_path / name)
    assert small.read(tmp_path, POLICY) is None


def test_a_reward_model_is_no_policy(shape, tokenizer, tmp_path):
    build_reward_model("scratch", shape, tokenizer, seed=3).save_pretrained(tmp_path)
    assert small.read(tmp_path, POLICY) is None
    assert small.read(tmp_path, REWARD_MODEL) is not None


def test_a_wide_model_is_transformers_own(tokenizer, tmp_path):
    shape = Shape(hidden_size=520, layers=1, heads=2, max_length=8)
    wide = build_reward_model("scratch", shape, tokenizer, seed=3)
    assert isinstance(wide, transformers.LlamaForSequenceClassification)
    wide.save_pretrained(tmp_path)
    assert isinstance(load_reward_model(tmp_path), transformers.LlamaForSequenceClassification)


WORK = """
import sys
import numpy as np, pandas as pd
from pathlib import Path
from proxyreward.models.build import Shape, load_critic, load_policy, load_reward_model
from proxyreward.models.tokenizer import load_tokenizer
from proxyreward.policy.ppo import PPO, PPOSettings
from proxyreward.policy.sft import PolicySettings, train_policy
from proxyreward.reward.score import score
from proxyreward.reward.train import RewardSettings, token_pairs, train_reward_model

out, shape = Path(sys.argv[1]), Shape(16, 1, 2, 64)
words = load_tokenizer(out)
frame = pd.DataFrame({"prompt": ["a", "b"], "chosen": "c", "rejected": "d", "response": "e"})
settings = RewardSettings(1, 1e-3, 2, 0.1, 0.01)
tokens = token_pairs(frame, np.zeros(2, bool), words, shape.max_length)
train_reward_model(tokens, words, "scratch", shape, settings, 0, out / "rm")
train_policy(frame, words, "scratch", shape, PolicySettings(1, 1e-3, 2), 0, out / "policy")
judge = load_reward_model(out / "rm")
settings = PPOSettings(
    steps=1, prompts_per_step=2, samples_per_prompt=2, epochs=1, minibatches=1,
    actor_learning_rate=1e-4, critic_learning_rate=1e-4, warmup_steps=0, kl_coef=0.1,
    kl_budget=None, gamma=1.0, lam=0.95, clip=0.2, value_clip=0.2, missing_eos_penalty=0.0,
    max_grad_norm=1.0, lowest_entropy=0.0, temperature=1.0, max_new_tokens=4, max_length=64,
)
policy, start = load_policy(out / "policy"), load_policy(out / "policy")
reward = lambda prompts, said: score(judge, words, prompts, said, 64)
list(PPO(policy, load_critic(out / "policy"), start, words, reward, settings, 0).run(["a", "b"]))
policy.save_pretrained(out / "ppo")
print(*{"transformers", "torch._dynamo", "sympy"} & set(sys.modules))
"""


def test_training_scoring_and_sampling_import_neither_transformers_nor_a_compiler(
    tokenizer, tmp_path
):
    tokenizer.save_pretrained(tmp_path)
    command = [sys.executable, "-c", WORK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "\n"), done.stderr
