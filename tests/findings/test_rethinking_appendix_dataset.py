import numpy as np
import pytest

from proxyreward.data.construction import construct, length_gap
from proxyreward.data.pairs import Pair, to_frame
from proxyreward.findings.core import verdict
from proxyreward.findings.rethinking.rethinking_appendix.claims import _dataset, _divergence
from proxyreward.findings.rethinking.rethinking_appendix.dataset import dataset_table
from proxyreward.findings.rethinking.rethinking_appendix.divergence import kl_integral
from proxyreward.metrics.best_of_n import kl_bound


def frame(bias, count=1500, seed=0):
    """Pairs whose chosen responses are longer by `bias` words on average."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(5, 40, size=(count, 2)) + np.array([bias, 0])
    return to_frame(
        Pair(f"\n\nHuman: {i}?\n\nAssistant:", " ".join("w" * a), " ".join("w" * b), "world")
        for i, (a, b) in enumerate(lengths)
    )


def decided(found, registry):
    decisions, _ = verdict.decide("rethinking_appendix", found, registry)
    return {d.claim_id.removeprefix("rethinking.appendix."): d for d in decisions}


def decide(pairs, registry):
    found = decided(_dataset(pairs, resamples=200, seed=0), registry)
    return [found[f"datasets.{claim}"].verdict for claim in ("c1", "c2")]


def test_a_length_bias_to_either_side_refutes_and_its_removal_reproduces(registry):
    biased = frame(4)
    mirrored = biased.rename(columns={"chosen": "rejected", "rejected": "chosen"})
    for pairs in (biased, mirrored):
        assert decide(pairs, registry) == ["not reproduced", "by construction"]
    training, _, _ = construct(biased, max_words=100, validation_share=0.1, seed=0)
    assert decide(training, registry) == ["reproduced", "by construction"]


def test_a_repeated_prompt_refutes(registry):
    pairs = frame(0)
    pairs.loc[1, "prompt"] = pairs.loc[0, "prompt"]
    assert decide(pairs, registry)[1] == "not reproduced"


def test_the_row_holds_what_the_frame_holds():
    pairs = frame(3)
    row = dataset_table(pairs, 100, seed=0).iloc[0]
    assert (row["pairs"], row["duplicates"]) == (1500, 0)
    assert row["gap"] == length_gap(pairs)
    assert row["low"] < row["gap"] < row["high"]
    assert row["chosen_words"] - row["rejected_words"] == pytest.approx(3, abs=1.5)
    # Two independent means of 1,500 lengths each.
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * np.sqrt(2 / 1500), rel=0.2)


@pytest.mark.parametrize("n", [1, 2, 7, 1280])
def test_integration_agrees_with_the_closed_form_and_with_a_draw(n):
    assert kl_integral(n) == pytest.approx(float(kl_bound(n)), abs=1e-9)
    # The largest of n uniform scores, as a draw: the mean log ratio of the densities.
    largest = np.random.default_rng(0).random(200_000) ** (1 / n)
    ratio = np.log2(n) + (n - 1) * np.log2(largest)
    assert ratio.mean() == pytest.approx(kl_integral(n), abs=0.02)


def test_the_papers_n_gives_the_registrys_bits(registry):
    decision = decided(_divergence(registry), registry)["details.c1"]
    assert decision.verdict == "definition"
    assert decision.estimate == pytest.approx(8.8804, abs=5e-5)
