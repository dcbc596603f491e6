"""Cost of a PPO step of `policy.ppo` against one of TRL's PPOTrainer.

The same on both sides: initial policy, reference, critic (the policy's body, a head of zeros),
reward model and its mean and sd, prompts, and all numbers of the stage `ppo` at scale tiny:
responses a step, minibatches, epochs, at most 40 new tokens, temperature, learning rates, warm-up,
clip ranges, penalties. Both run in fp32, one process, one thread, with the same settings of the
allocator, and both take the same fused Adam and shorten gradients to the same length. A response
ends at its EOS token; its tokens are counted on both sides and written beside the times.

What differs is how each does it, and is left as it is:

- TRL takes one response to a prompt, so each prompt stands in its data as often as it is sampled.
  A step has as many responses, of more prompts.
- We draw by `models.llama`, drop rows that have ended and compute a prompt once; TRL calls
  transformers' `generate`, in which every row goes on to the end of the longest.
- We compute logits of response tokens alone; TRL those of whole rows, padding and prompt included.
- We know the exact KL divergence and entropy at each token, TRL those of the drawn tokens. TRL's
  entropy and shares of clipped values in an update have no counterpart here.
- We turn tokens into text and back for the reward, so that a reward may be any function of texts;
  TRL gives its reward model the tokens.
- TRL puts the score one token behind EOS, and trains one value more a response.

TRL's settings are those that make it fastest: all responses in one batch (`local_rollout_...`), no
gradient checkpointing, no sample generations, evaluation, saving, progress bar or printed logs, no
key-value cache where nothing is generated. TRL clips no gradients: a hook on its optimiser does.
TRL calls the collector of garbage twice a step, which costs more than all the rest as long as
everything that was imported is searched; `gc.freeze` before the first step spares it that. What two
such calls cost is measured after the last step and written apart, as `garbage_ms`.

TRL has no PPOTrainer from 1.13 on. The last is in 1.12, which runs with the libraries locked here:

    pip install --no-deps --target FOLDER trl==1.12.0
    OMP_NUM_THREADS=1 PYTHONPATH=src python benchmarks/ppo.py --trl FOLDER

Each side runs in a new process, the two in turn and each turn under a seed of its own. A turn gives
one ratio of TRL's time to ours; written are the median and the range, of lengths and rewards the
mean. Times are CPU seconds of the process, user and system, from the end of the first step to the
end of the last: start-up, first calls and evaluation are not in them.

Needs the outputs of a run: `proxyreward params scale=tiny`, then `dvc repro reward_models policy`.
Writes benchmarks/ppo.json.
"""

import argparse
import dataclasses
import gc
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import numpy as np
import pandas as pd
from processor import processor

from proxyreward.models.build import load_critic, load_policy
from proxyreward.models.tokenizer import encode_prompts, load_tokenizer
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.typed import build
from proxyreward.pipeline.worker import KEPT_MEMORY, ONE_THREAD
from proxyreward.policy.ppo import PPO, PPOSettings
from proxyreward.policy.ppo_runs import Judge, reward_of
from proxyreward.policy.sampling import sample
from proxyreward.vocabulary import INITIAL

ROUNDS, REFERENCE_SAMPLES = 5, 4
REWARD_MODEL = "flip-0.00"
TARGET = Path("benchmarks/ppo.json")
SIDES = ("ours", "trl")


@dataclasses.dataclass(frozen=True)
class Task:
    """What both sides optimise."""

    policy: Path
    reward: Judge
    tokenizer: Path
    prompts: list[str]
    settings: PPOSettings
    seed: int


def read_task(outputs: Path, seed: int) -> Task:
    """The task of the stage `ppo`, whose rewards are normalised on some samples of our own."""
    params = build(Params, compose(["scale=tiny"]), "params")
    own = {field.name for field in dataclasses.fields(PPOSettings)}
    chosen = {key: value for key, value in dataclasses.asdict(params.ppo).items() if key in own}
    settings = PPOSettings(
        **chosen | {"kl_coef": 0.0, "kl_budget": None},
        temperature=params.samples.temperature,
        max_new_tokens=params.samples.max_new_tokens,
        max_length=params.model.max_length,
    )
    prompts = pd.read_parquet(outputs / "data" / "prompts.parquet")["prompt"].tolist()
    policy, words = outputs / "policy" / INITIAL, outputs / "data" / "tokenizer"
    plain = Judge(REWARD_MODEL, str(outputs / "reward_models" / REWARD_MODEL), "", 0.0, 1.0)
    tokenizer = load_tokenizer(words)
    said, _ = sample(
        load_policy(policy), tokenizer, prompts, REFERENCE_SAMPLES, settings.temperature,
        settings.max_new_tokens, settings.max_length, 0,
    )  # fmt: skip
    asked = [prompt for prompt in prompts for _ in range(REFERENCE_SAMPLES)]
    scores = reward_of(plain, tokenizer, settings)(
        asked, [text for texts in said for text in texts]
    )
    judge = dataclasses.replace(plain, mean=float(scores.mean()), sd=float(scores.std()))
    return Task(policy, judge, words, prompts, settings, seed)


