"""Our PPO beside RLOO of TRL: two optimisers, one task, one start, one measure of KL.

Without a penalty both climb until the reward is used up. How fast depends on the optimiser; what
a divergence from the start buys should not.
"""

import numpy as np
import pytest
from tests.policy.letters import PAD, PROMPTS, SETTINGS, causal, learner, letters, share_of_a

STEPS, EVERY, SAMPLES = 24, 2, 8
TOLERANCE = 0.08  # of the reward, from 0.23 to 1; over six seeds the widest gap was 0.07


def measured(policy):
    """KL divergence in nats from the start, and reward, by the same samples."""
    one = learner(share_of_a)
    one.policy = policy.eval()
    said, kl, _ = one.sample(PROMPTS, 64, seed=1)
    return kl.mean(), share_of_a(PROMPTS, said).mean()


@pytest.fixture(scope="module")
def ppo_curve():
    """Rows of (KL, reward) from the start on."""
    one = learner(
        share_of_a, steps=STEPS, prompts_per_step=len(PROMPTS), samples_per_prompt=SAMPLES,
        actor_learning_rate=7e-3,
    )  # fmt: skip
    curve = [measured(one.policy)]
    for row in one.run(PROMPTS):
        if row["step"] % EVERY == 0:
            curve.append(measured(one.policy))
    return np.array(curve)


@pytest.fixture(scope="module")
def rloo_curve(tmp_path_factory):
    """The same rows for TRL's trainer."""
    from datasets import Dataset
    from transformers import TrainerCallback
    from trl import RLOOConfig, RLOOTrainer

    policy = causal().original
    curve = [measured(policy)]

    class Watch(TrainerCallback):
        def on_step_end(self, args, state, control, **more):
            if state.global_step % EVERY == 0:
                curve.append(measured(policy))
                policy.train()

    rows = len(PROMPTS) * SAMPLES
    config = RLOOConfig(
        str(tmp_path_factory.mktemp("rloo")),
        max_steps=STEPS,
        per_device_train_batch_size=rows,
        num_generations=SAMPLES,
        max_completion_length=SETTINGS.max_new_tokens,
        generation_kwargs={"suppress_tokens": [PAD]},
        beta=0.0,
        learning_rate=1e-2,
        lr_scheduler_type="constant",
        bf16=False,
        activation_checkpointing=False,
        use_cpu=True,
        report_to="none",
        save_strategy="no",
        logging_strategy="no",
        disable_tqdm=True,
    )
    trainer = RLOOTrainer(
        policy,
        lambda prompts, completions, **more: share_of_a(prompts, completions).tolist(),
        config,
        train_dataset=Dataset.from_dict({"prompt": PROMPTS * SAMPLES}),
        processing_class=letters(),
        callbacks=[Watch()],
    )
    trainer.train()
    return np.array(curve)


def test_both_start_from_the_same_policy(ppo_curve, rloo_curve):
    np.testing.assert_allclose(ppo_curve[0], rloo_curve[0], atol=1e-6)
    assert abs(ppo_curve[0, 0]) < 1e-6


def test_both_raise_the_reward(ppo_curve, rloo_curve):
    for curve in (ppo_curve, rloo_curve):
        assert curve[0, 1] < 0.3 and curve[-1, 1] > 0.9
        assert curve[-1, 0] > 3


def test_equal_divergence_buys_equal_reward(ppo_curve, rloo_curve):
    """Between 1 nat, where both have left the start, and the end of the shorter curve."""
    grid = np.linspace(1, min(ppo_curve[-1, 0], rloo_curve[-1, 0]), 20)
    ours, theirs = (np.interp(grid, *curve.T) for curve in (ppo_curve, rloo_curve))
    assert (np.diff(ppo_curve[:, 0]) > -0.2).all() and (np.diff(rloo_curve[:, 0]) > -0.2).all()
    np.testing.assert_allclose(ours, theirs, atol=TOLERANCE)
