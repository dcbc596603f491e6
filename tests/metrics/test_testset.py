import numpy as np
import pytest

from proxyreward.metrics.agreement import accuracy_matrix
from proxyreward.metrics.testset import TestSet
from proxyreward.metrics.within_prompt import METRICS

RMS, PROMPTS, RESPONSES = 4, 30, 6


@pytest.fixture
def rng():
    return np.random.default_rng(10)


@pytest.fixture
def scores(rng):
    return rng.normal(size=(PROMPTS, RESPONSES)) + rng.normal(size=(RMS, PROMPTS, RESPONSES))


@pytest.fixture
def test_set(scores):
    categories = ["Chat", "Code", "Math"] * 10
    return TestSet.of(scores, categories, ["blunt"] * 2 + ["timid"] * 3 + ["initial"])


@pytest.fixture
def coded():
    """Every reward model's score tells the response: 100 x prompt + response, in pieces of 0.01."""
    code = 100.0 * np.arange(PROMPTS)[:, None] + np.arange(RESPONSES)
    return TestSet.of(np.stack([code + 0.01 * rm for rm in range(RMS)]))


def test_every_reward_model_is_golden_in_turn(test_set, scores):
    assert test_set.proxies.shape == (1, RMS, PROMPTS, RESPONSES)
    np.testing.assert_array_equal(test_set.labels, scores)
    np.testing.assert_array_equal(test_set.proxies[0], scores)
    assert test_set.size == PROMPTS * RESPONSES


def test_a_set_of_pairs_gives_the_accuracy_matrix(scores):
    pairs = scores[..., :2]
    np.testing.assert_array_equal(TestSet.of(pairs).error(), accuracy_matrix(pairs))


def test_methods_leave_the_test_set_as_it_was(test_set, scores, rng):
    before = scores.copy()
    test_set.draw(2, rng).annotate(1.0, rng)
    test_set.rank_bins(3, 0, 1, rng)
    np.testing.assert_array_equal(test_set.labels, before)
    np.testing.assert_array_equal(test_set.proxies[0], before)


def test_prompts_are_kept_by_place_or_mask(test_set, scores):
    places = np.array([7, 2])
    np.testing.assert_array_equal(test_set.at(places).labels, scores[:, [7, 2]])
    np.testing.assert_array_equal(test_set.at(places).categories, ["Code", "Math"])
    mask = np.isin(np.arange(PROMPTS), places)
    np.testing.assert_array_equal(test_set.at(mask).proxies[0], scores[:, [2, 7]])


def test_category_and_source_keep_their_rows(test_set, scores):
    maths = test_set.category("Math")
    np.testing.assert_array_equal(maths.labels, scores[:, 2::3])
    assert set(maths.categories) == {"Math"}
    timid = test_set.source("timid")
    np.testing.assert_array_equal(timid.proxies[0], scores[..., 2:5])
    assert timid.sources.tolist() == ["timid"] * 3


def test_drawn_responses_are_distinct_and_keep_their_prompt(coded, rng):
    drawn = coded.draw(4, rng)
    prompt, response = np.divmod(drawn.labels[0], 100)
    np.testing.assert_array_equal(prompt, np.tile(np.arange(PROMPTS)[:, None], 4))
    assert all(len(set(row)) == 4 for row in response.tolist())
    assert len({tuple(row) for row in response.tolist()}) > PROMPTS / 2  # each prompt its own
    assert drawn.sources.size == 0


def test_a_draw_is_the_same_for_all_reward_models(coded, rng):
    drawn = coded.draw(3, rng, prompts=8)
    for rm in range(RMS):
        np.testing.assert_allclose(drawn.labels[rm], drawn.labels[0] + 0.01 * rm)
        np.testing.assert_array_equal(drawn.proxies[0, rm], drawn.labels[rm])


