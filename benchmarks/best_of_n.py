"""Cost of best-of-n for n = 1..1280 on 300 prompts: exact estimator against a plain loop.

Run: python benchmarks/best_of_n.py
"""

from time import perf_counter

import numpy as np

from proxyreward.metrics.best_of_n import best_of_n

PROMPTS, SAMPLES, REPEATS = 300, 1280, 3


def plain_loop(golden: np.ndarray, proxy: np.ndarray) -> np.ndarray:
    """One draw per n: the golden reward of the proxy's favourite among the first n samples."""
    rewards = np.empty((SAMPLES, PROMPTS))
    for n in range(1, SAMPLES + 1):
        for prompt in range(PROMPTS):
            rewards[n - 1, prompt] = golden[prompt, proxy[prompt, :n].argmax()]
    return rewards


def seconds(work, repeats: int) -> float:
    """Best wall time of a few repeats."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


def main() -> None:
    """Print both costs, their ratio and the noise that one plain draw per n carries."""
    rng = np.random.default_rng(0)
    golden = rng.normal(size=(PROMPTS, SAMPLES))
    proxy = golden + rng.normal(size=golden.shape)
    every_n = range(1, SAMPLES + 1)
    exact = seconds(lambda: best_of_n(golden, proxy, every_n), REPEATS)
    loop = seconds(lambda: plain_loop(golden, proxy), 1)
    gap = plain_loop(golden, proxy).mean(axis=1) - best_of_n(golden, proxy, every_n).mean(axis=1)
    print(f"n = 1..{SAMPLES}, {PROMPTS} prompts, one golden-proxy pair")
    print(f"exact over all subsets  {exact:8.3f} s")
    print(f"plain loop, one draw    {loop:8.3f} s  ({loop / exact:.0f} times the exact estimator)")
    print(f"noise of the plain loop {gap.std():8.3f} golden sd (exact: 0)")


if __name__ == "__main__":
    main()
