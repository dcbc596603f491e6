"""Throughput of scoring a best-of-n pool: `reward.score` against plain padded batches.

The pool is like that of a policy in the world: many responses to each prompt, some of them equal,
of very different lengths.  All variants use one model, one thread and the same tokens.

Run: OMP_NUM_THREADS=1 PYTHONPATH=src python benchmarks/scoring.py
"""

from time import process_time

import numpy as np

from proxyreward.data.transcripts import last_request
from proxyreward.models.build import Shape, build_reward_model
from proxyreward.models.tokenizer import encode, train_tokenizer
from proxyreward.reward.score import score, score_tokens
from proxyreward.world.build import build
from proxyreward.world.prompts import find
from proxyreward.world.writers import WRITERS

PROMPTS, RESPONSES, BATCH, ROUNDS = 40, 256, 64, 4
BASE = "plain, padded to the limit"
SHAPE = Shape(hidden_size=64, layers=2, heads=4, max_length=72)  # as at scale tiny


def make_pool() -> tuple[list[str], list[str], list[str]]:
    """Prompts and responses of the pool, and texts to train a tokenizer on."""
    rng = np.random.default_rng(0)
    corpus = build(
        training_prompts=4000, pairs=1, bench_prompts=PROMPTS, pool_prompts=PROMPTS, seed=0
    )
    writers = list(WRITERS.values())
    asked = [text for text in corpus.prompts["prompt"] for _ in range(RESPONSES)]
    said = [
        writers[int(rng.integers(len(writers)))].write(find(last_request(text)), rng)
        for text in asked
    ]
    told = zip(corpus.demonstrations["prompt"], corpus.demonstrations["response"])
    return asked, said, [f"{prompt} {response}" for prompt, response in told]


def plain(model, tokenizer, asked, said, padding: bool | str = True) -> np.ndarray:
    """The usual loop: batches in the given order, tokenised, padded and masked by the tokenizer.

    ``padding`` is True for a batch's longest row, ``"max_length"`` for the limit of the model.
    """
    import torch

    texts = [(f"{p} {r}" if r else p) + tokenizer.eos_token for p, r in zip(asked, said)]
    scores = []
    with torch.inference_mode():
        for start in range(0, len(texts), BATCH):
            batch = tokenizer(
                texts[start : start + BATCH],
                padding=padding,
                truncation=True,
                max_length=SHAPE.max_length,
                return_tensors="pt",
            )
            inputs = {key: batch[key] for key in ("input_ids", "attention_mask")}
            scores.append(model(**inputs).logits[:, 0].float().numpy())
    return np.concatenate(scores)


def sorted_batches(model, tokenizer, asked, said) -> np.ndarray:
    """`score` without its first step: equal rows are scored as often as they occur."""
    rows = encode(tokenizer, asked, said, SHAPE.max_length)
    return score_tokens(model, rows, tokenizer.pad_token_id)


def deduplicated(model, tokenizer, asked, said) -> np.ndarray:
    """Plain batches of the distinct rows."""
    keys = list(zip(asked, said))
    distinct = list(dict.fromkeys(keys))
    index = {key: i for i, key in enumerate(distinct)}
    once = plain(model, tokenizer, *map(list, zip(*distinct)))
    return once[[index[key] for key in keys]]


def cost(variants: dict) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Least CPU seconds of each variant over some rounds, and its scores.

    CPU time and rounds of all variants in turn, so that other work on the machine counts little.
    """
    seconds = dict.fromkeys(variants, np.inf)
    scores = {}
    for _ in range(ROUNDS):
        for name, work in variants.items():
            start = process_time()
            scores[name] = work()
            seconds[name] = min(seconds[name], process_time() - start)
    return seconds, scores


def main() -> None:
    """Print responses per second of every variant, ratios and the largest difference of scores."""
    import torch

    torch.set_num_threads(1)
    asked, said, texts = make_pool()
    tokenizer = train_tokenizer(texts, 1024)
    model = build_reward_model("scratch", SHAPE, tokenizer, seed=0).eval()
    lengths = [len(row) for row in encode(tokenizer, asked, said, SHAPE.max_length)]
    distinct = len(set(zip(asked, said)))
    print(f"{len(asked)} responses to {PROMPTS} prompts, {distinct} of them distinct; "
          f"{min(lengths)} to {max(lengths)} tokens, mean {np.mean(lengths):.0f}")  # fmt: skip
    everything = (model, tokenizer, asked, said)
    seconds, scores = cost(
        {
            BASE: lambda: plain(*everything, padding="max_length"),
            "plain, padded to the longest": lambda: plain(*everything),
            "plain, equal rows once": lambda: deduplicated(*everything),
            "sorted, last token only": lambda: sorted_batches(*everything),
            "score: all, beginnings once": lambda: score(*everything, SHAPE.max_length),
        }
    )
    print(f"{'':30}{'per second':>12}{'ratio':>8}{'largest difference':>20}")
    for name in seconds:
        gap = abs(scores[name] - scores[BASE]).max()
        ratio = seconds[BASE] / seconds[name]
        print(f"{name:30}{len(asked) / seconds[name]:12.0f}{ratio:8.2f}{gap:20.1e}")


if __name__ == "__main__":
    main()
