"""Cost of a training step of MORE against one of MultiTask, on the same batches.

The steps are those of the stage `mixes` at scale tiny, on each base: loss,
backward pass, clipping, update. Blocks of steps of the two schemes take turns,
and each pair of neighbouring blocks gives one ratio; the interval is that of the median over pairs.
Times are CPU seconds, hence those of one core.

Beside it: what MORE adds to a step, in parts. Head gradients with their weights (all that comes
before the loss is weighted), and the min-norm solution alone.

Run: OMP_NUM_THREADS=1 PYTHONPATH=src python benchmarks/more_step.py
Writes benchmarks/more_step.json, which the stage `more_schemes` reads.
"""

import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import numpy as np
from processor import processor

from proxyreward.models import training
from proxyreward.models.build import Shape, build_reward_model
from proxyreward.models.tokenizer import train_tokenizer
from proxyreward.pipeline.mix_family import source_names
from proxyreward.pipeline.params import Params, compose
from proxyreward.pipeline.typed import build
from proxyreward.pipeline.world_data import texts
from proxyreward.reward.balanced import balanced_order
from proxyreward.reward.more import Mixing, source_weights
from proxyreward.reward.train import token_pairs
from proxyreward.world.mixture import mixture

REPEATS, STEPS, CALLS = 40, 10, 200
RESAMPLES = 2000
TARGET = Path("benchmarks/more_step.json")
SCHEMES = {"multitask": "plain", "more": "min-norm"}


def balanced_pairs(params: Params) -> tuple:
    """Tokenizer, tokenised pairs, their sources, and the batches of one block of steps."""
    mixes, names = params.mixes, source_names(params)
    per_source = mixes.pairs_per_source * STEPS
    pairs, _ = mixture(dict.fromkeys(names, per_source), 2, mixes.quality, params.seed)
    tokenizer = train_tokenizer(texts(pairs, "chosen", "rejected"), params.tokenizer.vocab_size)
    tokens = token_pairs(pairs, np.zeros(len(pairs), bool), tokenizer, params.model.max_length)
    source = pairs["source"].map({name: i for i, name in enumerate(names)}).to_numpy()
    batches = balanced_order(source, per_source, params.seed).reshape(STEPS, -1)
    return tokenizer, tokens, source, batches


def stepping(mixing: Mixing, batches: np.ndarray, params: Params) -> Callable[[], float]:
    """A function that trains for some steps and returns the CPU seconds of one."""

    def seconds_of_step() -> float:
        with tempfile.TemporaryDirectory() as folder:
            start = process_time()
            training.train(
                mixing.model, batches, mixing.loss, learning_rate=params.mixes.learning_rate,
                warmup_steps=0, precision=params.model.precision, seed=0, directory=Path(folder),
            )  # fmt: skip
            return (process_time() - start) / len(batches)

    return seconds_of_step


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of a call, the mean over many."""
    start = process_time()
    for _ in range(CALLS):
        work()
    return (process_time() - start) / CALLS


def measure(base: str, params: Params, tokenizer, tokens, source, batches) -> dict:
    """Milliseconds of both steps, their ratio with its interval, and the parts that MORE adds."""
    import torch

    shape = Shape.parse(base, params.model.max_length)
    mixings = {
        scheme: Mixing(
            build_reward_model("scratch", shape, tokenizer, params.seed), tokens, source, weighting
        )
        for scheme, weighting in SCHEMES.items()
    }
    steps = [stepping(mixing, batches, params) for mixing in mixings.values()]
    for step in steps:
        step()
    times = np.array([[step() for step in steps] for _ in range(REPEATS)])
    ratio = times[:, 1] / times[:, 0]
    drawn = np.random.default_rng(0).integers(REPEATS, size=(RESAMPLES, REPEATS))
    low, high = np.quantile(np.median(ratio[drawn], axis=1), [0.025, 0.975])
    plain, more = np.median(times, axis=0)

    sources, width = len(source_names(params)), int(base.partition("x")[0])
    source = torch.arange(sources).repeat(params.mixes.pairs_per_source)
    rng = np.random.default_rng(0)
    delta = torch.from_numpy(rng.normal(size=(len(source), width)).astype(np.float32))
    margin = torch.from_numpy(rng.normal(size=len(source)).astype(np.float32))
    gradients, counts = rng.normal(size=(sources, width)), np.full(sources, len(source) / sources)
    weigh = seconds(lambda: mixings["more"].weigh(delta, margin, source))
    solve = seconds(lambda: source_weights(gradients, counts))
    return {
        "base": base,
        "multitask_ms": 1e3 * plain,
        "more_ms": 1e3 * more,
        "ratio": float(np.median(ratio)),
        "low": float(low),
        "high": float(high),
        "weighing_share": weigh / plain,
        "solving_share": solve / plain,
    }


def main() -> None:
    """Measure, print and write."""
    import torch

    torch.set_num_threads(1)
    params = build(Params, compose(["scale=tiny"]), "params")
    data = balanced_pairs(params)
    found = [measure(base, params, *data) for base in params.mixes.bases]
    for row in found:
        print(
            f"{row['base']}: MultiTask {row['multitask_ms']:.1f} ms, MORE {row['more_ms']:.1f} ms,"
            f" ratio {row['ratio']:.3f} [{row['low']:.3f}, {row['high']:.3f}];"
            f" weighing {row['weighing_share']:.1%} of a step, solving {row['solving_share']:.1%}"
        )
    record = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, one thread",
        "torch": torch.__version__,
        "repeats": REPEATS,
        "steps": STEPS,
        "bases": [
            {k: v if isinstance(v, str) else float(f"{v:.4g}") for k, v in row.items()}
            for row in found
        ],
    }
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
