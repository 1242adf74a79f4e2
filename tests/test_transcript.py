"""What counts as agreement between a transcript and what a shell prints."""

from pathlib import Path

import pytest

from tests.transcript import Step, agree, disagreements, files, steps

PAGE = """\
Save this as `names.txt`.

```text names.txt
Ada
```

```console
$ cat names.txt \\
    | tr a-z A-Z
WRONG
```

```console
$ curl() { echo "HTTP $1"; }
$ NAME=$(cat names.txt)
$ curl 200; echo \\
    "$NAME"
HTTP 200
Ada
```
"""


def test_a_block_without_curl_is_only_read():
    assert list(steps(PAGE)) == [
        Step(14, 'curl() { echo "HTTP $1"; }', ""),
        Step(15, "NAME=$(cat names.txt)", ""),
        Step(16, 'curl 200; echo \\\n    "$NAME"', "HTTP 200\nAda\n"),
    ]


def test_a_block_marked_with_a_name_is_a_file():
    assert files(PAGE) == {"names.txt": "Ada\n"}


def test_a_document_that_shows_what_happens_has_no_disagreements(tmp_path: Path):
    assert list(disagreements(PAGE, tmp_path, {})) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("\nHTTP 200\n", "\nHTTP 201\n"),
        ("HTTP 200\nAda\n", "HTTP 200\nAda\nLovelace\n"),
        ("\nHTTP 200\nAda\n", "\nHTTP 200\n"),
        ('"$NAME"\n', '"$NAME"; false\n'),
        ("NAME=$(cat names.txt)", "NAME=$(cat nams.txt)"),
    ],
    ids=["another status", "a line too many", "a line too few", "a bad end", "an error"],
)
def test_a_document_that_shows_something_else_is_noticed(tmp_path: Path, right: str, wrong: str):
    assert right in PAGE
    assert list(disagreements(PAGE.replace(right, wrong), tmp_path, {})) != []


def test_a_disagreement_is_shown_where_it_begins(tmp_path: Path):
    (found,) = disagreements(PAGE.replace("Ada\n```\n\n", "Eva\n```\n\n"), tmp_path, {})
    assert found.endswith("  code    0\n  shown   Ada\n  printed Eva")
    assert found.startswith("line 16: $ curl 200")


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("", ""),
        ("a\n", "a"),
        ('{"id": "run_…"}\n', '{"id": "run_1f"}\n'),
        ("{\n    …\n}\n", "{\n  1,\n\n  2\n}\n"),
        ("a\n…\nb\n…\nc\n", "a\n1\nb\n2\n3\nc\n"),
    ],
)
def test_an_ellipsis_stands_for_anything(shown: str, printed: str):
    assert agree(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a\n", ""),
        ("", "a\n"),
        ("succeeded\n", "cancelled\n"),
        ('{"id": "run_…"}\n', '{"id": "file_1f"}\n'),
        ("a…b\n", "a\nb\n"),
        ("a…b\n", "ab\n"),
        ("a\n…\nb\n", "a\nb\n"),
        ("a\n…\nb\n", "a\n1\nc\n"),
        ("a.c\n", "abc\n"),
    ],
)
def test_what_is_not_an_ellipsis_is_compared_literally(shown: str, printed: str):
    assert not agree(shown, printed)
