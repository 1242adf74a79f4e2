"""The Dockerfile, linted, and its install steps replayed in an empty folder.

The replay shows that what is copied and installed makes a working `teola`. It does not show that an
image builds: no container engine takes part.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SECRET = re.compile(r"(?i)passw|secret|token|api_?key|credential")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, its flags (`--from=build`) apart from the rest."""

    verb: str
    flags: dict[str, str]
    rest: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.rest)


def instructions(text: str) -> list[Instruction]:
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    found = []
    for line in lines.replace("\\\n", " ").splitlines():
        if line.strip():
            verb, rest = line.split(maxsplit=1)
            flags = {}
            while match := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
                flags[match[1]] = match[2]
                rest = rest[match.end() :]
            found.append(Instruction(verb, flags, rest.strip()))
    return found


def complaints(text: str) -> Iterator[str]:
    steps = instructions(text)
    last = [step.verb for step in steps]
    yield from (complaint for step in steps for complaint in complaints_about(step))
    final = steps[len(last) - 1 - last[::-1].index("FROM") :]
    users = [step.rest for step in final if step.verb == "USER"]
    if not users or users[-1].split(":")[0] in ("root", "0"):
        yield "the service runs as root"
    if not any(step.verb == "HEALTHCHECK" and "/healthz" in step.rest for step in final):
        yield "nothing asks /healthz"
    if last.count("FROM") < 2:
        yield "one stage: what builds ends up in what runs"
    if not any(step.verb == "ENTRYPOINT" and step.rest.startswith("[") for step in final):
        yield "ENTRYPOINT is not a list: signals would not reach the service"


def complaints_about(step: Instruction) -> Iterator[str]:
    match step.verb:
        case "FROM":
            tag = step.words[0].partition(":")[2]
            if not re.match(r"\d+\.\d+\.\d+-", tag):
                yield f"FROM {step.words[0]}: pin a full version"
        case "ADD":
            yield "ADD fetches and unpacks: COPY"
        case "ENV" | "ARG" if SECRET.search(step.rest):
            yield f"{step.verb} {step.rest}: a secret would stay in the image"
        case "COPY" if "from" not in step.flags:
            yield from (f"COPY {word}: not there" for word in step.words[:-1] if not sent(word))
        case "RUN":
            yield from complaints_about_command(step.rest)


def complaints_about_command(command: str) -> Iterator[str]:
    if "apt-get install" in command and "rm -rf /var/lib/apt/lists" not in command:
        yield "apt-get install without removing its lists in the same layer"
    if "pip install" in command and "--no-deps" not in command:
        yield "pip install resolves: install from the lock, with --no-deps"
    if "pip install" in command and not re.search(
        r"--require-hashes|--no-build-isolation", command
    ):
        yield "pip install without hashes"
    if re.search(r"\bsudo\b|\bcurl\b|\bwget\b", command):
        yield "a build fetches nothing but locked packages, and needs no sudo"


def sent(source: str) -> bool:
    """Whether the checkout has `source` and .dockerignore lets it into the build."""
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    verdict = True
    for rule in rules:
        pattern = rule.removeprefix("!")
        if rule and not rule.startswith("#") and fnmatch(source, pattern):
            verdict = rule.startswith("!")
    return verdict and (ROOT / source).exists()


def test_the_dockerfile_gives_no_reason_to_complain() -> None:
    assert list(complaints(DOCKERFILE)) == []


FAULTS = {
    "root": ("USER 10001:10001\n", "", "runs as root"),
    "latest": ("FROM python:3.11.14-slim-bookworm\n", "FROM python:latest\n", "pin a full version"),
    "add": ("COPY spec spec/", "ADD spec spec/", "ADD fetches"),
    "secret": ("EXPOSE 8000", "ENV API_KEY=x", "would stay in the image"),
    "missing": ("COPY spec spec/", "COPY speck spec/", "COPY speck: not there"),
    "ignored": ("COPY spec spec/", "COPY tests spec/", "COPY tests: not there"),
    "apt": ("WORKDIR /src", "RUN apt-get install -y gcc", "without removing its lists"),
    "resolver": ("--no-deps --require-hashes", "--require-hashes", "pip install resolves"),
    "hashes": ("--require-hashes", "", "without hashes"),
    "health": ("/healthz", "/", "nothing asks /healthz"),
    "shell": ('["teola"]', "teola", "ENTRYPOINT is not a list"),
    "fetch": ("WORKDIR /src", "RUN curl -O x", "fetches nothing"),
}