class Clock:
    """CPU seconds at the end of each step; mean length and reward, penalties taken, in it."""

    def __init__(self) -> None:
        self.ends: list[float] = []
        self.tokens: list[float] = []
        self.rewards: list[float] = []

    def outcome(self) -> dict[str, float]:
        """Means over all steps but the first."""
        return {
            "seconds": (self.ends[-1] - self.ends[0]) / (len(self.ends) - 1),
            "steps": len(self.ends),
            "tokens": float(np.mean(self.tokens[1:])),
            "reward": float(np.mean(self.rewards[1:])),
        }


def ours(task: Task) -> dict[str, float]:
    """Optimise with `policy.ppo`."""
    tokenizer, clock = load_tokenizer(task.tokenizer), Clock()
    learner = PPO(
        load_policy(task.policy), load_critic(task.policy), load_policy(task.policy), tokenizer,
        reward_of(task.reward, tokenizer, task.settings), task.settings, task.seed,
    )  # fmt: skip
    gc.collect()
    gc.freeze()
    for row in learner.run(task.prompts):
        clock.ends.append(process_time())
        clock.tokens.append(row["tokens"])
        cut = 1 - row["ended"]
        clock.rewards.append(row["reward"] - task.settings.missing_eos_penalty * cut)
    return clock.outcome()


def trl(task: Task) -> dict[str, float]:
    """Optimise with TRL's trainer."""
    import torch
    from datasets import Dataset
    from transformers import (
        AutoTokenizer,
        LlamaForCausalLM,
        LlamaForSequenceClassification,
        PrinterCallback,
        TrainerCallback,
        set_seed,
    )
    from trl.experimental.ppo import PPOConfig, PPOTrainer

    settings, clock = task.settings, Clock()
    tokenizer = AutoTokenizer.from_pretrained(task.tokenizer, padding_side="left")
    fp32 = {"dtype": torch.float32}
    policy, reference = (LlamaForCausalLM.from_pretrained(task.policy, **fp32) for _ in range(2))
    critic, judge = (
        LlamaForSequenceClassification.from_pretrained(folder, num_labels=1, **fp32)
        for folder in (task.policy, task.reward.folder)
    )
    with torch.no_grad():
        critic.score.weight.zero_()
        # Rewards in sd of the initial policy: the head takes the mean and sd in.
        head = torch.nn.Linear(judge.config.hidden_size, 1)
        head.weight.copy_(judge.score.weight / task.reward.sd)
        head.bias.fill_(-task.reward.mean / task.reward.sd)
        judge.score = head
    for model in (policy, reference, critic, judge):
        model.config.use_cache = False
    policy.generation_config.use_cache = True

    rates = (settings.actor_learning_rate, settings.critic_learning_rate)
    groups = [
        {"params": list(model.parameters()), "lr": rate}
        for model, rate in zip((policy, critic), rates)
    ]
    optimiser = torch.optim.Adam(groups, betas=(0.9, 0.95), eps=1e-5, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / max(1, settings.warmup_steps))
    )
    updates = []

    def shorten(*_) -> None:
        updates.append(1)
        for group in groups:
            torch.nn.utils.clip_grad_norm_(group["params"], settings.max_grad_norm)

    optimiser.register_step_pre_hook(shorten)

    rows = settings.prompts_per_step * settings.samples_per_prompt
    asked = encode_prompts(tokenizer, task.prompts, settings.max_length - settings.max_new_tokens)
    data = Dataset.from_dict({"input_ids": asked * settings.samples_per_prompt})

    generate = policy.generate

    def counted(**inputs):
        """Generate, and count the tokens up to EOS."""
        found = generate(**inputs)
        new = found.sequences[:, inputs["input_ids"].shape[1] :]
        clock.tokens.append((new != tokenizer.pad_token_id).sum().item() / len(new))
        return found

    policy.generate = counted

    class Watch(TrainerCallback):
        """Takes the time after a step."""

        def on_step_end(self, args, state, control, **_):
            clock.ends.append(process_time())

        def on_log(self, args, state, control, logs, **_):
            clock.rewards.append(logs["objective/scores"])

    with tempfile.TemporaryDirectory() as folder:
        trainer = PPOTrainer(
            PPOConfig(
                folder,
                seed=task.seed,
                # One batch of all responses is cut into minibatches, and each is one update.
                per_device_train_batch_size=rows,
                gradient_accumulation_steps=1,
                local_rollout_forward_batch_size=rows,
                num_mini_batches=settings.minibatches,
                num_ppo_epochs=settings.epochs,
                total_episodes=settings.steps * rows,
                response_length=settings.max_new_tokens,
                stop_token="eos",
                missing_eos_penalty=settings.missing_eos_penalty,
                temperature=settings.temperature,
                kl_coef=settings.kl_coef,
                gamma=settings.gamma,
                lam=settings.lam,
                cliprange=settings.clip,
                cliprange_value=settings.value_clip,
                vf_coef=1.0,
                num_sample_generations=0,
                gradient_checkpointing=False,
                bf16=False,
                use_cpu=True,
                disable_tqdm=True,
                logging_steps=1,
                save_strategy="no",
                report_to="none",
            ),
            processing_class=tokenizer,
            model=policy,
            ref_model=reference,
            reward_model=judge,
            value_model=critic,
            train_dataset=data,
            eval_dataset=data.select(range(1)),
            optimizers=(optimiser, schedule),
            callbacks=[Watch()],
        )
        trainer.remove_callback(PrinterCallback)
        # Its minibatches are cut by NumPy's random numbers, whose seed it leaves alone.
        set_seed(task.seed)
        gc.collect()
        gc.freeze()
        trainer.train()
        gc.unfreeze()
        start = process_time()
        gc.collect()
        gc.collect()
        garbage = process_time() - start
    expected = settings.steps * settings.epochs * settings.minibatches
    if len(updates) != expected:
        raise RuntimeError(f"TRL made {len(updates)} updates, not {expected}")
    return clock.outcome() | {"garbage": garbage}


