"""What of a valid workflow wastes time or work: advice with a place and a cure, never a refusal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias
from typing import Literal as OneOf

from planner.bounds import bound_of
from planner.costs import LanguageCosts
from planner.estimate import Estimator
from planner.memory import has_effects
from planner.plan import Plan
from planner.prompt_order import TOKEN_CHARS, late_before_early
from planner.waits import needs
from spec.model import Block, Document, ForEach, Origin, Step, Use, all_steps
from spec.records import record
from spec.values import ListOf, Literal, Name, Value, leaves

LintCode: TypeAlias = OneOf["prompt-order", "tiny-calls", "unread-step", "bottleneck"]

#: What cures each, whatever it is about.
CURES: Mapping[LintCode, str] = MappingProxyType(
    {
        "prompt-order": "Put what is always the same first, what is known early next, and what "
        "differs from call to call last.",
        "tiny-calls": "Give the whole list to one step.",
        "unread-step": "Read what it gives, name it in `after` or `outputs`, or remove it.",
        "bottleneck": "Give this pool more replicas or a faster engine, or ask less of it.",
    }
)

#: Modules that take a list, by the input that is one.
_LISTS: Mapping[str, str] = MappingProxyType({"index": "chunks", "rerank": "docs"})
#: How many times longer than everything else a pool keeps a run that is alone, to be told of.
BOTTLENECK_TIMES = 3
_CALLS = frozenset({"llm", "llm.list", "llm.json", "llm.chat"})


@record
class Lint:
    """One piece of advice, and where on the page it belongs."""

    code: LintCode
    origin: Origin
    detail: str

    def as_json(self) -> dict[str, Any]:
        """Return the form that is sent in an answer."""
        return {
            "code": self.code,
            "pointer": self.origin.pointer,
            "line": self.origin.line,
            "column": self.origin.column,
            "detail": self.detail,
            "cure": CURES[self.code],
        }


def lints(document: Document, plan: Plan) -> tuple[Lint, ...]:
    """Return what could be better in a workflow that `plan` was made of, by place."""
    found = _Lints(document, plan)
    every = [*found.prompts(), *found.tiny(), *found.unread(), *found.bottleneck()]
    return tuple(sorted(every, key=lambda each: (each.origin.line, each.origin.column)))


@dataclass(frozen=True, slots=True)
class _Lints:
    document: Document
    plan: Plan

    def prompts(self) -> Iterator[Lint]:
        """Yield prompts in which something late stands before much that is early."""
        for step in all_steps(self.document.steps):
            for each in step.parameters:
                found = late_before_early(each.value, self._own(step, each.name))
                if found is None:
                    continue
                late, chars = found
                told = (
                    f"about {chars // TOKEN_CHARS} tokens after {late} are the same in other calls"
                )
                detail = f"{told}, but are read anew in each: {self._prefill(step, chars)} a call"
                yield Lint("prompt-order", each.origin, detail)

    def _own(self, step: Step, name: str) -> frozenset[str]:
        """Return the names that only a module gives to a prompt: as late as elements of a list."""
        if not isinstance(step.body, Use):
            return frozenset()
        inputs = self.plan.library.modules[step.body.module].inputs
        return frozenset(own for each in inputs if each.id == name for own in each.names)

    def _prefill(self, step: Step, chars: int) -> str:
        pools = self.plan.library.pools
        costs = pools.fact(pools.of("llm", step.engine)).cost("decode")
        if not isinstance(costs, LanguageCosts):
            return "unknown ms"
        tokens = chars / TOKEN_CHARS
        return f"{costs.prefill_ms(tokens) - costs.prefill_ms(0):.1f} ms"

    def tiny(self) -> Iterator[Lint]:
        """Yield bodies of `for_each` that do for one element what could be done for all."""
        for outer in all_steps(self.document.steps):
            if isinstance(outer.control.over, ForEach):
                inside = outer.body.steps if isinstance(outer.body, Block) else (outer,)
                for step in inside:
                    yield from self._tiny(step)

    def _tiny(self, step: Step) -> Iterator[Lint]:
        if not isinstance(step.body, Use) or step.control.condition is not None:
            return
        name = step.body.module
        given = {each.name: each.value for each in step.parameters}
        match given.get(_LISTS.get(name, "")):
            case ListOf((Name("item"),)):
                detail = f"`{name}` is given one element at a time, where it takes a list"
                yield Lint("tiny-calls", step.origin, detail)
        same = not any(_reads_element(value) for value in given.values())
        chosen = given.get("temperature", Literal(0)) == Literal(0)
        if name in _CALLS and same and chosen:
            detail = f"`{name}` asks the same for each element: no part of it reads `item`"
            yield Lint("tiny-calls", step.origin, detail)

    def unread(self) -> Iterator[Lint]:
        """Yield steps of the document that nothing reads, and that do nothing else."""
        library, document = self.plan.library, self.document
        read = {
            leaf.id
            for output in document.outputs
            for leaf in leaves(output.value)
            if isinstance(leaf, Name)
        }
        for step in document.steps:
            read |= needs(step, library.modules) - {step.id}
        for step in document.steps:
            if step.id not in read and not has_effects(step, library):
                detail = f"nobody reads what `{step.id}` gives, and it does nothing else"
                yield Lint("unread-step", step.origin, detail)

    def bottleneck(self) -> Iterator[Lint]:
        """Yield the pool that bounds even a run that is alone, at the step that asks most of it."""
        plan, pools = self.plan, self.plan.library.pools
        bound = bound_of(Estimator(pools), plan, plan.library)
        pool = max(bound.pool_ms, key=lambda name: bound.pool_ms[name], default=None)
        if pool is None or bound.pool_ms[pool] < BOTTLENECK_TIMES * bound.critical_ms:
            return
        ms = Estimator(pools).of(plan).ms
        asked: dict[str, float] = {}
        for each in plan.graph:
            if each.step is not None and each.pool in (pool, pools.default["inline"]):
                asked[each.step] = asked.get(each.step, 0.0) + ms.get(each.id, 0.0)
        most = max(asked, key=lambda id: asked[id], default=None)
        (at,) = [step.origin for step in self.document.steps if step.id == most] or [
            self.document.origin
        ]
        detail = (
            f"a run asks {bound.pool_ms[pool]:,.0f} ms of the pool {pool}, and would take "
            f"{bound.critical_ms:,.0f} ms if that had no end of engines"
        )
        yield Lint("bottleneck", at, detail)


def _reads_element(value: Value) -> bool:
    """Whether a value has to do with an element, or with anything made inside the body."""
    return any(isinstance(leaf, Name) and leaf.id != "inputs" for leaf in leaves(value))
