"""Names by which stages, tables and pages call the same things: schemes, policies, optimisers.

No module repeats one of these words, so that what the pipeline trains is what a finding reads.
"""

OPTIMISERS = BEST_OF_N, PPO = "best-of-n", "ppo"
INITIAL, SECOND = "initial", "second"
"""The policies that are optimised."""
ORACLE = "oracle"
"""The world's own judge, beside the reward models."""
JOINT = "joint"
"""One PPO run on the prompts of all categories."""
ALL = "all"
"""Of categories."""

MAIN, ARCHITECTURES, PARTS = "main", "architectures", "parts"
"""Families of reward models."""
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
