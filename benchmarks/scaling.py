"""How time and memory grow with reward models, prompts and samples, one doubled at a time.

Two measurements: `best_of_n_curves` on a pool, and all ten within-prompt metrics on a test set.
Per doubling, about 2 is expected, with two exceptions that lie in the question itself. Results
are per pair of reward models: the part of the work that is done for a pair grows by 4, the rest
(sorting, ranks, signs) by 2. And r responses have r (r - 1) / 2 pairs, so for the metrics on
pairs a doubling of the responses tends to 4, and to more once arrays outgrow the cache.

Run: PYTHONPATH=src python benchmarks/scaling.py [--plot FILE.svg]
"""

import argparse
import tracemalloc
from collections.abc import Callable
from time import process_time

import numpy as np

from proxyreward.metrics.best_of_n import best_of_n_curves
from proxyreward.metrics.within_prompt import METRICS, across

FACTORS, REPEATS = (1, 2, 4, 8), 3
DIMENSIONS = ("reward models", "prompts", "samples")
SIZES = {"best-of-n": (4, 200, 128), "ten metrics": (4, 300, 5)}


def best_of_n(scores: np.ndarray) -> None:
    """Every n that is a power of two, for every golden and proxy."""
    best_of_n_curves(scores, 2 ** np.arange(int(np.log2(scores.shape[2])) + 1))


def ten_metrics(scores: np.ndarray) -> None:
    """Every metric, for every golden and proxy."""
    for metric in METRICS.values():
        across(metric, scores, scores[None])


def cost(work: Callable[[np.ndarray], None], shape: tuple[int, ...]) -> tuple[float, float]:
    """Least CPU seconds of a few runs, and the peak memory of one beyond its input in MB."""
    scores = np.random.default_rng(0).normal(size=shape)
    times = []
    for _ in range(REPEATS):
        start = process_time()
        work(scores)
        times.append(process_time() - start)
    tracemalloc.start()
    work(scores)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return min(times), peak


def measure(work: Callable[[np.ndarray], None], base: tuple[int, ...]) -> np.ndarray:
    """Costs `(dimensions, factors, 2)`: seconds and MB, one dimension enlarged at a time."""
    costs = [
        [cost(work, tuple(size * (f if d == axis else 1) for d, size in enumerate(base)))
         for f in FACTORS]
        for axis in range(len(base))
    ]  # fmt: skip
    return np.array(costs)


def report(name: str, base: tuple[int, ...], costs: np.ndarray) -> None:
    """Print seconds and MB of every size, and their ratio to half that size."""
    print(f"\n{name}: {base[0]} reward models, {base[1]} prompts, {base[2]} samples at factor 1")
    print(f"{'':14}{'factor':>8}{'seconds':>10}{'ratio':>7}{'peak MB':>10}{'ratio':>7}")
    for dimension, rows in zip(DIMENSIONS, costs):
        for k, (factor, (seconds, memory)) in enumerate(zip(FACTORS, rows)):
            slower, larger = rows[k] / rows[k - 1] if k else (np.nan, np.nan)
            print(
                f"{dimension:14}{factor:8}{seconds:10.4f}{slower:7.2f}{memory:10.1f}{larger:7.2f}"
            )


def plot(measured: dict[str, np.ndarray], path: str) -> None:
    """Time and memory against the factor, both as multiples of factor 1."""
    from proxyreward.findings.core.drawing import canvas
    from proxyreward.findings.core.style import use_style

    use_style()
    figure, axes = canvas(6.0, len(measured), 2)
    for (name, costs), row in zip(measured.items(), axes):
        for axis, kind, what in zip(row, costs.transpose(2, 0, 1), ("time", "memory")):
            for values, label, marker in zip(kind, DIMENSIONS, "os^"):
                axis.plot(FACTORS, values / values[0], marker=marker, label=label)
            for power, style, label in ((1, "--", "doubling"), (2, ":", "quadrupling")):
                line = np.power(FACTORS, power)
                axis.plot(FACTORS, line, color="grey", linestyle=style, label=label)
            axis.set(xscale="log", yscale="log", title=f"{name}: {what}")
            axis.set_xticks(FACTORS, FACTORS)
            axis.set_yticks([1, 2, 4, 8, 16, 32, 64], [1, 2, 4, 8, 16, 32, 64])
            axis.minorticks_off()
        row[0].set_ylabel("multiple of factor 1")
    for axis in axes[-1]:
        axis.set_xlabel("size, multiple of factor 1")
    axes[0, 0].legend(fontsize=9)
    figure.savefig(path)


def main() -> None:
    """Measure, print, and draw if a file is named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plot", metavar="FILE", help="draw the multiples to this file")
    path = parser.parse_args().plot
    works = {"best-of-n": best_of_n, "ten metrics": ten_metrics}
    measured = {name: measure(work, SIZES[name]) for name, work in works.items()}
    for name, costs in measured.items():
        report(name, SIZES[name], costs)
    if path:
        plot(measured, path)


if __name__ == "__main__":
    main()
