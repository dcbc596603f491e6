"""What the measures are called, how they are computed, and why one may be missing.

In: the name of a measure in the tree. Out: its words.
"""

from typing import NamedTuple


class Word(NamedTuple):
    """A measure in words.

    Attributes
    ----------
    label
        Head of a column.
    meaning
        How it is computed.
    missing
        Why there may be no number.
    """

    label: str
    meaning: str
    missing: str


_PAIRS = "no prompt has two responses that both have scored"
_ORDER = "the golden model orders no two responses that this model has scored"
_FLAT = "on no prompt do both scores vary"
_GAIN = "choosing by the golden model itself gains nothing here, so there is nothing to lose"

WORDS = {
    "accuracy": Word(
        "Accuracy",
        "Share of a prompt's pairs that the golden model orders and this model orders alike; its "
        "ties are half right. Mean over prompts.",
        _ORDER,
    ),
    "accuracy_pair": Word(
        "Accuracy, one pair",
        "The same on the first two responses of each prompt alone, as a test set of pairs has it.",
        _ORDER,
    ),
    "pearson": Word("Pearson", "Correlation of the scores within a prompt, mean.", _FLAT),
    "spearman": Word("Spearman", "Correlation of the ranks within a prompt, mean.", _FLAT),
    "kendall": Word("Kendall", "Kendall's tau-b within a prompt, mean.", _FLAT),
    "bo_n": Word(
        "Best of all",
        "Golden score of the response that the model scores highest, between the mean (0) and the "
        "best (1) of its prompt; mean.",
        "the golden model does not vary within any prompt",
    ),
    "ece": Word(
        "Calibration error",
        "Gap between the confidence that the difference of two scores implies (Bradley-Terry) "
        "and how often it is right. Low is good.",
        _ORDER,
    ),
    "mrr": Word(
        "Reciprocal rank",
        "One over the golden rank of the response that the model scores highest, mean.",
        _PAIRS,
    ),
    "ndcg": Word(
        "NDCG",
        "Golden ranks, discounted by the place that the model gives each, as a share of the best "
        "order. Its least value is far above 0.",
        _PAIRS,
    ),
    "xi": Word(
        "Xi",
        "Chatterjee's correlation: how far the golden order is any function of the model's. A "
        "reversed order reaches the same as a perfect one.",
        "the golden model does not vary within any prompt",
    ),
    "ndr": Word(
        "NDR",
        "Normalised drop ratio at the largest n: golden gain of best-of-n by this model, as a "
        "share of the gain of best-of-n by the golden model. 1 loses nothing, 0 gains nothing, "
        "below 0 harms.",
        _GAIN,
    ),
    "gamma": Word(
        "Gamma",
        "Area between the golden curve of the golden model and that of this model, over KL, as a "
        "share of the former's area above its start. 0 loses nothing, 1 loses everything.",
        _GAIN,
    ),
    "peak": Word(
        "Peak n",
        "The n of best-of-n at which the golden reward is highest. Below the largest n, more "
        "optimisation harms.",
        "golden rewards are not known",
    ),
    "variance": Word(
        "Within-prompt variance",
        "Share of the variance of the scores that lies within prompts. Near 0, the model tells "
        "prompts apart but not responses, and reinforcement learning finds little to follow.",
        "the scores do not vary",
    ),
    "unspecific": Word(
        "Unspecific",
        "Share of the pairs that are equally good to the golden model and whose scores differ by "
        "more than one within-prompt standard deviation. Low is good.",
        "no two responses to a prompt are equally good to the golden model",
    ),
}


def word(name: str) -> Word:
    """Words of a measure; one that is not known here is shown by its own name."""
    return WORDS.get(name) or Word(name.replace("_", " "), "", "not defined on these scores")
