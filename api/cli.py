"""The command line. What each command needs is imported when it is called, so help is quick.

Exit codes: 0 all went well; 1 the run did not succeed, or something needed is missing; 2 the
command itself is wrong; 3 the workflow or its inputs are not valid; 4 the port cannot be had.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.exit_codes import Exit

if TYPE_CHECKING:
    from collections.abc import Callable

    from api.settings import Settings
    from planner.passes.choice import Choice


_EPILOG = (
    "Exit codes: 0 all went well · 1 the run did not succeed, or something needed is missing · "
    "2 the command is wrong · 3 the workflow or its inputs are not valid · "
    "4 nothing can listen on that port"
)
app = typer.Typer(
    name="teola",
    help="Workflows in YAML in, answers about your documents out.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
collections = typer.Typer(
    help="What has been indexed under a name and stays.", no_args_is_help=True, epilog=_EPILOG
)
engines = typer.Typer(epilog=_EPILOG)
app.add_typer(collections, name="collections")
app.add_typer(engines, name="engines")
Data = Annotated[Path | None, typer.Option(help="Folder for what is kept (TEOLA_DATA).")]


Off = Annotated[
    list[str] | None,
    typer.Option("--off", help="Turn this pass of the planner off; more by commas."),
]
On = Annotated[list[str] | None, typer.Option("--on", help="Turn this pass on; more by commas.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
Name = Annotated[str, typer.Argument(help="The name of a collection.")]


def main() -> None:
    """Run the command that was typed."""
    app()


@app.command(epilog=_EPILOG)
def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on (TEOLA_HOST).")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port (TEOLA_PORT); 0 takes a free one.", min=0, max=65_535)
    ] = None,
    data: Data = None,
) -> None:
    """Serve until stopped. Models load when they are first used."""
    settings = _settings(host=host, port=port, data=data)

    from api.compose import compose
    from api.engines_file import BadEngines
    from api.logs import configure
    from api.serve import PortTaken, listen, serve
    from executors.errors import StorageFailed

    configure(settings.log, settings.log_level)
    try:
        listener = listen(settings.host, settings.port)
    except PortTaken as error:
        typer.echo(f"teola: {error}", err=True)
        raise typer.Exit(Exit.PORT_TAKEN) from None
    address = f"http://{_shown(settings.host)}:{listener.getsockname()[1]}"
    with listener:
        try:
            house = compose(settings)
        except BadEngines as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(Exit.USAGE) from None
        except StorageFailed as error:
            typer.echo(f"teola: {error}", err=True)
            raise typer.Exit(Exit.FAILED) from None
        serve(house, listener, lambda: typer.echo(_welcome(address, settings)))


@app.command(epilog=_EPILOG)
def run(
    file: Annotated[Path, typer.Argument(help="A workflow, in YAML or JSON.")],
    input: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", help="id=value; JSON unless the input is a string."),
    ] = None,
    upload: Annotated[
        list[str] | None,
        typer.Option("--file", "-f", help="id=PATH; again and again for a list of files."),
    ] = None,
    off: Off = None,
    on: On = None,
    as_json: AsJson = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show in the end where the time went.")
    ] = False,
    data: Data = None,
) -> None:
    """Run a workflow here, without a server, and show its answer as it comes."""
    settings = _settings(data=data)

    from api.cli_run import Shown, run_file
    from api.logs import configure
    from api.passes import choice_of_options

    configure(settings.log, "error")
    shown = Shown(as_json=as_json, explained=explain)
    passes = _usable(lambda: choice_of_options(off or [], on or []))
    raise typer.Exit(run_file(settings, file, input or [], upload or [], passes, shown))


@app.command(epilog=_EPILOG)
def explain(
    run: Annotated[str, typer.Argument(help="The id of a run that has ended.")],
    server: Annotated[
        str | None, typer.Option(help="The service that ran it; the one here by default.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show where the time of a run went: estimate, actual and bound, and its critical path."""
    settings = _settings()

    from api.cli_explain import explain_run

    address = server or f"http://{_shown(settings.host)}:{settings.port}"
    raise typer.Exit(explain_run(address, run, as_json=as_json))


@app.command(epilog=_EPILOG)
def validate(
    files: Annotated[list[Path], typer.Argument(help="Workflows and modules, or folders of them.")],
    as_json: AsJson = False,
) -> None:
    """Check documents without running anything, and show everything that is wrong with them."""
    settings = _settings()

    from api.cli_validate import validate as check

    raise typer.Exit(check(settings, files, as_json=as_json))


@app.command(epilog=_EPILOG)
def plan(
    file: Annotated[Path, typer.Argument(help="A workflow, in YAML or JSON.")],
    as_json: AsJson = False,
    as_mermaid: Annotated[
        bool, typer.Option("--mermaid", help="Print it as a Mermaid flowchart.")
    ] = False,
    is_explained: Annotated[
        bool, typer.Option("--explain", help="Tell of each pass: what it changed, or why not.")
    ] = False,
    is_between: Annotated[
        bool, typer.Option("--print-between", help="Print the graph before and after each pass.")
    ] = False,
    passes: Annotated[
        str | None, typer.Option("--passes", help="Make these passes and no others; by commas.")
    ] = None,
    off: Off = None,
    on: On = None,
    utilisation: Annotated[
        list[str] | None,
        typer.Option(
            help="Plan as if this share of a pool's slots were in use: llm=0.9; again for more.",
            metavar="POOL=SHARE",
        ),
    ] = None,
) -> None:
    """Show what a workflow becomes: its operations, their pools, and what waits for what."""
    settings = _settings()

    from api.cli_plan import Wanted, show_plan
    from api.passes import choice_of_options

    only = None if passes is None else [passes]
    choice = _usable(lambda: choice_of_options(off or [], on or [], only))
    wanted = Wanted(as_json, as_mermaid, is_explained, is_between)
    raise typer.Exit(show_plan(settings, file, choice, utilisation or [], wanted))


