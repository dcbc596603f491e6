"""Pairs of several sources as frames: those of the world, or real ones.

In: parameters. Out: training pairs, test pairs, and what the loaders reported.
"""

import json
import sys
from collections.abc import Sequence

import numpy as np
import pandas as pd

from proxyreward.data.load import load_pairs
from proxyreward.data.report import LoadReport
from proxyreward.files import write_whole
from proxyreward.findings.core.registry import load_registry
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.schema import of_source
from proxyreward.pipeline.stage import naming, results
from proxyreward.world.mixture import disagreement, mixture
from proxyreward.world.sources import SOURCES


def of_world(params: Params) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test pairs of the world's sources, sized as in Table 4 of paper *more*.

    The paper resamples all sources to one size; here too a source has as many pairs to one
    resampled source as there.
    """
    mixes = params.mixes
    printed = dict(load_registry().printed("more.table4"))
    one = printed.pop("resampled_train_per_source")
    rows = zip(SOURCES, printed.values(), strict=True)
    sizes = {name: round(row["train"] / one * mixes.resampled) for name, row in rows}
    return mixture(sizes, mixes.test_pairs, mixes.quality, params.seed, mixes.conflicts)


def conflict(tests: pd.DataFrame, conflicts: Sequence[float]) -> pd.DataFrame:
    """On how many test pairs two sources disagree, by degree of conflict: conflict, share."""
    degrees = sorted({*conflicts, 1.0})
    return pd.DataFrame(
        {"conflict": degrees, "share": [disagreement(tests, degree) for degree in degrees]}
    )


def real(params: Params) -> tuple[pd.DataFrame, dict[str, LoadReport]]:
    """Pairs of the real sources, one after the other, and what each loader kept and rejected.

    Says the latter on stderr and in ``results/<scale>/sources/reports.json``.
    """
    frames, reports, most = [], {}, params.data.max_records
    for origin in params.mixes.origins:
        asked = (origin.place, origin.name, origin.subset, origin.split, most)
        with naming(of_source(origin.source)):
            frame, report = load_pairs(*asked, origin.format, origin.source)
        print(report, file=sys.stderr)
        frames.append(frame)
        reports[origin.source] = report
    told = {name: report.to_dict() for name, report in reports.items()}
    text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    write_whole(results(params, "sources") / "reports.json", text)
    every = pd.concat(frames, ignore_index=True)
    return every.assign(pair_id=np.arange(len(every))), reports
