"""Stage `rejection`: policies aligned with reward models on several sources, and by DPO.

In: ``outputs/<scale>/{data,sources,mixes,policy}/``.  Out: ``outputs/<scale>/rejection/``:
candidates, every reward model's scores of them, the policies' words; and
``results/<scale>/rejection/``: what they are worth.
"""

import pandas as pd

from proxyreward.pipeline import rejection_family as family
from proxyreward.pipeline import rejection_tables as tables
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, outputs, results, run_items, write_tables
from proxyreward.policy import dpo, pool, rejection
from proxyreward.reward import scorings


def run(params: Params) -> None:
    """Sample, score, align; redo what is missing or changed."""
    folder, written = family.folder(params), results(params, "rejection")
    family.write_inputs(params)
    words, start = folder / "tokenizer", outputs(params, "policy")
    asked, judged = folder / family.ASKED, folder / family.JUDGED

    def done(kind: str, items: list, work, *inputs) -> tuple[list[str], list]:
        names = [item.name for item in items]
        return names, run_items(params, f"rejection/{kind}", items, work, [words, *inputs])

    done("candidates", family.pools(params), pool.draw, asked, start)
    candidates = family.write_candidates(params)
    file = folder / family.CANDIDATES
    sources, mixes = outputs(params, "sources"), outputs(params, "mixes")
    scored = done("scores", family.scorings(params), scorings.run, file, sources / "tokenizer")
    tested, held_out = folder / family.TESTED, folder / family.HELD_OUT
    items, rows = zip(*family.policies(params))
    aligned = done("policies", list(items), rejection.train, file, judged, held_out, start, mixes)
    items, more_rows = zip(*family.preferences(params))
    trained = done("preferences", list(items), dpo.train, judged, tested, start, sources)

    both = [one + other for one, other in zip(aligned, trained)]
    frames = {
        "candidates": tables.candidates(candidates),
        "best": tables.best(*scored, params.rejection.samples),
        "said": tables.said(*both, family.judges(params)),
        "rewards": tables.rewards(*aligned, family.aligned(params)["rm"].tolist()),
        "perplexity": tables.perplexity(*aligned),
        "preferences": tables.preference_margins(*trained),
    }
    for name, frame in frames.items():
        frame.to_parquet(written / f"{name}.parquet", index=False, compression="zstd")
    listed = pd.DataFrame([*rows, *more_rows], columns=family.POLICIES)
    controls = tables.controls(listed, frames["said"], frames["rewards"])
    lists = {"policies": listed, "controls": controls, "rounds": tables.rounds(*aligned)}
    write_tables(lists | {"preference_steps": tables.preference_steps(*trained)}, written)


if __name__ == "__main__":
    main("rejection", run)
