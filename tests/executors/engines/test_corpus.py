"""Web search over a folder: the contract, what it finds, and that it stays inside."""

import asyncio
from pathlib import Path

import pytest

from executors.engines.corpus import SNIPPET_CHARS_MAX, Corpus
from executors.engines.engine import Done, Engine, EngineFailed, Request
from tests.executors.engines.contract import EngineContract, answers

MILL = "# The old mill\n\nIt was built in 1804.\n\nThe mill grinds rye for the bakery on Sundays.\n"
PAGE = (
    "<html><head><title>Harbour news</title><style>p {rye: 1}</style></head><body>"
    "<script>rye</script><p>A ferry leaves at noon.</p><p>Seats &amp; dogs are free.</p></body>"
)


def search(id: int, query: object, top_k: object = 5) -> Request:
    return Request(id, "web_search", {"query": query, "top_k": top_k}, "run", "local")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "pages"
    (root / "deep er").mkdir(parents=True)
    (root / "mill.md").write_text(MILL)
    (root / "deep er" / "news #1.html").write_text(PAGE)
    (root / "plain.txt").write_text("Rye bread keeps for a week.")
    (root / "picture.png").write_bytes(b"rye")
    (root / "broken.txt").write_bytes(b"rye \xff\xfe ferry")
    return root


def found(folder: Path, query: str, top_k: int = 5) -> list[dict[str, object]]:
    async def scenario() -> list[dict[str, object]]:
        engine = Corpus(folder)
        await engine.start()
        end = (await answers(engine, search(1, query, top_k)))[1]
        await engine.stop()
        assert isinstance(end, Done)
        docs: list[dict[str, object]] = end.outputs["docs"]
        return docs

    return asyncio.run(scenario())


class TestCorpus(EngineContract):
    @pytest.fixture(autouse=True)
    def with_a_folder(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> Engine:
        return Corpus(self.folder)

    def good(self) -> list[Request]:
        return [search(1, "rye bakery"), search(2, "ferry", 1), search(3, "nothing of this")]

    def bad(self) -> list[Request]:
        return [
            search(1, None),
            search(2, " \n"),
            search(3, "x" * 2_001),
            search(4, "half a pair: \ud800"),
            search(5, "rye", 0),
            search(6, "rye", True),
            search(7, "rye", 101),
            Request(8, "search", {"query": "rye", "top_k": 1}, "run", "local"),
        ]


def test_pages_come_best_first_with_address_title_and_best_passage(folder):
    first, *rest = found(folder, "What does the mill grind for the bakery?")
    assert first == {
        "id": "file:mill.md",
        "url": "file:mill.md",
        "title": "The old mill",
        "source": "mill.md",
        "text": "The mill grinds rye for the bakery on Sundays.",
        "meta": {},
        "score": first["score"],
    }
    assert all(doc["score"] <= first["score"] for doc in rest)


def test_what_is_shown_of_a_page_is_its_text(folder):
    (doc,) = (each for each in found(folder, "ferry dogs") if each["title"] == "Harbour news")
    assert doc["id"] == "file:deep%20er/news%20%231.html"
    assert doc["text"] == "A ferry leaves at noon. Seats & dogs are free."
    assert doc["source"] == "deep er/news #1.html"


def test_script_and_style_are_not_read(folder):
    assert {doc["source"] for doc in found(folder, "rye")} == {
        "broken.txt", "mill.md", "plain.txt",
    }  # fmt: skip


def test_no_more_pages_come_than_are_asked_for(folder):
    assert len(found(folder, "rye", 2)) == 2
    assert found(folder, "xyzzy") == []


def test_a_long_passage_is_cut(folder):
    (folder / "long.txt").write_text("zebra " * 1_000)
    (doc,) = found(folder, "zebra")
    assert len(str(doc["text"])) <= SNIPPET_CHARS_MAX


def test_links_are_not_followed(folder, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("zebra")
    (folder / "link.txt").symlink_to(outside / "secret.txt")
    (folder / "folder").symlink_to(outside, target_is_directory=True)
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    assert found(folder, "zebra") == []
    assert len(found(folder, "ferry leaves")) == 2


def test_a_folder_that_is_none_is_told_with_the_cure(tmp_path):
    async def scenario() -> None:
        engine = Corpus(tmp_path / "none")
        with pytest.raises(EngineFailed, match="is no folder") as caught:
            await engine.start()
        assert "TEOLA_CORPUS" in caught.value.cure

    asyncio.run(scenario())


def test_equal_scores_go_by_address(folder):
    for name in ("b", "a", "c"):
        (folder / f"{name}.txt").write_text("zebra crossing")
    assert [doc["source"] for doc in found(folder, "zebra")] == ["a.txt", "b.txt", "c.txt"]
