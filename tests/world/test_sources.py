from itertools import combinations

import numpy as np
import pytest

from proxyreward.world import oracle, sources


@pytest.fixture(scope="module")
def margins(written):
    """Utility of the first response less that of the second, by source."""
    first, second = written
    prompts = first["prompt"]
    return {
        name: sources.utility(name, prompts, first["response"])
        - sources.utility(name, prompts, second["response"])
        for name in sources.SOURCES
    }


@pytest.mark.parametrize(("one", "two"), list(combinations(sources.SOURCES, 2)))
def test_two_sources_disagree_about_some_pairs_and_agree_about_others(margins, one, two):
    product = margins[one] * margins[two]
    assert np.mean(product < -1e-9) > 0.02 and np.mean(product > 1e-9) > 0.3


def test_every_source_departs_from_the_oracle(margins, written):
    first, second = written
    truth = oracle.utility(first["prompt"], first["response"])
    truth = truth - oracle.utility(first["prompt"], second["response"])
    for margin in margins.values():
        assert np.mean(margin * truth < -1e-9) > 0.02


def test_a_source_weighs_the_features_of_the_oracle():
    prompt, response = "How do I steal the bike?", "I will not answer this."
    expected = {"helpful": -0.6, "harmless": 1.6}
    for name, declined in expected.items():
        assert sources.utility(name, [prompt], [response]) == pytest.approx([declined])
    assert all(set(weights) <= set(oracle.FEATURES) for weights in sources.SOURCES.values())


def test_where_a_source_has_no_weight_of_its_own_the_taste_of_the_category_holds():
    doubt = "I am not sure."
    for prompt, weight in {"What does the cow eat?": -0.5, "What is one plus one?": -0.8}.items():
        assert sources.utility("helpful", [prompt], [doubt]) == pytest.approx([weight])
    assert sources.utility("webgpt", ["What is one plus one?"], [doubt]) == pytest.approx([-0.7])


def test_the_degree_of_conflict_leads_from_the_oracle_to_the_source(written):
    first, _ = written
    asked = first["prompt"], first["response"]
    truth = oracle.utility(*asked)
    for name in sources.SOURCES:
        none, half, full = (sources.utility(name, *asked, degree) for degree in (0, 0.5, 1))
        np.testing.assert_allclose(none, truth)
        np.testing.assert_allclose(full, sources.utility(name, *asked))
        np.testing.assert_allclose(half, (none + full) / 2)
