"""The presets on V-JEPA 2 (arXiv 2506.09985): three sizes of one shape.

The models saw 4 frames a second in training.  Windows overlap by half; `reference` moves windows of
64 frames by 8, which costs 4 times the default of the largest, 5.6 of the middle and 7 of the
smallest.  How their boundaries agree with the reference's is known for random weights only
(bench/windowing.py): worse the shorter the windows are.  `wide` agrees best of what costs a quarter
of the reference, `apart` of what costs an eighth, less than the default of the smallest.
"""

from collections.abc import Mapping

from attrs import evolve

from kuavi.domain.hub_weights import (
    MINILM_L12,
    MPNET,
    SIGLIP2,
    WHISPER_LARGE_V3,
    WHISPER_MEDIUM,
    WHISPER_SMALL,
    vjepa2_clips,
    vjepa2_probe,
)
from kuavi.domain.package_weights import LITE0, PP_OCR_V6
from kuavi.domain.plan import ModelSpec, Preset, Source, Weights
from kuavi.domain.windows import Weighing, Windowing

FPS = 4.0
WINDOWINGS: Mapping[str, Windowing] = {
    "reference": Windowing(64, 8),
    "wide": Windowing(64, 32, Weighing.CENTRE),
    "apart": Windowing(64, 64),
}
SHOTS = ModelSpec("colour_change", "colour-change")
TAGGER = ModelSpec("lite0", "efficientnet-lite0", weights=LITE0)
OCR = ModelSpec("rapidocr", "PP-OCRv6-small", "3.10.0", weights=PP_OCR_V6)

VIT_L = vjepa2_clips(
    "vjepa2-vitl-fpc64-256", "b3c1679b7c34d3255ef3547f27c7b226aefab26f", "MIT", 1304.0
)
VIT_H = vjepa2_clips(
    "vjepa2-vith-fpc64-256", "b5eac8703e3efdc1547fbb6ddfbeb133dc0bdee5", "MIT", 2616.0
)
VIT_G = vjepa2_clips(
    "vjepa2-vitg-fpc64-384",
    "12ca91694b230e0d4b5b0078af6f4ae1d51e933d",
    "Apache-2.0",
    4138.0,
    crop=384,
)


def _ek100(name: str, backbone: ModelSpec, megabytes: float, crop: int) -> ModelSpec:
    """The EK100 anticipation probe as its authors publish it, and the checkpoint it stands on.

    The checkpoint is theirs too, with the encoder's moving average and the optimiser's state: its
    size is reckoned from that.  The probe's file names no classes.
    """
    address = "https://dl.fbaipublicfiles.com/vjepa2/evals"
    probe = Weights(
        Source.WEB,
        address,
        {f"{name}.pt": ""},
        licence="MIT",
        origin=f"{address}/{name}.pt",
        terms="non-commercial: it was trained on EPIC-KITCHENS-100 (CC BY-NC 4.0)",
    )
    whole = evolve(backbone.weights, files={"original/model.pth": ""}, megabytes=megabytes)
    return ModelSpec(
        "repo_vjepa2",
        f"facebook/vjepa2-{name}",
        backbone.revision,
        whole,
        (probe,),
        {"task": "ek100", "encoder_key": "target_encoder", "crop": crop},
    )


FAST = Preset(
    name="fast",
    summary="V-JEPA 2 ViT-L for motion, SigLIP 2 for search: a small GPU, or a patient CPU",
    extra="vjepa2",
    shots=SHOTS,
    joint=SIGLIP2,
    clips=VIT_L,
    text=MINILM_L12,
    tagger=TAGGER,
    transcriber=WHISPER_SMALL,
    ocr=OCR,
    predictor=VIT_L,
    classifiers={
        "ssv2": vjepa2_probe(
            "ssv2",
            "vjepa2-vitl-fpc16-256-ssv2",
            "4aa02df83918538fc21cfaf576382fa20e489a80",
            1502.0,
        ),
        "diving48": vjepa2_probe(
            "diving48",
            "vjepa2-vitl-fpc32-256-diving48",
            "71ae2a8b1ff5a297aeeaae9b5e64c7a2e5e6a633",
            1501.0,
        ),
        "ek100": _ek100("ek100-vitl-256", VIT_L, 5130.0, crop=256),
    },
    sample_fps=FPS,
    windowing=Windowing(16, 8),
    windowings=WINDOWINGS,
    memory_gb=4.0,
    maps=True,
)

BALANCED = Preset(
    name="balanced",
    summary="V-JEPA 2 ViT-H for motion, SigLIP 2 for search: a GPU",
    extra="vjepa2",
    shots=SHOTS,
    joint=SIGLIP2,
    clips=VIT_H,
    text=MPNET,
    tagger=TAGGER,
    transcriber=WHISPER_MEDIUM,
    ocr=OCR,
    predictor=VIT_H,
    sample_fps=FPS,
    windowing=Windowing(32, 16),
    windowings=WINDOWINGS,
    memory_gb=6.0,
    maps=True,
)

QUALITY = Preset(
    name="quality",
    summary="V-JEPA 2 ViT-g at 384 px for motion, SigLIP 2 for search: a large GPU",
    extra="vjepa2",
    shots=SHOTS,
    joint=SIGLIP2,
    clips=VIT_G,
    text=MPNET,
    tagger=TAGGER,
    transcriber=WHISPER_LARGE_V3,
    ocr=OCR,
    predictor=VIT_G,
    classifiers={
        "ssv2": vjepa2_probe(
            "ssv2",
            "vjepa2-vitg-fpc64-384-ssv2",
            "9f5fd615cb6f79065a28edcf1cc3ef25010dddfa",
            4512.0,
            crop=384,
        ),
        "diving48": vjepa2_probe(
            "diving48",
            "vjepa2-vitg-fpc32-384-diving48",
            "0b48243375319bd8e03e3cd5560d957095429189",
            4512.0,
            crop=384,
        ),
        "ek100": _ek100("ek100-vitg-384", VIT_G, 16470.0, crop=384),
    },
    sample_fps=FPS,
    windowing=Windowing(64, 32),
    windowings=WINDOWINGS,
    memory_gb=12.0,
    maps=True,
)
