"""The laws no linter knows: each a function from a folder to complaints, and shown to complain."""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("spec", "planner", "executors", "api")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 40
FORBIDDEN_WORDS = {"base", "common", "helper", "helpers", "misc", "util", "utils"}
#: The name of a pass that authors write; what is common there are subexpressions.
PASS_NAMES = {"eliminate_common", "test_eliminate_common"}
FORBIDDEN_ENDINGS = ("Helper", "Manager", "Processor", "Utils")
HEAVY = (
    "bm25s", "faiss", "llama_index", "nltk", "onnx", "onnxruntime", "pandas", "pypdf",
    "safetensors", "sentence_transformers", "tiktoken", "tokenizers", "torch", "transformers",
)  # fmt: skip

Law = Callable[[Path], Iterable[str]]


def repository_files(root: Path) -> list[Path]:
    """What is in the repository, or would be after `git add`; else what is in the folder."""
    if not (root / ".git").exists():
        return sorted(path for path in root.rglob("*") if path.is_file())
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    paths = (root / name for name in listing.split("\0") if name)
    return sorted(path for path in paths if path.is_file())


def modules(root: Path, *folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Every Python file with its tree; of the named top folders only, if any are named."""
    for path in repository_files(root):
        name = path.relative_to(root)
        if path.suffix == ".py" and (not folders or name.parts[0] in folders):
            yield str(name), ast.parse(path.read_text(encoding="utf-8"))


def long_files(root: Path) -> Iterator[str]:
    for path in repository_files(root):
        if path.suffix == ".py":
            lines = len(path.read_text(encoding="utf-8").splitlines())
            if lines > FILE_LINES_MAX:
                yield f"{path.relative_to(root)} has {lines} lines: split it by idea"


def long_functions(root: Path) -> Iterator[str]:
    for name, tree in modules(root, *ROOMS, "bench"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    yield f"{name}:{node.lineno} {node.name} has {lines} lines"


def empty_names(root: Path) -> Iterator[str]:
    for name, tree in modules(root):
        for part in Path(name).with_suffix("").parts:
            if part not in PASS_NAMES and FORBIDDEN_WORDS & set(part.split("_")):
                yield f"{name}: a name that says nothing; name the idea"
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name.endswith(FORBIDDEN_ENDINGS):
                yield f"{name}:{node.lineno} class {node.name}: name what it is"


def silent_modules(root: Path) -> Iterator[str]:
    for name, tree in modules(root):
        if not ast.get_docstring(tree):
            yield f"{name}: open it with what it is and what it refuses to know"


def environment_readers(root: Path) -> Iterator[str]:
    reading = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    for name, tree in modules(root, *ROOMS):
        if name == "api/settings.py":
            continue
        for node in ast.walk(tree):
            taken = {node.attr} if isinstance(node, ast.Attribute) else set()
            if isinstance(node, ast.ImportFrom) and node.module == "os":
                taken = {alias.name for alias in node.names}
            if taken & reading:
                yield f"{name}:{node.lineno} only api/settings.py reads the environment"


def code_among_workflows(root: Path) -> Iterator[str]:
    for path in repository_files(root):
        name = path.relative_to(root)
        if name.parts[0] == "workflows" and path.suffix != ".yaml":
            yield f"{name}: workflows/ holds only .yaml files"


def workplace_traces(root: Path) -> Iterator[str]:
    """Hosts of package registries and paths of the machine a file was written on."""
    # Written with a gap, so that this file does not complain about itself.
    hosts = (r"py_pi\.org", r"python_hosted\.org", r"npm_js\.(?:org|com)")
    tops = ("home", "root", "tmp", "Users", "work")
    paths = tuple(rf"(?<![\w.:/)}}-])/{top}/\w" for top in tops)
    pattern = re.compile("|".join((*hosts, *paths)).replace("_", ""))
    for path in repository_files(root):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if found := pattern.search(line.decode("utf-8", "replace")):
                yield f"{path.relative_to(root)}:{number} names {found[0]!r}"


def broken_contracts(root: Path) -> Iterator[str]:
    command = [
        str(Path(sys.executable).with_name("lint-imports")), "--no-cache",
        "--config", str(ROOT / "pyproject.toml"),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        yield done.stdout + done.stderr


def heavy_imports(root: Path) -> Iterator[str]:
    """Import every module of the rooms in a fresh Python; name the heavy packages that came too."""
    names = [
        name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        for name, _ in modules(root, *ROOMS)
        if not name.endswith("__main__.py")
    ]
    program = (
        "import importlib, sys; sys.path.insert(0, sys.argv[1])\n"
        "for name in sys.argv[2].split(): importlib.import_module(name)\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules} & set(sys.argv[3].split())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(root), " ".join(names), " ".join(HEAVY)],
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        yield done.stderr
    for name in done.stdout.split():
        yield f"importing the rooms loads {name}: import it inside the function that needs it"


def claimed_names(*site_packages: str) -> Iterator[str]:
    for distribution in distributions(path=list(site_packages)):
        name = distribution.metadata["Name"]
        tops = {Path(file).parts[0].removesuffix(".py") for file in distribution.files or ()}
        for room in sorted(tops & set(ROOMS)):
            if name != "teola":
                yield f"{name} installs {room!r}, which is a room of ours"


LAWS: tuple[Law, ...] = (
    long_files, long_functions, empty_names, silent_modules, environment_readers,
    code_among_workflows, workplace_traces, broken_contracts, heavy_imports,
)  # fmt: skip


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_repository_keeps_the_law(law: Law) -> None:
    assert "\n".join(law(ROOT)) == ""


def test_no_installed_distribution_claims_the_name_of_a_room() -> None:
    assert list(claimed_names(*sys.path)) == []


def plant(root: Path, files: dict[str, str]) -> None:
    parts = ("drivers", "engines", "scheduler", "store")
    for package in (*ROOMS, *(f"executors/{part}" for part in parts)):
        (root / package).mkdir(parents=True, exist_ok=True)
        (root / package / "__init__.py").write_text('"""A room."""\n')
    (root / "executors/engines/engine.py").write_text('"""What an engine is."""\n')
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


OUTSIDE = "/".join(("", "home", "someone", "teola"))
REGISTRY = ".".join(("pypi", "org"))

VIOLATIONS: tuple[tuple[Law, str, str, str], ...] = (
    (long_files, "spec/long.py", '"""Long."""\n' + "x = 1\n" * 400, "401 lines"),
    (long_functions, "api/long.py", '"""Long."""\ndef f():\n' + "    x = 1\n" * 40, "41 lines"),
    (empty_names, "planner/graph_utils.py", '"""Things."""\n', "says nothing"),
    (empty_names, "planner/common/graph.py", '"""Things."""\n', "says nothing"),
    (empty_names, "api/runs.py", '"""Runs."""\nclass RunManager: ...\n', "RunManager"),
    (silent_modules, "tests/test_x.py", "x = 1\n", "what it is"),
    (environment_readers, "api/app.py", '"""App."""\nimport os\nos.environ["A"]\n', "api/app.py:3"),
    (environment_readers, "api/app.py", '"""App."""\nfrom os import getenv\n', "api/app.py:2"),
    (code_among_workflows, "workflows/modules/chunk.py", '"""Chunk."""\n', "only .yaml"),
    (workplace_traces, "docs/how.md", f"cd {OUTSIDE}\n", "docs/how.md:1"),
    (workplace_traces, "a.lock", f"see https://{REGISTRY}/simple\n", "a.lock:1"),
    (broken_contracts, "spec/up.py", '"""Up."""\nimport planner\n', "spec.up -> planner"),
    (broken_contracts, "executors/scheduler/a.py", '"""A."""\nimport time\n', "a -> time"),
    (broken_contracts, "executors/engines/engine.py", '"""E."""\nimport asyncio\n', "-> asyncio"),
    (broken_contracts, "executors/a.py", '"""A."""\nimport spec.b\n', "executors.a -> spec"),
    (broken_contracts, "api/a.py", '"""A."""\ndef f():\n    import faiss\n', "api.a -> faiss"),
    (heavy_imports, "api/a.py", '"""A."""\nimport safetensors\n', "loads safetensors"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("law", "name", "text", "complaint"),
    VIOLATIONS,
    ids=[f"{law.__name__}-{name}" for law, name, _, _ in VIOLATIONS],
)
def test_the_law_complains_about_what_breaks_it(
    tmp_path: Path, law: Law, name: str, text: str, complaint: str
) -> None:
    plant(tmp_path, {"spec/b.py": '"""B."""\n'})
    assert list(law(tmp_path)) == []
    plant(tmp_path, {name: text})
    assert complaint in "\n".join(law(tmp_path))


def test_a_distribution_that_claims_a_room_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "rival-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: rival\nVersion: 1.0\n")
    (folder / "RECORD").write_text("planner/__init__.py,,\nrival.py,,\n")
    plant(tmp_path, {"rival.py": '"""A rival."""\n'})
    assert list(claimed_names(str(tmp_path))) == [
        "rival installs 'planner', which is a room of ours"
    ]
