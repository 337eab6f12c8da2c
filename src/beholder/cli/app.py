"""The command line: every command is registered here.

Commands are thin: read the arguments, call the package, print. Heavy imports wait until they are needed.
"""

import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer
import typer.core

from beholder import __version__
from beholder.cli import last_net
from beholder.cli.cull import cull
from beholder.cli.data import data_stats
from beholder.cli.evaluate import evaluate
from beholder.cli.explain import explain
from beholder.cli.improve import improve
from beholder.cli.merge import merge
from beholder.cli.models import info, models_list, weights_fetch, weights_list
from beholder.cli.quantize import quantize
from beholder.cli.report import report
from beholder.cli.reproduce import reproduce
from beholder.cli.review import review
from beholder.cli.score import score
from beholder.cli.serve import serve
from beholder.cli.session import ALL_FAILED, STOPPED
from beholder.cli.sharing import card, push
from beholder.cli.stopping import listening
from beholder.cli.taste import taste_fit
from beholder.cli.train.systems import train_app
from beholder.cli.xmp import xmp_clear, xmp_read, xmp_write
from beholder.cli.xmp_options import with_profile
from beholder.errors import BeholderError
from beholder.interruption import interruptible
from beholder.scoring.cores import check_variable
from beholder.terminal import say, show

READER_GONE = 141  # exit status: 128 + SIGPIPE
USERS = {  # what somebody has or wants -> the commands for it, as --help lists them
    "Photographs": ("score", "cull", "review", "explain", "improve", "report", "xmp", "serve", "merge"),
    "Your own ratings": ("taste", "train", "evaluate"),
    "Research": ("reproduce", "data"),
    "Models": ("info", "card", "push", "quantize", "models", "weights"),
}


class _Group(typer.core.TyperGroup):
    """Turns every error into one line on standard error and an exit status, never a traceback."""

    def main(self, *args: Any, **options: Any) -> NoReturn:
        try:
            status = super().main(*args, **{**options, "standalone_mode": False})
        except Exception as error:
            if not _is_wrong_usage(error):
                raise  # to the last net around all commands
            error.show(sys.stderr)  # type: ignore[attr-defined]
            status = error.exit_code  # type: ignore[attr-defined]
        sys.exit(status or 0)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for user, names in USERS.items():
            with formatter.section(user):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(limit=200)) for name in names])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, with_profile(args))

    def invoke(self, ctx: Any) -> Any:
        try:
            try:
                with interruptible():
                    return super().invoke(ctx)
            finally:
                if sys.stdout:
                    sys.stdout.flush()  # here, where a closed pipe or a full disk is still reported
        except BeholderError as error:
            say(f"error: {error}")
            raise typer.Exit(ALL_FAILED) from None
        except KeyboardInterrupt:
            say("stopped")
            raise typer.Exit(STOPPED) from None
        except BrokenPipeError:  # the program that reads our output has ended
            _abandon_output()
            raise typer.Exit(READER_GONE) from None
        except OSError as error:
            _abandon_output()
            say(f"error: {error.filename or 'standard output'}: {error.strerror or error}")
            raise typer.Exit(ALL_FAILED) from None
        except Exception as error:
            if isinstance(error, typer.Exit) or _is_wrong_usage(error):
                raise
            last_net.report(error)
            raise typer.Exit(ALL_FAILED) from None


app = typer.Typer(
    cls=_Group,
    help="Predict how beautiful people would find a photograph: overall and for each attribute, where in the picture, "
    "and how sure the prediction is.\n\nStart with: beholder score FOLDER",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich reads the [train] of 'beholder[train]' as a style, and reflows examples
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
Command = Callable[..., None]
_COMMANDS: tuple[Command, ...] = (
    score,
    merge,
    cull,
    review,
    explain,
    improve,
    report,
    serve,
    info,
    card,
    push,
    evaluate,
    quantize,
    reproduce,
)
_GROUPS: dict[str, tuple[str, dict[str, Command]]] = {
    "data": ("Statistics of rated photographs.", {"stats": data_stats}),
    "taste": ("Personal scores, from one person's own ratings.", {"fit": taste_fit}),
    "xmp": (
        "Scores and decisions in the metadata that Lightroom, digiKam, darktable and Immich read.",
        {"write": xmp_write, "read": xmp_read, "clear": xmp_clear},
    ),
    "weights": ("Pretrained weights of backbones, checked by sha256.", {"list": weights_list, "fetch": weights_fetch}),
}
for _command in _COMMANDS:
    app.command()(_command)
app.command("models")(models_list)
app.command("quantise", hidden=True)(quantize)  # its former name
app.add_typer(train_app, name="train")
for _name, (_help, _members) in _GROUPS.items():
    _group = typer.Typer(help=_help, no_args_is_help=True)
    for _member, _command in _members.items():
        _group.command(_member)(_command)
    app.add_typer(_group, name=_name)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        show(f"beholder {__version__}")
        raise typer.Exit
    check_variable()


def main() -> None:
    """Entry point."""
    with listening():
        app(prog_name="beholder")


def _is_wrong_usage(error: Exception) -> bool:
    return hasattr(error, "show")  # typer brings a type of its own for it, earlier versions use that of click


def _abandon_output() -> None:
    """Redirect standard output to nowhere, so that flushing it at exit raises nothing."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
