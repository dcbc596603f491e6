"""Cost of the ten within-prompt metrics for ten reward models: shared work against a SciPy loop.

90 golden-proxy pairs, 2,733 prompts, five responses, as in Table 4 of Wen et al. 2024. The loop
would take minutes, so it runs on some of the pairs and prompts and is scaled up; on these its
values are compared with ours. Times are CPU seconds, hence those of one core.

Run: PYTHONPATH=src python benchmarks/metrics.py
"""

from itertools import permutations
from time import process_time

import numpy as np
from scipy import stats

from proxyreward.metrics.within_prompt import METRICS, across

RMS, PROMPTS, RESPONSES, BINS, REPEATS = 10, 2733, 5, 10, 5
SHARED_PAIRS, SHARED_PROMPTS = 3, 200  # what the loop sees


def accuracy(golden: np.ndarray, proxy: np.ndarray) -> float:
    """Share of the pairs in the same order."""
    pairs = list(permutations(range(len(golden)), 2))
    return sum((golden[i] > golden[j]) == (proxy[i] > proxy[j]) for i, j in pairs) / len(pairs)


def bo_n(golden: np.ndarray, proxy: np.ndarray) -> float:
    """NDR of the proxy's favourite."""
    return (golden[proxy.argmax()] - golden.mean()) / (golden.max() - golden.mean())


def ndcg(golden: np.ndarray, proxy: np.ndarray) -> float:
    """Golden ranks as gains, in the proxy's order."""
    gain, discount = stats.rankdata(golden), 1 / np.log2(np.arange(2, len(golden) + 2))
    return (gain[np.argsort(-proxy)] @ discount) / (np.sort(gain)[::-1] @ discount)


PLAIN = {
    "accuracy": accuracy,
    "accuracy_pair": lambda golden, proxy: accuracy(golden[:2], proxy[:2]),
    "pearson": lambda golden, proxy: stats.pearsonr(golden, proxy).statistic,
    "spearman": lambda golden, proxy: stats.spearmanr(golden, proxy).statistic,
    "kendall": lambda golden, proxy: stats.kendalltau(golden, proxy).statistic,
    "bo_n": bo_n,
    "mrr": lambda golden, proxy: 1 / stats.rankdata(-golden)[proxy.argmax()],
    "ndcg": ndcg,
    "xi": lambda golden, proxy: stats.chatterjeexi(proxy, golden).statistic,
}


def plain_ece(golden: np.ndarray, proxy: np.ndarray) -> float:
    """Pairs oriented by the proxy, sorted by margin and cut into bins of equal numbers."""
    entries = []
    for g, p in zip(golden, proxy):
        for i, j in permutations(range(len(g)), 2):
            if p[i] > p[j]:
                entries.append((p[i] - p[j], g[i] > g[j]))
    entries = np.array(sorted(entries))
    bin_of = np.arange(len(entries)) * BINS // len(entries)
    error = 0.0
    for m in range(BINS):
        margin, right = entries[bin_of == m].T
        error += abs((right - 1 / (1 + np.exp(-margin))).sum())
    return error / len(entries)


def plain(name: str, golden: np.ndarray, proxy: np.ndarray) -> float:
    """One metric of one pair, prompt by prompt."""
    if name == "ece":
        return plain_ece(golden, proxy)
    return float(np.mean([PLAIN[name](g, p) for g, p in zip(golden, proxy)]))


def timed(work, *arguments) -> tuple[float, object]:
    """CPU seconds of a call, and what it returns."""
    start = process_time()
    result = work(*arguments)
    return process_time() - start, result


def main() -> None:
    """Print both costs of every metric, their ratio and the largest difference."""
    rng = np.random.default_rng(0)
    utility = rng.normal(size=(PROMPTS, RESPONSES))
    noise = np.linspace(0.2, 2, RMS)[:, None, None]
    scores = utility + noise * rng.normal(size=(RMS, PROMPTS, RESPONSES))
    pairs = list(permutations(range(RMS), 2))
    shown = [pairs[i] for i in rng.choice(len(pairs), SHARED_PAIRS, replace=False)]
    few = scores[:, :SHARED_PROMPTS]
    scale = len(pairs) / SHARED_PAIRS * PROMPTS / SHARED_PROMPTS
    print(f"{len(pairs)} golden-proxy pairs, {PROMPTS} prompts, {RESPONSES} responses")
    print(f"loop: {SHARED_PAIRS} pairs, {SHARED_PROMPTS} prompts, times {scale:.0f}")
    print(f"{'':16}{'ours, s':>10}{'loop, s':>10}{'ratio':>8}{'largest difference':>20}")
    total_ours = total_loop = largest = 0.0
    for name, metric in METRICS.items():
        ours = min(timed(across, metric, scores, scores[None])[0] for _ in range(REPEATS))
        costs, expected = zip(*(timed(plain, name, *few[list(pair)]) for pair in shown))
        loop = scale * sum(costs)
        found = across(metric, few, few[None])
        gap = max(abs(found[pair] - value) for pair, value in zip(shown, expected))
        total_ours, total_loop, largest = total_ours + ours, total_loop + loop, max(largest, gap)
        print(f"{name:16}{ours:10.4f}{loop:10.1f}{loop / ours:8.0f}{gap:20.1e}")
    ratio = total_loop / total_ours
    print(f"{'all':16}{total_ours:10.4f}{total_loop:10.1f}{ratio:8.0f}{largest:20.1e}")


if __name__ == "__main__":
    main()
