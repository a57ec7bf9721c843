"""What every ProbeKit and its probes must do; a new adapter adds one line to `KITS`."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from returns.result import Failure, Success
from safetensors import safe_open
from safetensors.numpy import save_file

from kuavi.adapters.probes import attentive, fake
from kuavi.domain.evidence import Fitted
from kuavi.domain.features import Features
from kuavi.domain.holdout import HeldOut, scored
from kuavi.domain.space import Embeddings, Motion, Space, SpaceMismatchError, unit
from kuavi.ports.classifiers import Probabilities
from kuavi.ports.probes import Lesson, Probe, ProbeKit, ProbeUnreadable

KITS = {
    "fake": fake.build,
    "attentive": attentive.build,
    "attentive, one block of self-attention": lambda: attentive.build(depth=1),
}
SPACE = Space[Motion]("walkers", "1", 32)
LABELS = ("jump", "run", "sit")


@pytest.fixture(scope="module", params=KITS)
def kit(request: pytest.FixtureRequest) -> ProbeKit:
    return KITS[request.param]()


@pytest.fixture(scope="module")
def probe(kit: ProbeKit) -> Probe:
    return trained(kit)


def clip(label: int, seed: int, rows: int = 3) -> Embeddings[Motion]:
    """Rows around a direction that stands for the label."""
    drawn = np.random.default_rng(seed).standard_normal((rows, SPACE.dim))
    drawn[:, label] += 12
    return Embeddings(SPACE, unit(drawn.astype(np.float32)))


def lesson(each: int = 8) -> Lesson:
    answers = tuple(i % 3 for i in range(3 * each))
    clips = tuple(clip(label, i, rows=2 + i % 4) for i, label in enumerate(answers))
    return Lesson(SPACE, LABELS, clips, answers)


def trained(kit: ProbeKit, taught: Lesson | None = None) -> Probe:
    outcome = kit.train(taught or lesson())
    assert isinstance(outcome, Success), outcome.failure()
    return outcome.unwrap()


def told(probe: Probe, *clips: Embeddings[Motion]) -> Probabilities:
    outcome = probe.classify(clips)
    assert isinstance(outcome, Success), outcome.failure()
    return outcome.unwrap()


def held_out() -> HeldOut:
    return HeldOut(LABELS, scored(LABELS, [0, 1, 2], [0, 1, 1]), 24, "span")


def test_a_separable_set_is_learned(probe: Probe) -> None:
    unseen = [clip(label, 1000 + i) for i in range(20) for label in range(3)]
    right = told(probe, *unseen).argmax(axis=1) == np.tile(np.arange(3), 20)
    assert right.mean() > 0.9


def test_answers_are_shares_of_one(probe: Probe) -> None:
    rows = told(probe, clip(0, 50), clip(1, 51, rows=1))
    assert rows.shape == (2, 3)
    assert rows.min() >= 0
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-9)


def test_a_clip_is_answered_alike_alone_and_among_others(probe: Probe) -> None:
    one, other = clip(0, 60), clip(2, 61, rows=7)
    np.testing.assert_array_equal(told(probe, one, other)[0], told(probe, one)[0])


def test_training_again_gives_the_same_answers(kit: ProbeKit, probe: Probe) -> None:
    again = trained(kit)
    np.testing.assert_array_equal(told(again, clip(1, 70)), told(probe, clip(1, 70)))
    assert again.model == probe.model


def test_nothing_in_gives_nothing_out(probe: Probe) -> None:
    assert told(probe).shape == (0, 3)


def test_a_clip_without_rows_is_refused(probe: Probe) -> None:
    empty = Embeddings(SPACE, np.zeros((0, SPACE.dim), dtype=np.float32))
    assert isinstance(probe.classify([empty]), Failure)


def test_rows_of_another_space_raise(probe: Probe) -> None:
    elsewhere = Space[Motion]("others", "1", SPACE.dim)
    with pytest.raises(SpaceMismatchError):
        probe.classify([Embeddings(elsewhere, clip(0, 1).rows)])


def test_a_saved_probe_answers_as_before(kit: ProbeKit, probe: Probe, tmp_path: Path) -> None:
    path = kit.save(probe, held_out(), str(tmp_path / "new" / "p.safetensors")).unwrap()
    loaded = kit.load(path).unwrap()
    assert (loaded.probe.labels, loaded.probe.space) == (LABELS, SPACE)
    assert loaded.probe.model == probe.model
    assert loaded.held_out.counts.tolist() == held_out().counts.tolist()
    assert isinstance(loaded.evidence, Fitted)
    assert loaded.evidence.held_out == pytest.approx(2 / 3)
    asked = [clip(label, 80 + label) for label in range(3)]
    np.testing.assert_array_equal(told(loaded.probe, *asked), told(probe, *asked))


@pytest.mark.parametrize("features", list(Features))
def test_what_it_was_trained_on_is_kept_with_it(
    kit: ProbeKit, features: Features, tmp_path: Path
) -> None:
    probe = trained(kit, evolve(lesson(2), features=features))
    path = kit.save(probe, held_out(), str(tmp_path / "p")).unwrap()
    loaded = kit.load(path).unwrap()
    assert probe.features == loaded.probe.features == features
    assert ("feature maps" in str(loaded.evidence)) == (features == Features.MAPS)
    np.testing.assert_array_equal(told(loaded.probe, clip(1, 7)), told(probe, clip(1, 7)))


def test_a_probe_kept_before_that_is_one_on_motion_rows(tmp_path: Path) -> None:
    path = fake.build().save(trained(fake.build()), held_out(), str(tmp_path / "p")).unwrap()
    with safe_open(path, "numpy") as file:
        said = json.loads(file.metadata()["kuavi"])
        tensors = {"means": file.get_tensor("means")}
    assert said.pop("features") == "motion"
    save_file(tensors, path, metadata={"kuavi": json.dumps(said)})
    assert fake.build().load(path).unwrap().probe.features == Features.MOTION


def test_a_bad_file_is_told(kit: ProbeKit, probe: Probe, tmp_path: Path) -> None:
    missing = kit.load(str(tmp_path / "none"))
    assert isinstance(missing, Failure)
    assert "no such probe file" in str(missing.failure())
    for content in (b"", b"text", b"\x10\0\0\0\0\0\0\0{}", b"\xff" * 64):
        bad = tmp_path / "bad"
        bad.write_bytes(content)
        assert isinstance(kit.load(str(bad)), Failure)
    path = kit.save(probe, held_out(), str(tmp_path / "p")).unwrap()
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole[: len(whole) // 2])
    outcome = kit.load(path)
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.failure(), ProbeUnreadable)


def test_a_file_of_another_kit_is_refused(tmp_path: Path) -> None:
    path = fake.build().save(trained(fake.build()), held_out(), str(tmp_path / "p")).unwrap()
    outcome = attentive.build().load(path)
    assert isinstance(outcome, Failure)
    assert "another kit" in str(outcome.failure())


def test_saving_where_nothing_can_be_saved_is_told(
    kit: ProbeKit, probe: Probe, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    outcome = kit.save(probe, held_out(), str(tmp_path / "file" / "p"))
    assert isinstance(outcome, Failure)


SCRIPT = """
import sys
from kuavi.adapters.probes import attentive
from tests.contract.test_probe import clip, told
probe = attentive.build().load(sys.argv[1]).unwrap().probe
print(told(probe, clip(1, 90)).tolist())
"""


def test_a_new_process_gives_the_same_answers(tmp_path: Path) -> None:
    kit = attentive.build()
    probe = trained(kit)
    path = kit.save(probe, held_out(), str(tmp_path / "p")).unwrap()
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, path], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == str(told(probe, clip(1, 90)).tolist())
