"""What every command shares: common options, failures as exit codes, Ctrl-C, broken pipes."""

import inspect
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

import typer
from attrs import evolve, frozen

from kuavi.apps.cli.exits import Exit, Trouble, trouble_of
from kuavi.apps.cli.options import (
    DebugOption,
    DownloadOption,
    JsonOption,
    LibraryOption,
    LicenceOption,
    ModelsOption,
    PresetOption,
    WeightsOption,
    pairs,
)
from kuavi.apps.toolbox.errors import KuaviError

if TYPE_CHECKING:
    from kuavi.apps.toolbox.session import OpenLibrary
    from kuavi.domain.budget import Price
    from kuavi.domain.choices import ModelChoices
    from kuavi.domain.limits import DecodeLimits

P = ParamSpec("P")


@frozen
class Shared:
    """The options that stand before or after any command."""

    library: str | None = None
    preset: str | None = None
    as_json: bool = False
    debug: bool = False
    models: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()
    download: bool = False
    accept_licence: bool = False

    @property
    def preset_name(self) -> str:
        return self.preset or "embedded"

    def choices(
        self,
        captions: str | None = None,
        server: str | None = None,
        price: "Price | None" = None,
    ) -> "ModelChoices":
        """What is said about models."""
        from kuavi.apps.toolbox.session import absolute
        from kuavi.domain.choices import ModelChoices

        folders = pairs("--weights", self.weights)
        return ModelChoices(
            pairs("--model", self.models),
            {name: absolute(folder) for name, folder in folders.items()},
            self.download,
            self.accept_licence,
            captions or "none",
            server or "",
            price,
        )

    def open(
        self,
        *,
        create: bool = False,
        limits: "DecodeLimits | None" = None,
        captions: str | None = None,
        caption_server: str | None = None,
        price: "Price | None" = None,
    ) -> "OpenLibrary":
        """The library; KuaviError where there is none."""
        from kuavi.apps.toolbox.session import open_library

        return open_library(
            self.library,
            scene_model_preset=self.preset_name,
            create=create,
            choices=self.choices(captions, caption_server, price),
            limits=limits,
        )

    def command_line(self, *words: str) -> str:
        """A command to try next, with what leads to the same library."""
        import shlex

        library = [] if self.library is None else ["--library", self.library]
        preset = [] if self.preset is None else ["--scene-model-preset", self.preset]
        models = [word for named in self.models for word in ("--model", named)]
        weights = [word for named in self.weights for word in ("--weights", named)]
        accepted = ["--accept-licence"] if self.accept_licence else []
        return shlex.join(["kuavi", *words, *library, *preset, *models, *weights, *accepted])


def shared(
    context: typer.Context,
    library: LibraryOption = None,
    preset: PresetOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
    model: ModelsOption = None,
    weights: WeightsOption = None,
    download: DownloadOption = False,
    accept_licence: LicenceOption = False,
) -> Shared:
    """The options as given before the command and after it; after wins."""
    before = context.obj if isinstance(context.obj, Shared) else Shared()
    return evolve(
        before,
        library=library or before.library,
        preset=preset or before.preset,
        as_json=as_json or before.as_json,
        debug=debug or before.debug,
        models=(*before.models, *(model or ())),
        weights=(*before.weights, *(weights or ())),
        download=download or before.download,
        accept_licence=accept_licence or before.accept_licence,
    )


def command(run: Callable[Concatenate[Shared, P], Exit]) -> Callable[..., None]:
    """A typer command of a function: the shared options added, its outcome made an exit code."""
    common = inspect.signature(shared).parameters

    @wraps(run)
    def wrapper(**given: Any) -> None:
        options = shared(**{name: given.pop(name) for name in common})
        code = guarded(lambda: run(options, **given), options)  # type: ignore[call-arg]
        if code != Exit.OK:
            raise typer.Exit(int(code))

    own = [p for name, p in inspect.signature(run).parameters.items() if name != "given"]
    parameters = [p.replace(kind=p.KEYWORD_ONLY) for p in [*own, *common.values()]]
    wrapper.__dict__["__signature__"] = inspect.Signature(parameters)
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    return wrapper


def guarded(run: Callable[[], Exit], options: Shared) -> Exit:
    """Run; what is expected becomes one line and a code, and so does what is not."""
    try:
        with _terminable():
            return run()
    except KuaviError as error:
        return tell(trouble_of(error.failure), options)
    except (typer.BadParameter, typer.Exit):
        raise
    except (KeyboardInterrupt, typer.Abort):
        return tell(Trouble("Cancelled", "stopped", Exit.STOPPED), options)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    except Exception as error:  # noqa: BLE001  the outermost frame: told in one line
        if options.debug:
            traceback.print_exc()
        what = f"internal error: {type(error).__name__}: {error}"
        hint = "" if options.debug else " (run with --debug for the traceback)"
        return tell(Trouble("InternalError", what + hint, Exit.INTERNAL), options)


def tell(trouble: Trouble, options: Shared) -> Exit:
    """The problem on stderr, and with --json as an object on stdout."""
    from kuavi.apps.cli import screen

    screen.problem(trouble.message)
    if options.as_json:
        error = {"kind": trouble.kind, "message": trouble.message, "exit_code": int(trouble.code)}
        screen.show_json({"error": error}, one_line=True)
    return trouble.code


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM as Ctrl-C."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
