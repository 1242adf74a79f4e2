"""`teola engines`: the pools of engines that the settings ask for, and whether they can be used."""

import json
import sys

from rich.console import Console
from rich.table import Table

from api.engine_states import EngineState, engine_states
from api.engines_file import BadEngines
from api.exit_codes import Exit
from api.pools import declared, model_of
from api.settings import Settings, environment_variable


def list_engines(settings: Settings, *, as_json: bool) -> Exit:
    """Show every pool; return what to say at the end."""
    try:
        pools = declared(settings)
    except BadEngines as error:
        sys.stderr.write(f"{error}\n")
        return Exit.USAGE
    default = set(pools.names().default.values())
    states = engine_states(pools.pools, environment_variable)
    items = [_item(state, is_default=state.pool.name in default) for state in states]
    if as_json:
        sys.stdout.write(json.dumps({"items": items}, ensure_ascii=False, indent=2) + "\n")
    else:
        _show(items)
    return Exit.FAILED if any(state.trouble for state in states) else Exit.OK


def _item(state: EngineState, *, is_default: bool) -> dict[str, str | int | bool]:
    pool = state.pool
    return {
        "name": pool.name,
        "kind": pool.kind,
        "engine": pool.adapter,
        "model": model_of(pool),
        "replicas": pool.options.get("replicas", 1),
        "default": is_default,
        "state": "unavailable" if state.trouble else "ready",
        "trouble": state.trouble,
    }


def _show(items: list[dict[str, str | int | bool]]) -> None:
    table = Table("pool", "kind", "engine", "model", "state")
    for item in items:
        star = " *" if item["default"] else ""
        shown = f"{item['state']}: {item['trouble']}" if item["trouble"] else str(item["state"])
        table.add_row(f"{item['name']}{star}", *(str(item[key]) for key in _COLUMNS), shown)
    console = Console(highlight=False, markup=False)
    console.print(table)
    console.print("* used by steps that name no engine")


_COLUMNS = ("kind", "engine", "model")
