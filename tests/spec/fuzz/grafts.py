"""Pages that are right YAML and JSON and wrong everything else: parts of some put into others."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

_ODD: Sequence[Any] = (
    None, True, False, 0, -1, 10**15, 1.5, 1e300, "", "$", "$$", "$a", "$item", "$loop.x", "$acc",
    "a", "{{ a }}", "{{ item.text | json }}", "{{ a", "$coalesce(a, b)", "$[a, null][0:1]",
    "$inputs", "$secret.KEY", "string[]?", "doc", "index", "prompt", "3s", "drop", "é\u2028\x85",
    "x" * 300, [], {}, [None], [[]], {"a": None}, {"enum": [1, "a"]},
    {"type": "array", "items": {"type": ["string", "null"]}},
)  # fmt: skip

_NODES_MAX = 5_000


def graft(random: Random, trees: Sequence[Any]) -> str:
    """Return one of the trees with parts of it put into other places, or others into them."""
    tree = json.loads(json.dumps(random.choice(trees)))
    for _ in range(random.choice((1, 1, 2, 3, 6, 20))):
        if len(list(_nodes(tree))) < _NODES_MAX:
            _change(random, tree, _part(random, random.choice((tree, random.choice(trees)))))
    return json.dumps(tree, ensure_ascii=random.random() < 0.5)


def _change(random: Random, tree: Any, part: Any) -> None:
    """Put `part` somewhere into `tree`, or take something out of it or give it another name."""
    places = [(node, key) for node in _nodes(tree) for key in _keys(node)]
    if not places:
        return
    node, key = random.choice(places)
    kind = random.random()
    if kind < 0.15:
        del node[key]
    elif kind < 0.3 and isinstance(node, dict):
        name = random.choice(_names(tree))
        node[name] = node.pop(key)
    elif kind < 0.5:
        node[key] = _copied(random.choice(_ODD))
    elif kind < 0.6 and isinstance(node, dict):
        node[random.choice(_names(part) or ["x"])] = _copied(part)
    else:
        node[key] = _copied(part)


def _part(random: Random, tree: Any) -> Any:
    return random.choice(list(_nodes(tree)))


def _copied(part: Any) -> Any:
    return json.loads(json.dumps(part))


def _nodes(tree: Any) -> Any:
    yield tree
    for key in _keys(tree):
        yield from _nodes(tree[key])


def _keys(node: Any) -> list[Any]:
    if isinstance(node, dict):
        return list(node)
    return list(range(len(node))) if isinstance(node, list) else []


def _names(tree: Any) -> list[str]:
    return [key for node in _nodes(tree) if isinstance(node, dict) for key in node]
