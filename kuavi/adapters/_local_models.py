"""Language models that run here, from a preset's spec: what captioners and aggregators share."""

from returns.result import Failure, Success

from kuavi.adapters._asking import Asker, Asking
from kuavi.adapters._staged import staged
from kuavi.adapters._weights import VerifiedWeights, verified
from kuavi.domain.evidence import Model
from kuavi.domain.fingerprint import fingerprint_of
from kuavi.domain.outcome import Outcome
from kuavi.domain.plan import ModelSpec
from kuavi.ports.models import ModelUnavailable
from rlm.models.messages import Price
from rlm.models.spec import ModelSpec as LanguageSpec
from rlm.models.transformers_local import build

TIMEOUT_S = 1800.0
FREE = Price(0.0, 0.0)
PACKAGES = "pip install 'kuavi[local-lm]'"


def local(
    spec: ModelSpec, asking: Asking, images: bool
) -> Outcome[tuple[Asker, Model], ModelUnavailable]:
    """The model in a checked folder, and its identity by its files' hashes.

    Options `device`, `dtype`, `timeout_s` (of one answer).
    """
    weights = verified(spec)
    if isinstance(weights, Failure):
        return weights
    files = weights.unwrap()
    mark = fingerprint_of([[file.name, file.sha256] for file in files.records])[:16]
    with staged(files) as folder:
        options: dict[str, str | int | float | bool] = {"name": spec.model_id, "revision": mark}
        options |= {o: spec.options[o] for o in ("device", "dtype") if o in spec.options}
        gguf = _gguf(files)
        if gguf is not None:
            options["gguf_file"] = gguf
        built = build(
            LanguageSpec(
                "transformers_local",
                str(folder),
                takes_images=images,
                price=FREE,
                timeout_s=float(spec.options.get("timeout_s", TIMEOUT_S)),
                options=options,
            )
        )
    if isinstance(built, Failure):
        remedy = f"check its files, and that its packages are here: {PACKAGES}"
        if gguf is not None:
            remedy = f"{remedy}; it needs gguf and accelerate: pip install gguf accelerate"
        return Failure(ModelUnavailable(spec.model_id, str(built.failure()), remedy))
    model = built.unwrap()
    told = Model(spec.model_id, model.revision, files.records)
    return Success((Asker(model, asking, workers=1), told))


def _gguf(files: VerifiedWeights) -> str | None:
    return next((name for name in files.files if name.endswith(".gguf")), None)
