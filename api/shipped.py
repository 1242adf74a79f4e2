"""Where the YAML that ships with the product lies: standard modules and example workflows.

Knows the two forms the product is installed in; never reads what the files say.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def workflows_folder(package: Path = PACKAGE) -> Path:
    """Return the folder that holds `modules/` and `examples/`.

    A wheel carries it inside the `api` package; in a checkout it stands beside `api`. The wheel's
    place is looked at first, because beside an installed `api` may lie a foreign package that is
    called `workflows` too. Raises FileNotFoundError, naming the cure, when neither holds modules.
    """
    for folder in (package / "workflows", package.parent / "workflows"):
        if (folder / "modules").is_dir():
            return folder
    raise FileNotFoundError(
        f"no workflows/modules in {package} nor in {package.parent}: the installation is"
        " incomplete, install teola again"
    )
