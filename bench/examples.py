"""Six applications of `workflows/examples/`, run over REST, with all that they give.

Run by `make examples`. They run on the embedded engines, a folder of pages in the place of the web;
with `--engines FILE` on the pools that a file declares (docs/engines.md).
"""

import argparse
from pathlib import Path

from applications import APPLICATIONS, DOCUMENTS
from rich.console import Console
from service import service
from telling import Teller


def main(names: list[str], engines: Path | None) -> None:
    """Run the applications called `names`, or all."""
    console = Console(width=100)
    variables = {"TEOLA_CORPUS": str(DOCUMENTS)}
    if engines is not None:
        variables["TEOLA_ENGINES"] = str(engines)
    with service(**variables) as teola:
        teller = Teller(console, teola)
        for application in APPLICATIONS:
            if not names or application.name in names:
                teller.tell(application)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    known = [application.name for application in APPLICATIONS]
    parser.add_argument("name", nargs="*", help=f"only these, of {', '.join(known)}")
    parser.add_argument("--engines", type=Path, help="an engines.yaml; without it all is embedded")
    asked = parser.parse_args()
    if unknown := set(asked.name) - set(known):
        parser.error(f"no such application: {', '.join(sorted(unknown))}")
    main(asked.name, asked.engines)