def test_drawn_prompts_are_distinct_and_keep_their_category(test_set, coded, rng):
    drawn = coded.draw(2, rng, prompts=12)
    assert len(set((drawn.labels[0, :, 0] // 100).tolist())) == 12
    assert drawn.size == 24
    assert set(test_set.category("Math").draw(2, rng, prompts=5).categories) == {"Math"}


def test_all_responses_are_drawn_equally_often_in_any_place(coded, rng):
    found = np.concatenate([coded.draw(2, rng).labels[0] % 100 for _ in range(200)])
    for place in found.T:
        counts = np.bincount(place.astype(int), minlength=RESPONSES)
        assert counts.min() > 0.85 * counts.mean()


def test_drawing_everything_changes_no_metric_that_looks_at_all_responses(test_set, rng):
    for metric in set(METRICS) - {"accuracy_pair"}:
        drawn = test_set.draw(RESPONSES, rng, prompts=PROMPTS)
        np.testing.assert_allclose(drawn.error(metric), test_set.error(metric), atol=1e-12)


# Rank bins.


def ranks_of(binned, test_set):
    """Golden rank, 0 for the best, of each response of a binned set: (goldens, prompts, 2)."""
    better = test_set.labels[..., None, :] > binned.labels[..., :, None]
    return better.sum(axis=-1)


@pytest.mark.parametrize(("bins", "chosen", "rejected"), [(2, 0, 1), (3, 1, 2), (6, 0, 5)])
def test_bins_hold_the_ranks_that_they_should(test_set, rng, bins, chosen, rejected):
    width = RESPONSES // bins
    found = [ranks_of(test_set.rank_bins(bins, chosen, rejected, rng), test_set)
             for _ in range(20)]  # fmt: skip
    for side, cell in enumerate((chosen, rejected)):
        ranks = np.stack(found)[..., side]
        np.testing.assert_array_equal(np.unique(ranks), np.arange(width) + cell * width)


def test_uneven_bins_share_out_all_ranks(test_set, rng):
    found = [ranks_of(test_set.rank_bins(4, c, 3, rng), test_set) for c in range(3)
             for _ in range(20)]  # fmt: skip
    assert set(np.unique(found)) == set(range(RESPONSES))


def test_binned_pairs_belong_to_their_golden_and_all_proxies_see_them(test_set, scores, rng):
    binned = test_set.rank_bins(3, 0, 2, rng)
    assert binned.proxies.shape == (RMS, RMS, PROMPTS, 2)
    assert (binned.labels[..., 0] > binned.labels[..., 1]).all()
    for golden in range(RMS):
        np.testing.assert_array_equal(binned.proxies[golden, golden], binned.labels[golden])
        where = (binned.labels[golden][..., None] == scores[golden][:, None]).argmax(axis=-1)
        for proxy in range(RMS):
            seen = np.take_along_axis(scores[proxy], where, axis=1)
            np.testing.assert_array_equal(binned.proxies[golden, proxy], seen)
    np.testing.assert_array_equal(np.diag(binned.error()), 1)


def test_far_bins_are_easier_than_neighbours(rng):
    utility = rng.normal(size=(400, 6))
    test_set = TestSet.of(utility + rng.normal(size=(3, 400, 6)))
    off = ~np.eye(3, dtype=bool)
    near, far = (test_set.rank_bins(6, 0, worse, rng).error()[off].mean() for worse in (1, 5))
    assert far > near + 0.2


def test_tied_responses_fall_into_bins_at_random(rng):
    scores = np.zeros((1, 2000, 2))
    scores[..., 1] = 1e-9
    marked = TestSet(scores[None], np.zeros((1, 2000, 2)), np.full(2000, ""), np.array([]))
    firsts = [marked.rank_bins(2, 0, 1, rng).proxies[0, 0, :, 0].mean() for _ in range(40)]
    assert np.mean(firsts) / 1e-9 == pytest.approx(0.5, abs=0.3)


# Annotation.


def test_a_perfect_annotator_keeps_the_order(test_set, rng):
    annotated, comparisons = test_set.annotate(np.inf, rng)
    np.testing.assert_array_equal(
        annotated.labels, test_set.labels.argsort(axis=-1).argsort(axis=-1) + 1
    )
    assert comparisons.shape == (RMS, PROMPTS)
    np.testing.assert_array_equal(annotated.error(), test_set.error())
    np.testing.assert_array_equal(annotated.proxies, test_set.proxies)


def test_noise_brings_accuracy_towards_one_half(test_set, rng):
    diagonal = [np.diag(test_set.annotate(q, rng)[0].error()).mean() for q in (0.0, 1.0, 5.0, 50)]
    assert diagonal == sorted(diagonal)
    assert diagonal[0] == pytest.approx(0.5, abs=0.05)
    assert diagonal[-1] > 0.95


def test_quality_means_the_same_for_every_scale_of_scores(scores):
    plain, scaled = (
        TestSet.of(s).annotate(1.0, np.random.default_rng(3))[0] for s in (scores, 50 * scores - 9)
    )
    np.testing.assert_array_equal(plain.labels, scaled.labels)


def test_standardised_over_the_set_the_noise_is_bradley_terry(rng):
    """Two rewards one sd from the mean each: the better one wins with sigmoid(2 quality)."""
    test_set = TestSet.of(np.tile([7.0, 3.0], (1, 40_000, 1)))
    labels = test_set.annotate(0.6, rng)[0].labels
    assert (labels[0, :, 0] == 2).mean() == pytest.approx(1 / (1 + np.exp(-1.2)), abs=0.01)


def test_a_golden_without_opinion_is_annotated_at_random(rng):
    labels = TestSet.of(np.full((1, 4000, 2), 0.1)).annotate(np.inf, rng)[0].labels
    assert (labels[0, :, 0] == 2).mean() == pytest.approx(0.5, abs=0.05)


# Mixing.


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_the_prompts_is_replaced(test_set, rng, share):
    other = TestSet.of(test_set.labels + 100, ["new"] * PROMPTS)
    mixed = test_set.mix(other, share, rng)
    new = mixed.categories == "new"
    assert new.sum() == share * PROMPTS
    np.testing.assert_array_equal(mixed.labels[:, new], other.labels[:, new])
    np.testing.assert_array_equal(mixed.labels[:, ~new], test_set.labels[:, ~new])
    np.testing.assert_array_equal(mixed.proxies[0], mixed.labels)


def test_sources_survive_only_if_both_sets_have_them(test_set, rng):
    assert test_set.mix(test_set, 0.5, rng).sources.tolist() == test_set.sources.tolist()
    assert test_set.mix(test_set.draw(RESPONSES, rng), 0.5, rng).sources.size == 0


def test_equal_generators_replace_more_and_more_of_the_same_prompts(test_set):
    other = TestSet.of(test_set.labels, ["new"] * PROMPTS)
    new = [
        test_set.mix(other, share, np.random.default_rng(2)).categories == "new"
        for share in (0.2, 0.5, 0.9)
    ]
    assert (new[0] <= new[1]).all() and (new[1] <= new[2]).all()


def test_binned_and_plain_sets_mix(test_set, rng):
    binned = test_set.rank_bins(2, 0, 1, rng)
    mixed = test_set.draw(2, rng).mix(binned, 0.5, rng)
    assert mixed.error().shape == (RMS, RMS)


# Bad input.


def test_unknown_names_are_answered_with_the_known_ones(test_set, rng):
    with pytest.raises(ValueError, match="Chat.*Code.*Math"):
        test_set.category("Poetry")
    with pytest.raises(ValueError, match="blunt.*initial.*timid"):
        test_set.source("careful")
    with pytest.raises(ValueError, match="draw afterwards"):
        test_set.draw(2, rng).source("blunt")
    with pytest.raises(ValueError, match="accuracy_pair"):
        test_set.error("regret")


def test_more_than_there_is_cannot_be_drawn(test_set, rng):
    with pytest.raises(ValueError, match=r"responses must lie in 1\.\.6, got 7"):
        test_set.draw(7, rng)
    with pytest.raises(ValueError, match=r"prompts must lie in 1\.\.30, got 31"):
        test_set.draw(2, rng, prompts=31)
    with pytest.raises(ValueError, match=r"prompts must lie in 1\.\.30, got 0"):
        test_set.draw(2, rng, prompts=0)


@pytest.mark.parametrize(
    ("bins", "chosen", "rejected"), [(7, 0, 1), (3, 1, 1), (3, 2, 0), (3, 0, 3), (3, -1, 1)]
)
def test_bins_that_cannot_be_are_refused(test_set, rng, bins, chosen, rejected):
    with pytest.raises(ValueError, match="bins|chosen|rejected"):
        test_set.rank_bins(bins, chosen, rejected, rng)


def test_sets_that_do_not_fit_cannot_be_mixed(test_set, rng):
    with pytest.raises(ValueError, match="draw"):
        test_set.mix(test_set.draw(2, rng), 0.5, rng)
    with pytest.raises(ValueError, match="prompts"):
        test_set.mix(test_set.category("Chat"), 0.5, rng)
    with pytest.raises(ValueError, match="share"):
        test_set.mix(test_set, 1.2, rng)


@pytest.mark.parametrize(
    ("proxies", "labels", "categories", "sources"),
    [
        ((1, 2, 3, 4), (2, 3, 5), 3, 0),
        ((3, 2, 3, 4), (2, 3, 4), 3, 0),
        ((2, 3, 4), (2, 3, 4), 3, 0),
        ((1, 2, 3, 4), (2, 3, 4), 2, 0),
        ((1, 2, 3, 4), (2, 3, 4), 3, 3),
    ],
)
def test_shapes_that_do_not_fit_are_refused(proxies, labels, categories, sources):
    with pytest.raises(ValueError, match="proxies|category|source"):
        TestSet(np.zeros(proxies), np.zeros(labels), np.full(categories, ""), np.full(sources, ""))


def test_scores_without_responses_per_prompt_are_refused():
    with pytest.raises(ValueError, match="rms, prompts, responses"):
        TestSet.of(np.zeros((2, 3)))
