"""The presets: working sets of adapters, as data; and the plan that a preset stands for."""

from collections.abc import Mapping

from kuavi.domain.package_weights import LITE0, MINILM, PP_OCR_V6, SILERO_VAD, WHISPER_TINY_EN
from kuavi.domain.plan import IndexPlan, ModelSpec, Preset
from kuavi.domain.vjepa2_presets import BALANCED, FAST, QUALITY
from kuavi.domain.windows import Weighing, Windowing

EMBEDDED = Preset(
    name="embedded",
    summary="CPU only, no key, no download at run time: weights from installed packages",
    extra="embedded",
    shots=ModelSpec("colour_change", "colour-change"),
    joint=ModelSpec("conse", "conse-lite0-minilm", weights=LITE0, more_weights=(MINILM,)),
    clips=ModelSpec("frame_change", "frame-change-lite0", weights=LITE0),
    text=ModelSpec("minilm", "all-MiniLM-L6-v2", weights=MINILM),
    tagger=ModelSpec("lite0", "efficientnet-lite0", weights=LITE0),
    transcriber=ModelSpec(
        "faster_whisper",
        "Systran/faster-whisper-tiny.en",
        "0d3d19a",
        weights=WHISPER_TINY_EN,
        more_weights=(SILERO_VAD,),
    ),
    ocr=ModelSpec("rapidocr", "PP-OCRv6-small", "3.10.0", weights=PP_OCR_V6),
)

FAKE = Preset(
    name="fake",
    summary="for tests and demonstrations: colours and words in place of models, no weights",
    extra="",
    shots=ModelSpec("fake", "fake-shots"),
    joint=ModelSpec("fake", "fake-joint"),
    clips=ModelSpec("fake", "fake-clips"),
    text=ModelSpec("fake", "fake-text"),
    tagger=ModelSpec("fake", "fake-tags"),
    transcriber=ModelSpec("fake", "fake-transcriber"),
    ocr=ModelSpec("fake", "fake-ocr"),
    maps=True,
)

PRESETS: Mapping[str, Preset] = {
    preset.name: preset for preset in (EMBEDDED, FAST, BALANCED, QUALITY, FAKE)
}


def plan_for(
    preset: Preset, sample_fps: float | None = None, windowing: Windowing | None = None
) -> IndexPlan:
    """The plan that a preset stands for, with what is told otherwise."""
    return IndexPlan(
        preset=preset.name,
        sample_fps=preset.sample_fps if sample_fps is None else sample_fps,
        windowing=windowing or preset.windowing,
    )


def windowing_named(preset: Preset, text: str) -> Windowing:
    """A preset's windowing by name, or SIZE/STRIDE in frames: `reference`, `64/8`, `64/32:centre`.

    Raises:
        ValueError: neither; the message lists the names.
    """
    if text == "default":
        return preset.windowing
    if text in preset.windowings:
        return preset.windowings[text]
    lengths, colon, weighing = text.partition(":")
    size, slash, stride = lengths.partition("/")
    known = {one.value: one for one in Weighing}
    weighed = known.get(weighing if colon else Weighing.ALIKE.value)
    if slash and size.isdecimal() and stride.isdecimal() and weighed is not None:
        return Windowing(int(size), int(stride), weighed)
    names = ", ".join(("default", *preset.windowings))
    raise ValueError(
        f"{text!r} is no windowing of preset {preset.name}; say {names}, or SIZE/STRIDE in "
        "frames, with :centre to weigh windows by their centre"
    )
