"""Colours and names of the training schemes in the figures and tables of paper *more*.

Called by the findings that read `mixtures`.
"""

from proxyreward.findings.core.drawing import COLOURS
from proxyreward.vocabulary import (
    BALANCED,
    MORE,
    MORE_AS_IS,
    MULTITASK,
    MULTITASK_AS_IS,
    PUBLIC_CODE,
    RAW,
    SINGLE,
    TOP,
)

# A reward model on one source is "single"; on each test set that of its own source is the top.
SCHEME_NAMES: dict[str, str] = {
    RAW: "Raw",
    SINGLE: "Single",
    TOP: "Top",
    MULTITASK: "MultiTask",
    MORE: "MORE",
    BALANCED: "MultiTask, balanced batches",
    PUBLIC_CODE: "MORE, public code",
    MULTITASK_AS_IS: "MultiTask, sources as they are",
    MORE_AS_IS: "MORE, sources as they are",
}
# The two schemes that are compared throughout have the two strong colours.
SCHEME_COLOURS: dict[str, str] = {
    RAW: "#808080",
    SINGLE: "#009E73",
    TOP: "#009E73",
    MULTITASK: COLOURS["best-of-n"],
    MORE: COLOURS["ppo"],
    BALANCED: "#56B4E9",
    PUBLIC_CODE: "#E69F00",
    MULTITASK_AS_IS: "#004B75",
    MORE_AS_IS: "#8A3B00",
}
