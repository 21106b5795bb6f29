"""The `journey` command.

Data flow: arguments -> commands/* -> flows; results on stdout, logs and errors on stderr.
Commands import what they need when they run, so that `journey --help` answers at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flows.commands import identity, journeys, look, run, sandbox, segments, setup, sources
from flows.logs import configure_logs, quiet_environment

app = typer.Typer(
    name="journey",
    help="A member-journey warehouse that puts lifecycle segments into your e-mail platform.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 ok, 1 failure, 2 usage or configuration, 3 audit failed (not published), "
    "4 already running, 5 held by a guard.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from flows import __version__

        typer.echo(f"journey {__version__}")
        raise typer.Exit


@app.callback()
def start(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log JSON lines.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback has already answered
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Set up logging for every command."""
    quiet_environment()
    configure_logs(verbose=verbose, as_json=log_json)


setup.add_to(app)
run.add_to(app)
look.add_to(app)
app.add_typer(sources.app, name="sources")
app.add_typer(segments.app, name="segments")
app.add_typer(journeys.app, name="journeys")
app.add_typer(identity.app, name="identity")
app.add_typer(sandbox.app, name="sandbox")
app.command("demo")(sandbox.demo)


def main() -> None:
    """Entry point of the console script."""
    try:
        app()
    except KeyboardInterrupt:
        sys.stderr.write("journey: stopped\n")
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (`journey status | head`); nothing is wrong.
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
