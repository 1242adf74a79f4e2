"""Score the extractive reader: on the demo, on what it was tuned on, and on what it was not.

Asks all questions of `bench/corpus/*/questions.json` through `naive_rag` of a service of its own,
judges the answers as `bench/corpus/README.md` says, and exits 1 where a set scores too little.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from service import ROOT, Service, service

CORPUS = ROOT / "bench/corpus"
WORKFLOW = ROOT / "workflows/examples/naive_rag.yaml"
NOT_DOCUMENTS = {"README.md", "questions.json"}
SHOWN_CHARS = 60

#: Each set, and of how many questions in it at least so many must be answered right.
SETS = {"demo": 8, "tuning": 0, "held_out": 6}


def main(names: list[str]) -> int:
    """Score the sets called `names`; return the exit status."""
    lines, enough = [], True
    with service() as teola:
        workflow = teola.put_workflow(WORKFLOW)
        for name in names:
            print(name)
            right, asked = score(teola, workflow, CORPUS / name)
            enough = enough and right >= SETS[name]
            wanted = f" (at least {SETS[name]} wanted)" if SETS[name] else ""
            lines.append(f"{name}: {right} of {asked} right{wanted}")
    print("\n".join(lines))
    return 0 if enough else 1


def score(teola: Service, workflow: str, folder: Path) -> tuple[int, int]:
    """Ask all questions of one set, print a line for each; return right ones and all."""
    paths = sorted(path for path in folder.iterdir() if path.name not in NOT_DOCUMENTS)
    documents = [{"id": teola.upload(path)["id"]} for path in paths]
    questions = json.loads((folder / "questions.json").read_text(encoding="utf-8"))
    right = 0
    for each in questions:
        run = teola.run(workflow, {"documents": documents, "question": each["question"]})
        answer = said(run)
        ok = is_right(answer, each["answer"])
        right += ok
        verdict = "ok  " if ok else "miss"
        print(f"  {verdict}  {_short(each['question']):{SHOWN_CHARS}}  {_short(answer)}")
    return right, len(questions)


def said(run: dict[str, Any]) -> str:
    """Return the answer of a run that has succeeded."""
    if run["status"] != "succeeded":
        raise SystemExit(f"the run has {run['status']}: {run['problem']}")
    answer: str = run["outputs"]["answer"]
    return answer


def is_right(answer: str, alternatives: list[str]) -> bool:
    """Say whether `answer` holds one of `alternatives`; case and white space do not matter."""
    return any(_folded(alternative) in _folded(answer) for alternative in alternatives)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 1]}…"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", choices=SETS, action="append", help="only this set")
    sys.exit(main(parser.parse_args().set or list(SETS)))
