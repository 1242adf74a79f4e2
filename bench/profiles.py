"""`teola engines profile` on three vLLM servers on the CPU: what is held out is to be predicted.

Each pool is measured as an operator does it. Printed: what was held out, measured and predicted,
and the median error of each pool against its bound. Fails where one is beyond.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import orjson
from rich.console import Console
from rich.table import Table
from service import TEOLA

from tests.vllm.servers import Servers, running

ERROR_MAX = 0.15
POOLS = ("chat", "vectors", "ranks")


def main(within: str) -> None:
    """Profile all pools. Exit with 1 if the median error of one is above the bound."""
    console = Console(highlight=False, markup=False)
    with (
        tempfile.TemporaryDirectory(prefix="teola-") as folder,
        running(Path(folder)) as servers,
    ):
        console.print(f"vLLM {servers.version()}, {within} for each pool")
        found = [_profile(servers, pool, within) for pool in POOLS]
        written = servers.engines.read_text()
    for profile in found:
        _show(console, profile)
    console.print(written)
    if any(error > ERROR_MAX for profile in found for error in profile["errors"].values()):
        sys.exit(f"a median error is above {ERROR_MAX:.0%}")


def _profile(servers: Servers, pool: str, within: str) -> dict:
    command = [TEOLA, "engines", "profile", pool, "--within", within, "--json"]
    environment = {**os.environ, **servers.variables}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return orjson.loads(done.stdout)


def _show(console: Console, profile: dict) -> None:
    table = Table(
        f"{profile['pool']}: held out", "count", "tokens", "measured ms", "predicted ms", "error"
    )
    for each in profile["held_out"]:
        sizes = (str(each["count"]), str(each["tokens"]))
        times = (f"{each['measured_ms']:.2f}", f"{each['predicted_ms']:.2f}")
        table.add_row(each["part"], *sizes, *times, f"{each['error']:.1%}")
    console.print(table)
    repetitions = profile["repetitions"]
    console.print(
        f"median error {_errors(profile)} (at most {ERROR_MAX:.0%}), "
        f"{repetitions['least']} to {repetitions['most']} repetitions, "
        f"{len(profile['left_out'])} left out: {profile['left_out']}\n"
    )


def _errors(profile: dict) -> str:
    return ", ".join(f"{part} {error:.1%}" for part, error in profile["errors"].items())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--within", default="2m", help="for each pool (2m)")
    main(parser.parse_args().within)
