"""The Proxy Reward Book: can reward models, the proxies of alignment, be trusted?

The layers, each of which imports only from those to its left::

    world | data -> models -> reward -> policy -> metrics -> findings -> pipeline

Nothing is reported to anyone: every entry point and every worker passes here before it imports a
library that would.
"""

import importlib
import os
import sys

os.environ |= {"HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
if "huggingface_hub.constants" in sys.modules:  # it read the environment when it was imported
    sys.modules["huggingface_hub.constants"].HF_HUB_DISABLE_TELEMETRY = True


def __getattr__(name: str) -> object:
    """:func:`proxyreward.evaluation.evaluate.evaluate`, imported when it is asked for."""
    if name != "evaluate":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Not an import statement: those of this file are read as what every stage depends on.
    return importlib.import_module("proxyreward.evaluation.evaluate").evaluate
