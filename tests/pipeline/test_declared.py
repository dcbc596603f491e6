import pytest

from proxyreward.pipeline.declared import Stage, declared
from proxyreward.pipeline.typed import ConfigError

TEXT = """
stages:
  card:
    cmd: x
    params: [seed, model.base, model.size.width]
    outs:
      - outputs/${item.scale}/card: {persist: true}
      - results/${item.scale}/world: {cache: false}
  list:
    cmd: x
    outs: ["results/${item.scale}/list.json"]
  paper:
    matrix: {scale: [tiny], finding: [first, second]}
    cmd: x
    params: [seed]
    outs:
      - results/${item.scale}/${item.finding}: {cache: false}
"""


def test_parameters_and_folder_of_a_stage(tmp_path):
    (tmp_path / "dvc.yaml").write_text(TEXT)
    card = declared("card", tmp_path / "dvc.yaml")
    assert card == Stage(("seed", "model.base", "model.size.width"), "world")
    values = {"seed": 3, "model": {"base": "b", "size": {"width": 8, "depth": 1}}, "runner": {}}
    assert card.chosen(values) == {"seed": 3, "model": {"base": "b", "size": {"width": 8}}}
    plain = declared("list", tmp_path / "dvc.yaml")
    assert plain == Stage((), "list.json") and plain.chosen(values) == {}


def test_findings_of_a_paper_share_a_stage(tmp_path):
    (tmp_path / "dvc.yaml").write_text(TEXT)
    assert declared("second", tmp_path / "dvc.yaml") == Stage(("seed",), "second")


@pytest.mark.parametrize("text", [b"stages: [", b"\xff", b"", b"stages: {}", b"stages: {card: 1}"])
def test_what_cannot_be_read_is_said(tmp_path, text):
    path = tmp_path / "dvc.yaml"
    with pytest.raises(ConfigError, match="dvc.yaml: No such file.*project's root"):
        declared("card", path)
    path.write_bytes(text)
    with pytest.raises(ConfigError, match="dvc.yaml: .*git checkout"):
        declared("card", path)
