"""Models by preset: built when asked for, refused in one line before work begins."""

from pathlib import Path

import pytest
from attrs import evolve
from returns.result import Failure, Success

from kuavi.apps.wiring import compose
from kuavi.apps.wiring.models import Models
from kuavi.domain.choices import ModelChoices
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec, Source, Weights
from kuavi.domain.presets import PRESETS, plan_for
from kuavi.domain.windows import Windowing
from kuavi.ports.models import ModelUnavailable
from kuavi.ports.progress import Progress
from tests.tiny_encoders import tiny_sentences, tiny_siglip

FAKE = PRESETS["fake"]


def build(spec: ModelSpec) -> Outcome[ModelSpec, ModelUnavailable]:
    """Stands for an adapter: its model is the spec."""
    return Success(spec)


OURS = ModelSpec(f"{__name__}:build", "ours")
WITH_EXTRAS = evolve(FAKE, predictor=OURS, classifiers={"ssv2": evolve(OURS, model_id="probe")})


def test_predictor_and_classifiers_are_built_once_when_asked_for() -> None:
    models = Models(WITH_EXTRAS, {})
    assert models.port("predictor").unwrap() is OURS
    assert models.predictor().unwrap() is models.predictor().unwrap()
    assert models.port("classifier:ssv2").unwrap() == evolve(OURS, model_id="probe")


@pytest.mark.parametrize("task", ["k400", ""])
def test_a_task_without_a_probe_says_which_there_are(task: str) -> None:
    outcome = Models(WITH_EXTRAS, {}).classifier(task)
    assert isinstance(outcome, Failure)
    assert "classifier:ssv2" in str(outcome.failure())


def test_a_preset_without_a_predictor_says_so() -> None:
    outcome = Models(FAKE, {}).predictor()
    assert isinstance(outcome, Failure)
    assert "preset fake has no predictor" in str(outcome.failure())


def test_ready_made_ones_may_be_given_for_extras_too() -> None:
    mine = object()
    models = Models(FAKE, {"predictor": mine, "classifier:ssv2": mine})
    assert models.port("predictor").unwrap() is mine
    assert models.port("classifier:ssv2").unwrap() is mine
    with pytest.raises(TypeError, match="no such port: classifier"):
        Models(FAKE, {"classifier": mine})


RESTRICTED = Weights(Source.DIRECTORY, "/nowhere", licence="CC BY-NC", terms="non-commercial")


def test_restricted_weights_are_refused_until_accepted() -> None:
    preset = evolve(WITH_EXTRAS, predictor=evolve(OURS, weights=RESTRICTED))
    refused = Models(preset, {}).predictor()
    assert isinstance(refused, Failure)
    assert "non-commercial" in str(refused.failure())
    assert "--accept-licence" in str(refused.failure())
    free = evolve(RESTRICTED, terms="")
    accepted = evolve(preset, predictor=evolve(OURS, weights=free))
    assert isinstance(Models(accepted, {}).predictor(), Success)


@pytest.fixture
def tools(tmp_path: Path) -> compose.Tools:
    return compose.open_tools(str(tmp_path / "library"), create=True).unwrap()


@pytest.fixture
def silent() -> Progress:
    from kuavi.adapters.progress import silent

    progress: Progress = silent.build()
    return progress


@pytest.fixture(autouse=True)
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))


def test_all_that_is_missing_is_told_at_once(tools: compose.Tools, silent: Progress) -> None:
    models = compose.open_models("fast", {}).unwrap()
    outcome = compose.index_ports(tools, models, plan_for(models.preset), silent)
    assert isinstance(outcome, Failure)
    said = str(outcome.failure())
    assert said.startswith("preset fast needs 4 things that are not here")
    assert "\n" not in said
    for spec in (models.preset.joint, models.preset.clips, models.preset.text):
        assert f"hf download {spec.model_id} " in said
    searched = compose.search_ports(tools, models)
    assert isinstance(searched, Failure)
    assert "needs 3 things" in str(searched.failure())


def test_windows_that_a_model_cant_see_are_refused_before_work(
    tools: compose.Tools, silent: Progress
) -> None:
    clips = evolve(FAKE.clips, options={"step": 2})
    models = Models(evolve(FAKE, clips=clips), {})
    plan = plan_for(models.preset, windowing=Windowing(7, 3))
    outcome = compose.index_ports(tools, models, plan, silent)
    assert isinstance(outcome, Failure)
    assert str(outcome.failure()).startswith("windows of 7 frames don't fit")
    assert isinstance(
        compose.index_ports(tools, models, evolve(plan, windowing=Windowing(8, 3)), silent), Success
    )


def test_folders_of_kuavi_weights_are_found_by_hub_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    siglip, text = tiny_siglip(), tiny_sentences()
    for name, spec in {
        PRESETS["fast"].joint.model_id: siglip,
        PRESETS["fast"].text.model_id: text,
    }.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(spec.weights.location)
    monkeypatch.setenv("KUAVI_WEIGHTS", str(tmp_path))
    models = compose.open_models("fast", {}).unwrap()
    encoder = models.joint().unwrap()
    assert encoder.space.dim == 32
    assert encoder.model.model_id == PRESETS["fast"].joint.model_id
    assert isinstance(models.clips(), Failure)
    elsewhere = ModelChoices(weights={PRESETS["fast"].joint.model_id: "/elsewhere"})
    told = compose.open_models("fast", {}, elsewhere).unwrap()
    assert told.preset.joint.weights.location == "/elsewhere"


def test_a_choice_that_fits_nothing_is_a_failure() -> None:
    outcome = compose.open_models("fast", {}, ModelChoices(models={"text": "nono"}))
    assert isinstance(outcome, Failure)
    assert "nono" in str(outcome.failure())


def test_how_many_videos_at_a_time() -> None:
    """As asked; one a core at 0; two if nothing is asked, where there are two cores."""
    cores = compose.jobs_for(0)
    assert [compose.jobs_for(n) for n in (1, 3, 9)] == [1, 3, 9]
    assert 1 <= cores <= 4
    assert compose.jobs_for(None) == min(cores, 2)
