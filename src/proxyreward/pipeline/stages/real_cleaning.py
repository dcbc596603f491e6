"""Stage `real_cleaning`: real pairs judged again, by a committee of judges or by people.

In: the files of ``mixes.origins``.  Out: ``outputs/<scale>/real_cleaning/`` (pairs, judges,
training sets) and ``results/<scale>/real_cleaning/``: tables without any text, and what each loader
kept.
"""

from proxyreward.data.folds import conversation_groups
from proxyreward.findings.real.real_cleaning import measure, people
from proxyreward.findings.real.real_cleaning.judge import judge
from proxyreward.findings.real.real_cleaning.learning import learning
from proxyreward.pipeline import committee
from proxyreward.pipeline.params import Params
from proxyreward.pipeline.stage import main, results, run_items, write_tables


def run(params: Params) -> None:
    """Judge every pair, clean, train on what is left, and measure."""
    labelled, judged = committee.load(params)
    folder, written = committee.folder(params), results(params, "real_cleaning")
    committee.write_reports(labelled | judged, written)
    committee.write_sources(params, labelled)
    toxic = {source: committee.toxic(frame) for source, (frame, _) in (labelled | judged).items()}

    def margins(kind: str, asked: dict[str, list], *inputs: str) -> dict[str, dict]:
        items = [item for own in asked.values() for _, item in own]
        items.sort(key=lambda item: len(item.out))  # what most tables need comes first
        read = [folder / name for name in inputs]
        done = dict(zip(items, run_items(params, f"real_cleaning/{kind}", items, judge, read)))
        return {
            source: committee.margins(own, [done[item] for _, item in own])
            for source, own in asked.items()
        }

    asked = {source: committee.judges(params, source) for source in labelled}
    of_judges = margins("judges", asked, "data")
    for source in labelled:
        committee.write_sets(params, source, toxic[source], of_judges[source])
    asked = {source: committee.learners(params, source) for source in labelled}
    of_learners = margins("learners", asked, "data", "sets")

    tables = []
    for source, (frame, _) in labelled.items():
        own, learnt = (committee.once(params, found[source]) for found in (of_judges, of_learners))
        given = committee.fold(params, source), toxic[source], params.committee.tie
        kinds = measure.types(frame, measure.votes(own, given[0], given[2]), toxic[source])
        told = learning(learnt, kinds, conversation_groups(frame["prompt"]), source=source)
        tables += [measure.tables(source, frame, own, *given), {"learning": told}]
    for source, (frame, _) in judged.items():
        tables.append(people.tables(source, frame, toxic[source]))
    write_tables(measure.together(tables), written)


if __name__ == "__main__":
    main("real_cleaning", run)
