"""What Finding 4 varies: metrics, responses per prompt, sizes of test sets, budgets.

In: how many prompts and responses there are. Out: the conditions to draw test sets under. Called
by `draws`.
"""

from collections.abc import Mapping
from typing import NamedTuple

RESPONSES = (2, 3, 4, 5, 6, 8, 10, 16)
BINS = (5, 10, 20)


class Measure(NamedTuple):
    """A metric with its options, and the sign that makes more mean better."""

    name: str
    metric: str
    options: Mapping[str, object]
    sign: int = 1


def measures(bins: int) -> tuple[Measure, ...]:
    """The ten metrics of Table 4, ECE with so many bins, then other readings of ECE and xi.

    The paper does not say whether ECE was negated, how many bins it had, or by which of the two
    variables xi sorts.
    """
    plain = ("pearson", "spearman", "kendall", "accuracy", "bo_n")
    return (
        *(Measure(name, name, {}) for name in plain),
        Measure("ece", "ece", {"bins": bins}, -1),
        *(Measure(name, name, {}) for name in ("mrr", "ndcg", "xi", "accuracy_pair")),
        *(Measure(f"ece, {other} bins", "ece", {"bins": other}, -1)
          for other in BINS if other != bins),
        Measure("ece, not negated", "ece", {"bins": bins}),
        Measure("xi, sorted by golden", "xi", {"sort_by": "golden"}),
    )  # fmt: skip


def response_grid(available: int) -> list[int]:
    """Responses per prompt to try, from 2 to all that there are.

    >>> response_grid(10), response_grid(20)[-3:]
    ([2, 3, 4, 5, 6, 8, 10], [10, 16, 20])
    """
    return [*(number for number in RESPONSES if number < available), available]


def sample_sizes(prompts: int, responses: int) -> list[int]:
    """Sizes of test sets, each twice the one before, around two responses to every prompt.

    From an eighth of that, if it holds two prompts with all their responses, to at most half of
    what there is: draws of more would be much the same.

    >>> sample_sizes(500, 20)
    [125, 250, 500, 1000, 2000, 4000]
    """
    pairs = 2 * prompts
    small = [pairs // 2**k for k in (3, 2, 1, 0)]
    large = [pairs * 2**k for k in range(1, responses.bit_length())]
    return [
        *(size for size in small if size >= 2 * responses),
        *(size for size in large if 2 * size <= prompts * responses),
    ]


def budgets(prompts: int, responses: int) -> list[int]:
    """Numbers of comparisons, from an eighth of the prompts to all prompts.

    Each pays for two prompts with so many responses, at their worst; the largest pays for one
    pair of every prompt.

    >>> budgets(500, 10)
    [62, 125, 250, 500]
    """
    least = 2 * worst_cost(responses)
    return [prompts // 2**k for k in (3, 2, 1, 0) if prompts // 2**k >= least]


def worst_cost(responses: int) -> int:
    r"""Most comparisons that a merge sort of n responses asks for.

    .. math:: n \lceil\log_2 n\rceil - 2^{\lceil\log_2 n\rceil} + 1

    >>> [worst_cost(n) for n in (2, 3, 4, 5, 6, 8, 10)]
    [1, 3, 5, 8, 11, 17, 25]
    """
    levels = (responses - 1).bit_length()
    return responses * levels - 2**levels + 1
