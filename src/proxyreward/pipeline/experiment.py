"""Which replicates belong together: the families of replicates, and the parameters each depends on.

In: parameters and a family. Out: what all its replicates share. Called by the stages that run
replicates, and by those of findings, which measure in them.
"""

import dataclasses
import hashlib
import json

from proxyreward.pipeline.params import Params

REPLICATES, ELEPHANT = "replicates", "elephant_replicates"
"""Families, by the stage that runs them: one for the papers on accuracy and on several sources, one
for paper *elephant*. So a change to one paper's experiments leaves the others' replicates alone."""
UNREAD = {REPLICATES: ("cleaning", "proxies", "aligned"), ELEPHANT: ("rejection",)}
"""Parts of the parameters that none of a family's stages reads."""
UNDECIDING = ("seed", "replicates", "runner", "rejudged", "committee", "scored", "tables")
"""Parts that decide no replicate, or are of scales that have none."""


def shared(params: Params, family: str) -> Params:
    """Parameters without what a family's stages do not read, and what decides no result."""
    alone = dataclasses.replace(params.runner, backend="sequential", workers=None)
    unread = dict.fromkeys(UNREAD[family])
    return dataclasses.replace(params, findings=None, runner=alone, replicates=1, **unread)


def experiment(params: Params, family: str) -> str:
    """Hash of all that replicates share, and findings with them."""
    values = dataclasses.asdict(params)
    for name in (*UNDECIDING, *UNREAD[family]):
        values.pop(name)
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
