"""Checks a whole document: its keys, names and order; and makes the `Document` when all is well."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from spec.block_reader import read_outputs
from spec.fit import Fit
from spec.inputs import read_inputs
from spec.model import Document, Input, Origin
from spec.names import DOCUMENT_KEYS, WORKFLOW_KEYS, is_name
from spec.outline import Order, Outline
from spec.pass_choice import check_passes
from spec.problems import echo, nearest, quoted
from spec.repetition import check_repetition
from spec.report import Report
from spec.scope import Scope
from spec.sight import Inside, look_inside
from spec.source import Tree
from spec.step_check import check_outputs, check_steps, make_outputs, make_steps
from spec.steps import StepReader
from spec.values import JSON
from spec.vocabulary import Vocabulary
from spec.written import Written, read_value


def check(report: Report, vocabulary: Vocabulary, version: str) -> Document | None:
    """Return the document that the report's tree says, or None with every problem reported."""
    return _Checker(report, vocabulary).document(version)


@dataclass(slots=True)
class _Checker:
    report: Report
    vocabulary: Vocabulary
    kind: str = "workflow"
    inputs: dict[str, Input | None] = field(default_factory=dict)
    outlines: dict[str, Outline] = field(default_factory=dict)
    outputs: dict[str, Written] = field(default_factory=dict)
    misspelt: set[str] = field(default_factory=set)  # the keys that unknown ones most likely are

    def document(self, version: str) -> Document | None:
        root = self.report.tree.value
        if not isinstance(root, dict):
            detail = f"{echo(root)}, where an object with `workflow` or `module` is wanted"
            self.report.at_value("wrong-type", (), detail)
            return None
        self.kind = "module" if "module" in root and "workflow" not in root else "workflow"
        self._check_top(root)
        self._read(root)
        scope = Scope.of_document(self.inputs, self._unread(root))
        inside = look_inside(self.outlines, Order.of(self.outlines), scope)
        check_steps(self.report, inside)
        check_repetition(self.report, self.outlines)
        is_module = self.kind == "module"
        check_outputs(self.report, self.outputs, inside.scope, hands_on=is_module)
        self._check_plan_and_stream(root)
        return None if self.report.problems else self._make(root, inside, version)

    def _check_top(self, root: Mapping[str, JSON]) -> None:
        known = WORKFLOW_KEYS if self.kind == "workflow" else DOCUMENT_KEYS
        for key in root:
            if key not in known:
                detail = f"{quoted(key)} is no key of a {self.kind}; keys: {', '.join(known)}"
                hint = nearest(key, known)
                self.report.at_key("unknown-key", (key,), detail, hint)
                self.misspelt |= {hint} if hint else set()
        if "workflow" in root and "module" in root:
            second = [key for key in root if key in ("workflow", "module")][1]
            detail = "a document is a `workflow` or a `module`, not both"
            self.report.at_key("conflicting-keys", (second,), detail)
        there = root.keys() | self.misspelt
        there |= {self.kind} if "module" in there else set()
        missing = [key for key in (self.kind, "steps", "outputs") if key not in there]
        for key in missing if self.report.knows(()) else ():
            named = "`workflow` or `module`" if key == self.kind else quoted(key)
            self.report.at_key("missing-key", (), f"the document has no {named}")
        self._check_name(root)
        self._expect(root, "description", str, "a string")

    def _check_name(self, root: Mapping[str, JSON]) -> None:
        for key in ("workflow", "module"):
            if self._expect(root, key, str, "a name") and not is_name(root[key]):
                detail = (
                    f"{echo(root[key])} is not of the form of a name: parts of a-z, 0-9, _ and -, "
                    "each starting with a letter, joined by dots"
                )
                self.report.at_value("bad-name", (key,), detail)
        name = root.get("module")
        if isinstance(name, str) and name in self.vocabulary.reserved:
            detail = f"{quoted(name)} is a standard module, which cannot be replaced"
            self.report.at_value("bad-name", ("module",), detail)

    def _read(self, root: Mapping[str, JSON]) -> None:
        in_module = self.kind == "module"
        if self._expect(root, "inputs", dict, "an object"):
            self.inputs = read_inputs(self.report, ("inputs",), in_module=in_module)
            self._read_prompts()
        name = None if in_module else root.get("workflow")
        if "steps" in root:
            reader = StepReader(self.report, self.vocabulary, in_module=in_module, name=name)
            self.outlines = reader.read_map(("steps",))
        if "outputs" in root:
            self.outputs = read_outputs(self.report, ("outputs",))

    def _unread(self, root: Mapping[str, JSON]) -> frozenset[str]:
        """Return which of `inputs` and `steps` hold more than could be read."""
        found = {key for key in ("inputs", "steps") if not self.report.knows((key,))}
        if isinstance(root.get("inputs", {}), dict) and "inputs" not in self.misspelt - root.keys():
            return frozenset(found)
        return frozenset({*found, "inputs"})

    def _read_prompts(self) -> None:
        """Read the defaults of prompts: text over the names that each declares."""
        for id, input in self.inputs.items():
            if input is None or input.type.word != "prompt" or not isinstance(input.default, str):
                continue
            written = read_value(self.report, ("inputs", id, "default"))
            scope = Scope({}, {}, names=input.names)
            Fit(self.report, scope).check_references(written)
            self.inputs[id] = replace(input, text=written.value)

    def _check_plan_and_stream(self, root: Mapping[str, JSON]) -> None:
        if self.kind == "module":
            return
        for index, id in self._strings(root, "stream"):
            if self.outputs and id not in self.outputs:
                detail = f"there is no output {quoted(id)}"
                hint = nearest(id, self.outputs)
                self.report.at_value("unknown-reference", ("stream", index), detail, hint)
        if "plan" in root:
            check_passes(self.report, ("plan",), self.vocabulary.passes)

    def _strings(self, of: Mapping[str, JSON], key: str) -> list[tuple[int, str]]:
        if not self._expect(of, key, list, "a list of names"):
            return []
        for index, item in enumerate(of[key]):
            if not isinstance(item, str):
                detail = f"{echo(item)}, where a name is wanted"
                self.report.at_value("wrong-type", (key, index), detail)
        return [(index, item) for index, item in enumerate(of[key]) if isinstance(item, str)]

    def _expect(self, of: Mapping[str, JSON], key: str, kind: type, wanted: str) -> bool:
        """Say whether `key` is there and of its kind; report it when it is of another."""
        where = (key,)
        if key not in of or not self.report.knows(where):
            return key in of and isinstance(of[key], kind)
        if not isinstance(of[key], kind):
            self.report.at_value("wrong-type", where, f"{echo(of[key])}, where {wanted} is wanted")
            return False
        return True

    def _make(self, root: Mapping[str, JSON], inside: Inside, version: str) -> Document:
        tree = self.report.tree
        plan = root.get("plan", {})
        return Document(
            kind=self.kind,
            name=root[self.kind],
            description=root.get("description", ""),
            inputs=tuple(input for input in self.inputs.values() if input is not None),
            steps=make_steps(self.report, inside),
            outputs=make_outputs(self.report, self.outputs, inside),
            stream=tuple(dict.fromkeys(root.get("stream", ()))),
            passes_off=tuple(plan.get("off", ())),
            passes_on=tuple(plan.get("on", ())),
            version=version,
            flows_deep=max(each.flows_deep for each in self.outlines.values()),
            origin=_origin_of_name(tree, self.kind),
        )


def _origin_of_name(tree: Tree, kind: str) -> Origin:
    place = tree.value_position((kind,))
    return Origin(tree.page.name, f"/{kind}", place.line, place.column)
