"""Stage `aligned`: every policy of paper *elephant*, by DPO, PPO and PRO, and what it says.

In: ``outputs/<scale>/{data,cleaning,policy,proxies}/``.  Out: ``outputs/<scale>/aligned/``:
policies, their responses to prompts of the cleaned test sets, every reward model's scores of these;
and ``results/<scale>/aligned/``: tables of both, and how PPO and PRO went.
"""

import pandas as pd

from proxyreward.pipeline import aligned_family as family
from proxyreward.pipeline import aligned_tables as tables
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.ppo_family import tell_diverged
from proxyreward.pipeline.stage import main, outputs, results, run_items, write_tables
from proxyreward.policy import dpo, ppo_runs, pro, responses
from proxyreward.reward import scorings


def run(params: Params) -> None:
    """Align, let speak, score; redo what is missing or changed."""
    family.write_inputs(params)
    own = family.folder(params)
    asked, judged, reworded, said = (own / name for name in family.FILES)
    read = "data/tokenizer", "cleaning", "policy"
    words, cleaning, start = (outputs(params, name) for name in read)

    def done(kind: str, items: list, work, *inputs) -> tuple[list[str], list]:
        names = [item.name for item in items]
        return names, run_items(params, f"aligned/{kind}", items, work, [words, *inputs])

    items, rows = zip(*family.starts(params))
    starts = done("starts", list(items), responses.speak, judged)
    first = starts[1][0]
    norms = done("norms", family.norms(params, first), scorings.run, first)[1]
    runs, ppo_rows = zip(*family.ppo(params, family.judges(params, first, norms)))
    trained = done("ppo", list(runs), ppo_runs.train, asked, judged, start)
    speakers = family.speakers(params, dict(zip(*trained)))
    spoken = done("spoken", speakers, responses.speak, judged)
    items, dpo_rows = zip(*family.dpo(params))
    preferred = done("dpo", list(items), dpo.train, judged, cleaning, start)
    items, pro_rows = zip(*family.pro(params))
    ranked = done("pro", list(items), pro.train, judged, cleaning, start)

    again = done("again", family.robust(params, dict(zip(*preferred))), responses.speak, reworded)
    every = tables.said(*(sum(parts, []) for parts in zip(starts, preferred, spoken, ranked)))
    every.to_parquet(said, index=False)
    scores = done("scores", family.ladder(params), scorings.run, said, judged)[1]
    written = results(params, "aligned")
    frames = tables.judgements(every, tables.said(*again), pd.read_parquet(judged), scores)
    for name, frame in (frames | {"implicit": tables.implicit(*preferred)}).items():
        frame.to_parquet(written / f"{name}.parquet", index=False, compression="zstd")
    found = ppo_runs.read(runs, trained[1])
    tell_diverged("aligned", found)
    listed = pd.DataFrame([*rows, *dpo_rows, *ppo_rows, *pro_rows], columns=family.POLICIES)
    went = {"ppo_log": tables.log(found), "ppo_curves": tables.curves(found)}
    write_tables({"policies": listed, "steps": tables.steps(*ranked)} | went, written)


if __name__ == "__main__":
    main("aligned", run)
