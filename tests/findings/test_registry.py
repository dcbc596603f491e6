import pytest

from proxyreward.findings.core.registry import BY_CODE, load_registry

ENTRY = """
- id: a.fig1
  paper: a
  kind: figure
  where: here
  title: t
  question: q
  method: m
  values: {x: {value: null, note: lost}, y: {mean: 1.5, pm: 0.1}}
  claims:
    - {id: a.fig1.c1, statement: s, criterion: c, printed_support: supported}
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(ENTRY, encoding="utf-8")
    return path


def test_every_paper_has_its_claims(registry):
    assert [len(registry.claims(p)) for p in ("rethinking", "elephant", "more")] == [68, 43, 52]


def test_every_claim_belongs_to_its_entry(registry):
    for entry in registry.entries:
        assert all(claim.id.startswith(f"{entry.id}.") for claim in entry.claims)


def test_a_lost_number_is_none_and_a_spread_a_mapping(small):
    registry = load_registry(small)
    assert registry.printed("a.fig1", "x") is None
    assert registry.printed("a.fig1", "y") == {"mean": 1.5, "pm": 0.1}


def test_the_kind_of_a_claim_says_how_it_is_decided(small, registry):
    """By code alone, or by estimates beside which the paper has numbers of its own, or has not."""
    assert load_registry(small).claim("a.fig1.c1").kind == "printed"
    for support, kind in (("not_printed", "not printed"), ("mixed", "printed")):
        small.write_text(ENTRY.replace("supported", support), encoding="utf-8")
        assert load_registry(small).claim("a.fig1.c1").kind == kind
    small.write_text(ENTRY.replace("criterion", "kind: by construction, criterion"), "utf-8")
    assert load_registry(small).claim("a.fig1.c1").kind == "by construction"
    for claim in registry.claims():
        defined = claim.finding and claim.printed_support == "definition"
        assert not defined or claim.kind in BY_CODE, claim.id


def test_unknown_names_meet_the_nearest_known_one(registry):
    with pytest.raises(KeyError, match="did you mean 'rethinking.table1'"):
        registry.entry("rethinking.tabel1")
    with pytest.raises(KeyError, match="did you mean 'rethinking.fig9.c2'"):
        registry.claim("rethinking.figg9.c2")
    with pytest.raises(KeyError, match="did you mean 'kendall'"):
        registry.printed("rethinking.table1", "Acc. / BoN", "Kendall")
    with pytest.raises(KeyError, match="known papers: elephant, more, rethinking"):
        registry.claims("rethink")


def test_nothing_lies_below_a_number(registry):
    with pytest.raises(KeyError, match="nothing is printed below"):
        registry.printed("rethinking.table1", "Acc. / BoN", "kendall", "mean")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "No such file"),
        (b"\xff\xfe-\x00", "utf-8"),
        ("", "no list of entries"),
        ("a: 1", "no list of entries"),
        ("- a fig", "'a fig' stands where a record"),
        ("- [", "line 1"),
        ("- {id: 7}", "7: field 'id' is no str"),
        (ENTRY + ENTRY, "a.fig1: the id occurs twice"),
        (ENTRY.replace("  kind: figure\n", ""), "a.fig1: .*kind"),
        (ENTRY.replace("kind: f", "colour: red\n  kind: f"), "a.fig1: unknown field 'colour'"),
        (ENTRY.replace("statement: s, ", ""), "a.fig1.c1: .*statement"),
        (ENTRY.replace("claims:", "claims: {}\n  more:"), "a.fig1: field 'claims' is no list"),
        (ENTRY.replace("values: {", "values: [").replace("0.1}}", "0.1}]"), "'values' is no mapp"),
        (ENTRY.replace("title: t", "title: 3"), "a.fig1: field 'title' is no str"),
        (ENTRY.replace("supported}", "maybe}"), "a.fig1.c1: field 'printed_support' must be one"),
        (ENTRY.replace("criterion: c", "decide: [x > 0]"), "a.fig1.c1: a claim has either"),
        (ENTRY.replace("criterion: c", "decide: [x = 0]"), "a.fig1.c1: 'x = 0' is no comparison"),
        (ENTRY.replace("criterion: c", "kind: odd, criterion: c"), "field 'kind', where there"),
        (ENTRY.replace("criterion: c", "why: so, criterion: c"), "field 'why' is no mapping"),
        (ENTRY.replace("criterion: c", "why: {odd: so}, criterion: c"), "'why' must give reasons"),
        (
            ENTRY.replace("criterion: c", "why: {no difference: ''}, criterion: c"),
            "'why' must give",
        ),
        (ENTRY.replace("criterion: c", "beside: [7], criterion: c"), "'beside' is no list of name"),
    ],
)
def test_a_damaged_file_is_told_in_one_line_with_a_remedy(small, text, problem):
    small.unlink() if text is None else small.write_bytes(
        text if isinstance(text, bytes) else text.encode()
    )
    with pytest.raises(ValueError, match=rf"claims\.yaml: .*{problem}.*git checkout") as error:
        load_registry(small)
    assert "\n" not in str(error.value)