@app.command(epilog=_EPILOG)
def modules(
    name: Annotated[str | None, typer.Argument(help="Show this one with its page.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what the steps of a workflow may use, or show one of them."""
    settings = _settings()

    from api.cli_modules import list_modules, show_module

    if name is None:
        raise typer.Exit(list_modules(settings, as_json=as_json))
    raise typer.Exit(show_module(settings, name, as_json=as_json))


@app.command(epilog=_EPILOG)
def init(
    folder: Annotated[Path, typer.Argument(help="Where to; here, if nowhere else.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write a first workflow that runs as it is, and what belongs to it. Overwrites nothing."""
    settings = _settings()

    from api.cli_init import init as write_starter

    raise typer.Exit(write_starter(settings, folder, as_json=as_json))


@engines.callback(invoke_without_command=True, epilog=_EPILOG)
def list_engines(context: typer.Context, as_json: AsJson = False) -> None:
    """List the pools of engines, and whether each could be used now."""
    if context.invoked_subcommand is not None:
        return
    settings = _settings()

    from api.cli_engines import list_engines as show_all

    raise typer.Exit(show_all(settings, as_json=as_json))


@engines.command("profile", epilog=_EPILOG)
def profile_engines(
    pool: Annotated[str, typer.Argument(help="An llm, embedding or rerank pool.")],
    within: Annotated[str, typer.Option(help="How long to measure; starting is extra.")] = "2m",
    longest: Annotated[int, typer.Option(help="Tokens of the longest prompt (llm).")] = 2048,
    row_tokens: Annotated[
        int, typer.Option(help="Tokens of a text (embedding) or a doc (rerank).", min=1)
    ] = 128,
    is_printed: Annotated[
        bool, typer.Option("--print", help="Print the costs; change no file.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure what a pool's engine costs, and write it into engines.yaml as `costs`."""
    settings = _settings()

    from api.cli_profile import Asked, profile_pool

    asked = Asked(pool, within, longest, row_tokens, is_printed, as_json)
    raise typer.Exit(profile_pool(settings, asked))


@app.command(epilog=_EPILOG)
def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file to write it to.")
    ] = None,
) -> None:
    """Print the JSON Schema by which an editor completes and checks workflows and modules."""
    settings = _settings()

    from api.cli_schema import write_schema

    raise typer.Exit(write_schema(settings, output))


@app.command(epilog=_EPILOG)
def doctor(as_json: AsJson = False, data: Data = None) -> None:
    """Look whether everything needed is here, and name the cure where not."""
    settings = _settings(data=data)

    from api.cli_doctor import show_findings

    raise typer.Exit(show_findings(settings, as_json=as_json))


@collections.command("list", epilog=_EPILOG)
def list_collections(as_json: AsJson = False, data: Data = None) -> None:
    """Show every collection: how much it holds, and at which version."""
    settings = _settings(data=data)

    from api.cli_collections import list_all

    raise typer.Exit(list_all(settings, as_json=as_json))


@collections.command("show", epilog=_EPILOG)
def show_collection(
    name: Name,
    limit: Annotated[int, typer.Option(help="Documents to show at most.", min=0)] = 20,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Show one collection and its first documents."""
    settings = _settings(data=data)

    from api.cli_collections import show

    raise typer.Exit(show(settings, name, limit, as_json=as_json))


@collections.command("delete", epilog=_EPILOG)
def delete_collection(
    name: Name,
    document: Annotated[
        list[str] | None,
        typer.Option("--document", "-d", help="Take only this document out; again for more."),
    ] = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Delete a collection, or single documents of it. A service may be running meanwhile."""
    settings = _settings(data=data)

    from api.cli_collections import delete

    raise typer.Exit(delete(settings, name, document or [], as_json=as_json))


def _usable(read: "Callable[[], Choice]") -> "Choice":
    from api.passes import BadPasses

    try:
        return read()
    except BadPasses as error:
        typer.echo(f"teola: {error}", err=True)
        raise typer.Exit(Exit.USAGE) from None


def _settings(**flags: str | int | Path | None) -> "Settings":
    from api.settings import BadSetting, from_environment

    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return replace(from_environment(), **given)  # type: ignore[arg-type]  # typed by the flags
    except BadSetting as error:
        typer.echo(f"teola: {error}", err=True)
        raise typer.Exit(Exit.USAGE) from None


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _welcome(address: str, settings: "Settings") -> str:
    return (
        f"Teola is ready at {address}\n"
        f"  docs  {address}/docs\n"
        f"  data  {settings.data.resolve()}\n"
        "Ctrl-C stops it."
    )
