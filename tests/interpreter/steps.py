"""Steps made up at random: branches, loops, blocks, and all that goes over lists."""

import re
from collections.abc import Callable
from random import Random

from spec.values import JSON
from tests.interpreter.attempts import Attempts
from tests.interpreter.bodies import Made
from tests.interpreter.kinds import (
    ANY,
    BOOLEAN,
    DOCS,
    INDEX,
    INTEGER,
    STRING,
    STRINGS,
    Fields,
    Kind,
    Sight,
    is_plain,
)

DEPTH_MAX = 4
_LOAD_MAX = 60
_READS_ELEMENT = re.compile(r"(?<![\w.])(item|position)\b")


class Steps(Attempts):
    """Makes whole steps, and maps of them."""

    def __init__(self, random: Random) -> None:
        super().__init__(random)
        self.made = 0

    def steps(self, sight: Sight, count: int) -> dict[str, JSON]:
        """Return steps of one map, in no order, and add what they give to `sight`."""
        found: dict[str, JSON] = {}
        ways = [self.step] * count
        while ways:
            self.made += 1
            id = f"s{self.made}"
            made, fields = ways.pop()(sight)
            if found and self.maybe(0.1):
                made["after"] = self.random.sample(sorted(found), 1)
            found[id] = made
            sight.add({f"{id}.{name}": kind for name, kind in fields.items()})
            if INDEX in fields.values() and self.maybe(0.7):
                ways.append(self.search)
        shuffled = list(found.items())
        self.random.shuffle(shuffled)
        return dict(shuffled)

    def step(self, sight: Sight) -> Made:
        """Return a step, and its fields as others see them."""
        ways: list[Callable[[Sight], Made]] = [self.plain] * 5 + [self.for_each] * 4
        ways += [self.fold, self.fold, self.reduce, self.reduce, self.branch, self.branch]
        if sight.depth < DEPTH_MAX:
            ways += [self.loop, self.loop]
        return self.one(*ways)(sight)

    def plain(self, sight: Sight) -> Made:
        return self.attempted(*self.any_body(sight), sight)

    def branch(self, sight: Sight) -> Made:
        """Return a step under a condition, in which what is not null there may be read."""
        inner, condition = sight, self.condition(sight)
        maybe = self.path(
            [p for p, kind in sight.paths.items() if kind.optional and is_plain(kind)]
        )
        if maybe is not None and self.maybe(0.6):
            condition = f"${maybe} != null"
            inner = sight.inside({maybe: sight.paths[maybe].sure()})
        made, fields = self.any_body(inner)
        made, fields = self.attempted(made, fields, inner)
        return self.refusable({"if": condition, **made}, fields, sight)

    def for_each(self, sight: Sight, over: tuple[JSON, Kind] | None = None) -> Made:
        items, element = over or self.gone_over(sight)
        own = {"item": element, "position": INTEGER}
        inner = sight.inside(own, times=self.times(sight))
        asked = self.maybe(0.35)
        terms = ["position < 3", "item != null", "position != 1"]
        condition = self.condition(inner, *terms, *terms) if asked else ""
        per_element = _READS_ELEMENT.search(condition) is not None
        forgiving = self.some({"on_error": self.one("fail", None, "drop")})
        risky = forgiving.get("on_error", "fail") != "fail" and self.maybe(0.3)
        body = self.risky(inner) if risky else self.any_body(inner)
        made, fields = self.attempted(*body, inner)
        made = {"for_each": items, **forgiving, **made}
        if per_element:
            made, fields = self.refusable({"if": condition, **made}, fields, inner)
        if "on_error" in forgiving:
            nulls = forgiving["on_error"] is None
            fields = {name: kind.or_null(nulls) for name, kind in fields.items()}
        made |= self.some({"max_parallel": self.one(1, 2, 7)}, 0.2)
        fields = self.listed(made, fields)
        if asked and not per_element:
            return self.refusable({"if": condition, **made}, fields, sight)
        return made, fields

    def listed(self, made: dict[str, JSON], fields: Fields) -> dict[str, Kind]:
        """Return fields as lists; one of them may be collected into one."""
        found = {name: kind.listed() for name, kind in fields.items()}
        lists = [name for name, kind in fields.items() if kind.element and is_plain(kind)]
        if lists and self.maybe(0.6):
            name = made["collect"] = self.one(*lists)
            inner = fields[name].element
            assert inner is not None
            found[name] = inner.sure().listed()
        return found

    def fold(self, sight: Sight, over: tuple[JSON, Kind] | None = None) -> Made:
        items, element = over or self.gone_over(sight)
        kind = self.one(STRING, STRING, INTEGER, STRINGS, DOCS)
        own = {"item": element, "position": INTEGER, "acc": kind}
        inner = sight.inside(own, times=self.times(sight))
        made, name = self.folded(kind, inner)
        start = f"${self.docs(sight)}" if kind == DOCS else self.constant(kind, sight)
        made = {"fold": items, "start": start, **made}
        if self.maybe(0.15):
            return self.refusable({"if": "$inputs.flag", **made}, {name: kind}, sight)
        if self.maybe(0.3):
            made["if"] = self.one("$position != 1", "$position < 4", "$acc != 'x'")
            made |= self.some({"else": {name: self.constant(kind, inner)}})
        return made, {name: kind}

    def folded(self, kind: Kind, inner: Sight) -> tuple[dict[str, JSON], str]:
        """Return a body whose only field is of `kind`, and that field."""
        made: dict[str, JSON]
        if kind == STRING:
            made, (name,) = self.one_text(inner, "{{ acc | truncate(40) }}")
        elif kind == INTEGER:
            made, name = {"use": "value", "value": "$acc + 1"}, "value"
        elif kind == STRINGS:
            made, name = {"use": "value", "value": f"$acc + [{self.text(inner)}]"}, "value"
        else:
            lists = ["$acc", f"${self.docs(inner)}"]
            made, name = {"use": "merge", "lists": lists, "top_k": 5}, "docs"
        if self.maybe(0.3) and inner.depth < DEPTH_MAX:
            made, name = self.wrapped(made, name, inner), "last"
        if self.maybe(0.3):
            made |= {"retry": self.one(1, 2), "fallback": {name: self.constant(kind, inner)}}
        return made, name

    def wrapped(self, made: dict[str, JSON], name: str, sight: Sight) -> dict[str, JSON]:
        """Return a block around one step, with other steps beside it."""
        self.made += 1
        id = f"s{self.made}"
        beside = self.steps(sight.inside({}, deeper=True), 1)
        return {"steps": {**beside, id: made}, "outputs": {"last": f"${id}.{name}"}}

    def reduce(self, sight: Sight) -> Made:
        fan_in = self.one(2, 2, 3, 4)
        kind = self.one(STRING, STRING, DOCS, INTEGER)
        inner = sight.inside({}, times=self.times(sight))
        if kind == STRING:
            items = self.few(sight, self.strings(sight))
            made, fields = self.one_text(inner, "{{ items | join(' ') | truncate(90) }}")
        elif kind == DOCS:
            items = [f"${self.docs(sight)}" for _ in range(self.one(0, 1, 3, 5))]
            made, fields = {"use": "merge", "lists": "$items", "top_k": 6}, {"docs": DOCS}
        else:
            items = f"$range({self.integer(sight)} + 1)"
            made, fields = {"use": "value", "value": "$sum(items)"}, {"value": INTEGER}
        made = {"reduce": items, "fan_in": fan_in, **made}
        if self.maybe(0.9) or items == []:
            made["start"] = self.constant(kind, sight)
        return self.attempted(made, fields, sight)

    def loop(self, sight: Sight) -> Made:
        state = {
            name: kind
            for name, kind in {"n": INTEGER, "text": STRING, "seen": STRINGS, "last": ANY}.items()
            if name == "n" or self.maybe(0.5)
        }
        rounds = self.one(1, 2, 3, 4, "$inputs.n + 1")
        times = self.times(sight, 4)
        seen = {f"loop.{name}": kind for name, kind in state.items()}
        inner = sight.inside(seen, times=times, deeper=True)
        start = {name: self.constant(kind, sight) for name, kind in state.items()}
        if "last" in start:
            start["last"] = None
        start["n"] = 0
        steps = self.steps(inner, self.one(1, 1, 2))
        following = {
            "n": "$loop.n + 1", "text": self.string(inner), "last": self.string(inner),
            "seen": f"$(loop.seen + [{self.text(inner)}])[-5:]",
        }  # fmt: skip
        loop = {"max": rounds, "start": start, "next": {name: following[name] for name in state}}
        if self.maybe(0.6):
            loop["until"] = self.one("$loop.n >= 2", self.condition(inner))
        fields = {**state, "rounds": INTEGER, "done": BOOLEAN}
        made = {"loop": loop, "steps": steps}
        if self.maybe(0.2):
            return self.refusable({"if": self.condition(sight), **made}, fields, sight)
        return self.attempted(made, fields, sight)

    def any_body(self, sight: Sight) -> Made:
        """Return a body: often a block, as long as it is not too deep."""
        if sight.of("index") and self.maybe(0.3):
            return self.search(sight)
        if sight.depth < DEPTH_MAX and self.maybe(0.3):
            return self.block(sight)
        if self.maybe(0.03):
            return self.risky(sight)
        return self.body(sight)

    def block(self, sight: Sight) -> Made:
        inner = sight.inside({}, deeper=True)
        steps = self.steps(inner, self.one(1, 2, 2, 3))
        mine = [path for path in inner.paths if path.partition(".")[0] in steps]
        paths = self.random.sample(mine, min(len(mine), self.one(1, 2, 3)))
        outputs = {f"o{number}": f"${path}" for number, path in enumerate(paths)}
        fields = {f"o{number}": inner.paths[path] for number, path in enumerate(paths)}
        return {"steps": steps, "outputs": outputs}, fields

    def gone_over(self, sight: Sight) -> tuple[JSON, Kind]:
        """Return a list to go over, as a value, and what its elements are."""
        if self.maybe(0.1):
            return [self.string(sight) for _ in range(self.one(1, 3))], STRING
        lists = [
            path
            for path, kind in sight.paths.items()
            if kind.element is not None and not kind.optional and is_plain(kind)
        ]
        path = self.path(lists)
        if path is None or self.maybe(0.3):
            words = self.maybe(0.5)
            expression = self.strings(sight) if words else self.docs(sight)
            return self.few(sight, expression), STRING if words else Kind("doc")
        element = sight.paths[path].element
        assert element is not None
        whole = sight.load == 1 and self.maybe(0.5)
        return f"${path}" if whole else f"${path}[:{max(1, 24 // sight.load)}]", element

    def times(self, sight: Sight, most: int = 24) -> int:
        """Return how often what goes over a list here is done in one run, at the most."""
        return max(1, min(most, _LOAD_MAX // sight.load))