@pytest.mark.parametrize(("old", "new", "complaint"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_noticed(old: str, new: str, complaint: str) -> None:
    assert old in DOCKERFILE
    assert complaint in "\n".join(complaints(DOCKERFILE.replace(old, new)))


@dataclass(slots=True)
class Replay:
    """Carries out a Dockerfile below a folder. `root` stands for `/` of the stage at hand.

    Stages are built in one place, one after another, as in images: paths written into files by the
    first (a virtual environment is full of them) hold in the second.
    """

    folder: Path
    directory: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    stages: dict[str, Path] = field(default_factory=dict)
    stage: str = ""

    @property
    def root(self) -> Path:
        return self.folder / "root"

    def below(self, path: str) -> Path:
        return self.root / os.path.join(self.directory, path).lstrip("/")

    def mapped(self, text: str) -> str:
        """`text` with the paths of the image turned into paths below the folder."""
        return re.sub(r"(?<![\w./:])(?=/(?:opt|src|var)/)", str(self.root), text)

    def carry_out(self, step: Instruction) -> None:
        match step.verb:
            case "FROM":
                self.begin(step.words[-1])
            case "WORKDIR":
                self.directory = step.rest
                self.below(".").mkdir(parents=True, exist_ok=True)
            case "ENV":
                name, _, value = step.rest.partition("=")
                value = value.replace("$PATH", self.environment["PATH"])
                self.environment[name] = self.mapped(value)
            case "COPY":
                self.copy(step)
            case "RUN":
                self.run("sh", "-ec", self.mapped(step.rest))

    def begin(self, name: str) -> None:
        if self.stage:
            self.stages[self.stage] = self.root.rename(self.folder / self.stage)
        self.stage, self.directory = name.replace(":", "-"), "/"
        image = self.root / "usr" / "local" / "bin"
        image.mkdir(parents=True)
        (image / "python").symlink_to(Path(sys.executable).resolve())
        # What an operator set for pip and for certificates counts in a build as well.
        kept = {k: v for k, v in os.environ.items() if k.startswith(("PIP_", "SSL_", "HOME"))}
        self.environment = {**kept, "PATH": f"{image}:/usr/bin:/bin"}

    def copy(self, step: Instruction) -> None:
        *sources, target = step.words
        origin = self.stages[step.flags["from"]] if "from" in step.flags else ROOT
        for source in sources:
            found, goal = origin / source.lstrip("/"), self.below(target)
            if found.is_dir():
                leave = shutil.ignore_patterns("__pycache__") if origin == ROOT else None
                shutil.copytree(found, goal, symlinks=True, dirs_exist_ok=True, ignore=leave)
            else:
                goal = goal / found.name if target.endswith("/") else goal
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(found, goal)

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self.below("."), env=self.environment, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.mark.slow
def test_the_install_steps_make_a_working_service_in_an_empty_folder(tmp_path: Path) -> None:
    replay = Replay(tmp_path)
    steps = instructions(DOCKERFILE)
    for step in steps:
        replay.carry_out(step)
    entry = next(step.rest for step in steps if step.verb == "ENTRYPOINT")
    command = [word.strip('[]", ') for word in entry.split(",")]
    assert "Usage: teola" in replay.run(*command, "--help")
    loaded = replay.run("python", "-c", "import api.cli; print(api.__file__)")
    assert loaded.startswith(str(replay.root / "opt"))
    found = replay.run("python", "-c", "import api.shipped as s; print(s.workflows_folder())")
    assert found.strip().endswith("site-packages/api/workflows")
