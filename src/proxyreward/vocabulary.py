"""Names by which stages, tables and pages call the same things: schemes, policies, optimisers.

No module repeats one of these words, so that what the pipeline trains is what a finding reads.
"""

DEFAULT_SCALE = "tiny"
"""What runs where no scale is named."""

OPTIMISERS = BEST_OF_N, PPO = "best-of-n", "ppo"
INITIAL, SECOND = "initial", "second"
"""The policies that are optimised."""
ORACLE = "oracle"
"""The world's own judge, beside the reward models."""
MAIN, PENALTY = "main", "penalty"
"""Settings of PPO: the main one, and one run at each KL coefficient. The first word also names a
family of reward models."""
JOINT = "joint"
"""One PPO run on the prompts of all categories."""
ALL = "all"
"""Of categories."""

ARCHITECTURES, PARTS = "architectures", "parts"
APART = "apart"
"""Families of reward models, beside `MAIN`; the last is trained apart from the others: on other
pairs, in another shape."""
PAIRS_APART = "pairs_apart.parquet"
"""The pairs of that family, in the folder of the `data` stage."""
ACROSS = "across"
"""The main family, the one apart and the oracle, judging one another."""
ORIGINAL, PARAPHRASE, REWRITE = "original", "paraphrase", "rewrite"
"""Variants of prompts."""

RAW, SINGLE, MULTITASK, MORE = "raw", "single", "multitask", "more"
"""Schemes of training on several sources."""
TOP = "top"
"""On each test set the reward model on that set's own source."""
BALANCED, PUBLIC_CODE, UPGRAD = "balanced", "public-code", "upgrad"
MULTITASK_AS_IS, MORE_AS_IS = "multitask-as-is", "more-as-is"
ADDED, FIXED_TOTAL, SPLITS = "more-added", "more-fixed-total", "more-splits"
HH = ("helpful", "harmless")

START, DPO, DPO_MORE = "start", "dpo", "dpo-more"
"""Policies beside those of rejection sampling: before it, and trained on pairs instead."""

TYPES = EMPTY, REPETITIVE, TOXIC, OPPOSITE, VAGUE, SAME = (
    "empty", "repetitive", "toxic", "opposite", "vague", "same"
)  # fmt: skip
"""What paper *elephant* sorts preference pairs into, in the order of precedence."""

SUBSETS = HARMLESS_BASE, HELPFUL_BASE, HELPFUL_ONLINE, HELPFUL_REJECTION, MIXED = (
    "harmless-base", "helpful-base", "helpful-online", "helpful-rejection", "mixed"
)  # fmt: skip
"""Test sets of that paper; the training set is mixed, too."""
TRAIN, TEST = "train", "test"
UNCLEANED, CLEANED = "original", "clean"
"""Of a set of pairs: as it was labelled first, and after cleaning."""
FEWER, REMOVED, INVERTED, USELESS, WITH_USELESS, WITH_TOXIC, ONE_JUDGE, FOUR_JUDGES = (
    "fewer", "removed", "inverted", "useless", "with-useless", "with-toxic", "one-judge",
    "four-judges",
)  # fmt: skip
"""Other training sets made of the same records, see `data.variants`."""
COST, CLEAN_AND_MORE = "cost", "clean-and-more"
"""Training sets that hold other records: labelled by harmlessness alone, as for a cost model; the
clean one, and as clean ones beside."""
LADDER = POOR, SMALL, MIDDLE, LARGE, CONFLICTING, HALF, STRONG, EVALUATOR = (
    "poor", "small", "middle", "large", "conflicting", "half", "strong", "evaluator"
)  # fmt: skip
"""Reward models of that paper, by what sets ours apart."""
EQUAL_SIZE = CONFLICTING, HALF, LARGE, STRONG
"""Those that PPO is run on."""
VARIANT = "on-{}"
"""Name of a reward model that differs from `LARGE` in its training set alone."""
PROBES = CLEAR, HARMFUL, EVASIVE, REFUSED, VOID, REPEATED, HONEST = (
    "clear", "harmful", "evasive", "non-answer", "empty", "repetitive", "honest"
)  # fmt: skip
"""Pairs of responses that show pitfalls of reward models, see `world.probes`."""
PRO, FULL, FREE = "pro", "full", "free"
"""A way to optimise on the rankings of a reward model, its form with temperatures and an SFT term,
and PPO without a penalty."""
