"""The applications of `workflows/examples/`, each with something to ask of it.

What is asked can be answered from the documents in `bench/corpus/demo/` and with no language model.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ROOT / "bench/corpus/demo"
NAMES = ("bicycle-workshop-handbook.md", "lighthouses.html", "voyager-report.pdf")
HANDBOOK, MUSEUM, REPORT = NAMES

#: Puts documents into a collection, for the applications that open one.
SHELVE = """\
workflow: shelve
inputs: {documents: "file[]", collection: string}
steps:
  chunks: {use: chunk, text: $inputs.documents, size: 192, overlap: 32}
  index: {use: index, chunks: $chunks.items, name: $inputs.collection}
outputs: {passages: $len(chunks.items)}
"""


@dataclass(frozen=True, slots=True)
class Application:
    """One file of `workflows/examples/`.

    `turns` are the inputs of one run after another, but for documents; `asked` is the input that a
    person would type. `documents` are the file of an input, or its files. `carried` outputs are
    inputs of the next turn. `shelved` documents are in the collection that it opens.
    """

    name: str
    shows: str
    asked: str
    turns: Sequence[Mapping[str, str]]
    documents: Mapping[str, str | Sequence[str]]
    carried: Sequence[str] = ()
    shelved: Sequence[str] = ()

    @property
    def path(self) -> Path:
        """Where the workflow is."""
        return ROOT / f"workflows/examples/{self.name}.yaml"

    def inputs(self, turn: int, upload: Callable[[str], Any], before: Any) -> dict[str, Any]:
        """Return the inputs of a turn; `before` are the outputs of the one before, if any.

        `upload` gives the input that stands for a document, by its name.
        """
        files = {
            name: upload(given) if isinstance(given, str) else [upload(each) for each in given]
            for name, given in self.documents.items()
        }
        carried = {name: before[name] for name in self.carried} if before else {}
        return {**self.turns[turn], **files, **carried}


NAIVE_RAG = Application(
    name="naive_rag",
    shows="an answer from your own documents, with the passages it rests on",
    asked="question",
    turns=[{"question": "Why did rock lighthouses start having three keepers instead of two?"}],
    documents={"documents": [HANDBOOK, MUSEUM]},
)
ADVANCED_RAG = Application(
    name="advanced_rag",
    shows="several queries at once, reranking, an answer refined passage by passage",
    asked="question",
    turns=[{"question": "Who first noticed a volcano erupting on Io?"}],
    documents={"documents": [REPORT]},
)
CHAT_WITH_MEMORY = Application(
    name="chat_with_memory",
    shows="two turns over a collection that was indexed before, the history handed back",
    asked="message",
    turns=[
        {
            "collection": "handbook",
            "message": "How many hours of helping out does it take to earn a bicycle?",
        },
        {
            "collection": "handbook",
            "message": "And why can't I charge my e-bike battery at the workshop?",
        },
    ],
    documents={},
    carried=["history"],
    shelved=[HANDBOOK],
)
APPLICATIONS = (
    NAIVE_RAG,
    ADVANCED_RAG,
    Application(
        name="search_and_generate",
        shows="a draft, a judgement, and a web search only if the draft needs one",
        asked="question",
        turns=[{"question": "What did engineers use so that heavy lenses would turn easily?"}],
        documents={},
    ),
    Application(
        name="contextual_retrieval",
        shows="passages situated in their document, found by meaning and by words, reranked",
        asked="question",
        turns=[{"question": "When was the last lighthouse in England automated?"}],
        documents={"document": MUSEUM},
    ),
    Application(
        name="map_reduce_summary",
        shows="a summary as a tree: of the parts, then of their summaries",
        asked="focus",
        turns=[{"focus": "what the probes found"}],
        documents={"document": REPORT},
    ),
    CHAT_WITH_MEMORY,
)
