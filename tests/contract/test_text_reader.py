"""What every TextReader does; `ADAPTERS` lists them all."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from attrs import frozen
from PIL import Image, ImageDraw, ImageFont
from returns.result import Failure, Success

from kuavi.adapters.ocr import fake, rapidocr
from kuavi.domain.media import Frame, Pixels
from kuavi.domain.plan import ModelSpec, Source, Weights
from kuavi.domain.words import TextBox
from kuavi.ports.words import TextReader

PP_OCR = ModelSpec(
    adapter="rapidocr",
    model_id="PP-OCRv6-small",
    revision="3.10.0",
    weights=Weights(
        Source.PACKAGE,
        "rapidocr",
        files={
            "models/PP-OCRv6_det_small.onnx": (
                "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"
            ),
            "models/PP-OCRv6_rec_small.onnx": (
                "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
            ),
        },
    ),
)
FAKE = ModelSpec(adapter="fake", model_id="fake-ocr")
TEXTS = ["WELCOME TO THE LIBRARY", "Chapter 4", "The quick brown fox"]


def plain(width: int = 640, height: int = 360, shade: int = 60) -> Pixels:
    return np.full((height, width, 3), shade, np.uint8)


def draw(lines: Sequence[str]) -> Pixels:
    """The lines below each other in white, from (60, 60), 80 pixels apart."""
    picture = Image.fromarray(plain())
    pen = ImageDraw.Draw(picture)
    for i, line in enumerate(lines):
        pen.text((60, 60 + 80 * i), line, fill="white", font=ImageFont.load_default(size=28))
    return np.array(picture)


@cache
def _pp_ocr() -> TextReader:
    return rapidocr.build(PP_OCR).unwrap()


@frozen
class Case:
    build: Callable[[], TextReader]
    write: Callable[[Sequence[str]], Pixels]


ADAPTERS = {
    "fake": Case(
        lambda: fake.build(FAKE).unwrap(),
        lambda lines: fake.write_text(plain(), "\n".join(lines)),
    ),
    "rapidocr": Case(_pp_ocr, draw),
}


@pytest.fixture(params=ADAPTERS)
def case(request: pytest.FixtureRequest) -> Case:
    return ADAPTERS[request.param]


def _read(case: Case, *pictures: Pixels) -> list[tuple[TextBox, ...]]:
    frames = [Frame(float(i), picture) for i, picture in enumerate(pictures)]
    return list(case.build().read(frames).unwrap())


def test_it_reads_the_lines_from_the_top(case: Case) -> None:
    (boxes,) = _read(case, case.write(TEXTS))
    assert [box.text for box in boxes] == TEXTS
    (turned,) = _read(case, case.write(TEXTS[::-1]))
    assert [box.text for box in turned] == TEXTS[::-1]


def test_each_frame_has_its_own_text(case: Case) -> None:
    pages = _read(case, case.write(TEXTS[:1]), plain(), case.write(TEXTS[1:]))
    assert [[box.text for box in page] for page in pages] == [TEXTS[:1], [], TEXTS[1:]]


def test_boxes_lie_in_the_picture_and_around_the_text(case: Case) -> None:
    picture = case.write(TEXTS)
    (boxes,) = _read(case, picture)
    height, width = picture.shape[:2]
    inked = np.argwhere((picture != plain()).any(axis=2)) / (height, width)
    for box in boxes:
        left, top, right, bottom = box.box
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
        assert 0.8 < box.confidence <= 1
    assert all(above.box[3] < below.box[3] for above, below in pairwise(boxes))
    assert all(above.box[1] < below.box[1] for above, below in pairwise(boxes))
    found = [any(_holds(box, y, x) for box in boxes) for y, x in inked[::50]]
    assert np.mean(found) > 0.95


def _holds(box: TextBox, y: float, x: float) -> bool:
    left, top, right, bottom = box.box
    return bool(left - 0.01 <= x <= right + 0.01 and top - 0.01 <= y <= bottom + 0.01)


def test_reading_again_gives_the_same(case: Case) -> None:
    picture = case.write(TEXTS)
    assert _read(case, picture) == _read(case, picture)


@pytest.mark.parametrize("size", [(8, 8), (640, 16), (16, 640), (641, 359)])
def test_pictures_without_text_have_none(case: Case, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    assert _read(case, plain(*size), noise, plain(*size, shade=255)) == [(), (), ()]


def test_no_frames_no_text(case: Case) -> None:
    assert _read(case) == []


def test_words_side_by_side_are_read_from_the_left() -> None:
    picture = Image.fromarray(plain())
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size=28)
    pen.text((420, 100), "page 17", fill="white", font=font)
    pen.text((60, 104), "Chapter 4", fill="white", font=font)
    pen.text((60, 30), "Contents", fill="white", font=font)
    (boxes,) = _read(ADAPTERS["rapidocr"], np.array(picture))
    assert [box.text for box in boxes] == ["Contents", "Chapter 4", "page 17"]


def test_it_prints_nothing() -> None:
    program = (
        "import numpy as np, tests.contract.test_text_reader as t;"
        "r = t.rapidocr.build(t.PP_OCR).unwrap();"
        "f = t.Frame(0.0, t.draw(t.TEXTS)), t.Frame(1.0, t.plain());"
        "assert len(r.read(f).unwrap()[0]) == 3"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_its_identity_changes_with_its_options() -> None:
    other = ModelSpec(
        PP_OCR.adapter, PP_OCR.model_id, PP_OCR.revision, PP_OCR.weights, options={"side": 320}
    )
    assert rapidocr.build(other).unwrap().model != _pp_ocr().model
    assert [file.name for file in _pp_ocr().model.weights] == [
        "PP-OCRv6_det_small.onnx",
        "PP-OCRv6_rec_small.onnx",
    ]


@pytest.mark.parametrize("names", [["det.onnx"], ["det.onnx", "rec.onnx"]])
def test_weights_that_are_none_are_a_failure(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"no graph")
    weights = Weights(Source.DIRECTORY, str(tmp_path), files=dict.fromkeys(names, ""))
    match rapidocr.build(ModelSpec("rapidocr", "mine", weights=weights)):
        case Success(_):
            pytest.fail("built from rubbish")
        case Failure(reason):
            assert reason.model_id == "mine"
            assert "ONNX" in str(reason)


def test_text_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="don't fit"):
        fake.write_text(plain(32, 32), "far too long for so small a picture")