def measure(side: str, seed: int, outputs: Path, folder: Path | None) -> dict[str, float]:
    """Run one side in a process of its own."""
    paths = [str(folder)] if side == "trl" and folder else []
    paths += [entry for entry in (os.environ.get("PYTHONPATH"),) if entry]
    environment = {
        **os.environ, **ONE_THREAD, **KEPT_MEMORY, "PYTHONPATH": os.pathsep.join(paths),
        "HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1",
    }  # fmt: skip
    command = [sys.executable, __file__, "--side", side, "--seed", str(seed)]
    command += ["--outputs", str(outputs)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"the side {side} failed, see above")
    return json.loads(done.stdout.splitlines()[-1])


def trl_version(folder: Path | None) -> str:
    """Version of the TRL to compare with; says what to do where it has no PPO."""
    from importlib.metadata import distributions

    paths = {"path": [str(folder)]} if folder else {}
    found = next(iter(distributions(name="trl", **paths)), None)
    package = found and found.locate_file("trl/experimental/ppo/ppo_trainer.py")
    if not package or not Path(package).exists():
        place = f"in {folder}" if folder else "here"
        raise SystemExit(
            f"TRL {found.version if found else ''} {place} has no PPOTrainer; the last that has is "
            "1.12:\n  pip install --no-deps --target FOLDER trl==1.12.0\n"
            "and then --trl FOLDER"
        )
    return found.version


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--outputs", type=Path, default=Path("outputs/tiny"))
    parser.add_argument("--trl", type=Path, help="folder with a TRL that has PPO")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    args = parser.parse_args()
    needed = ("data/prompts.parquet", f"policy/{INITIAL}", f"reward_models/{REWARD_MODEL}")
    missing = [name for name in needed if not (args.outputs / name).exists()]
    if missing:
        raise SystemExit(
            f"{args.outputs} has no {', '.join(missing)}; run\n"
            "  proxyreward params scale=tiny\n  dvc repro reward_models policy"
        )
    if args.side:
        import torch

        torch.set_num_threads(1)
        print(json.dumps(globals()[args.side](read_task(args.outputs, args.seed))))
        return

    import torch
    import transformers

    version = trl_version(args.trl)
    rounds = []
    for number in range(1, args.rounds + 1):
        found = {side: measure(side, number, args.outputs, args.trl) for side in SIDES}
        rounds.append(found)
        told = (
            f"{side} {1e3 * one['seconds']:.0f} ms a step, {one['tokens']:.1f} tokens a response"
            for side, one in found.items()
        )
        print(f"round {number}: {'; '.join(told)}", flush=True)
    times = {side: np.array([found[side]["seconds"] for found in rounds]) for side in SIDES}
    garbage = np.array([found["trl"]["garbage"] for found in rounds])
    ratio = times["trl"] / times["ours"]
    numbers = {
        "ratio": np.median(ratio),
        "low": ratio.min(),
        "high": ratio.max(),
        "garbage_ms": 1e3 * np.median(garbage),
        "ratio_with_garbage": np.median((times["trl"] + garbage) / times["ours"]),
    }
    for side in SIDES:
        numbers[f"{side}_ms"] = 1e3 * np.median(times[side])
        for key in ("tokens", "reward"):
            numbers[f"{side}_{key}"] = np.mean([found[side][key] for found in rounds])
    print("TRL takes {ratio:.2f} times our CPU time [{low:.2f}, {high:.2f}]".format(**numbers))
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, one thread",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "trl": version,
        "rounds": args.rounds,
        "steps": rounds[0]["ours"]["steps"] - 1,
        **{key: float(f"{value:.4g}") for key, value in numbers.items()},
    }
    TARGET.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
