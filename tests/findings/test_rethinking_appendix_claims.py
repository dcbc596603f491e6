import pandas as pd
import pytest

from proxyreward.data.pairs import Pair, to_frame
from proxyreward.findings.core import verdict
from proxyreward.findings.rethinking import rethinking_appendix

ENTRIES = ("fig12", "fig13", "table7", "table8")
ENTRIES += tuple(f"appendix.{name}" for name in ("kl_penalty", "datasets", "details"))


TRAINING = to_frame(Pair(f"\n\nHuman: {i}\n\nAssistant:", "a b", "c d", "world") for i in range(9))


@pytest.fixture(scope="module")
def computed(evidence, registry):
    recipes = {"reward models": ([{"name": "a"}], ("name",)), "PPO": ([{"name": "b"}], ("name",))}
    return rethinking_appendix.compute(
        evidence, TRAINING, recipes, resamples=50, seed=0, registry=registry
    )


def decide(evidence, tables, registry):
    found = rethinking_appendix.measure(
        evidence, tables, TRAINING, resamples=50, seed=1, registry=registry
    )
    told = rethinking_appendix.notes(found)
    decisions, _ = verdict.decide("rethinking_appendix", found, registry, told)
    return decisions


def test_every_claim_of_these_entries_gets_one_row(evidence, computed, registry, tmp_path):
    decisions = decide(evidence, computed, registry)
    expected = [c.id for entry in ENTRIES for c in registry.entry(f"rethinking.{entry}").claims]
    assert sorted(d.claim_id for d in decisions) == sorted(expected)
    verdict.write_scorecard(tmp_path / "claims.json", decisions, registry)
    assert len(verdict.read_scorecard(tmp_path / "claims.json")) == len(expected)


def test_figure_13_says_not_yet(evidence, computed, registry):
    for decision in decide(evidence, computed, registry):
        if "fig13" in decision.claim_id:
            assert decision.verdict == "not testable here"
            assert decision.reason.startswith("Not yet")


def test_decisions_survive_the_written_tables(evidence, computed, registry, tmp_path):
    again = {}
    for name, table in computed.items():
        table.to_csv(tmp_path / name, index=False, float_format="%.6g")
        again[name] = pd.read_csv(tmp_path / name)
    for before, after in zip(
        decide(evidence, computed, registry), decide(evidence, again, registry), strict=True
    ):
        assert after.verdict == before.verdict
        assert after.estimate == pytest.approx(before.estimate, rel=1e-4, nan_ok=True)
