"""The closed set of operations: their ports, the kind of pool that runs them, how they may be cut.

Adding a row here is what makes a new `op:` exist.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from spec.model import Follows, Input, Origin
from spec.types import ANY, Type, parse_type
from spec.values import JSON, Literal
from spec.vocabulary import Signature

#: Types of ports that primitives hand to one another, and nobody can look into.
INNER_WORDS = frozenset({"call", "vector"})
#: What only an `alias` takes: any port, whatever it hands over.
PORT = Type("port")

_BUILT_IN = Origin(source="built in", pointer="", line=1, column=1)


@dataclass(frozen=True, slots=True)
class Cut:
    """Rows of input `takes` are independent; outputs `gives` of pieces, joined, are the whole."""

    takes: str
    gives: str


@dataclass(frozen=True, slots=True)
class OpSpec:
    """One operation. `continues` names the op that shares its engine request, as decode does.

    `each` are the inputs whose rows are taken one by one, as they come; all others are waited for
    as a whole. `later` names the ports that no engine can serve yet. One that is `computed` needs
    no engine, and only the planner makes it; a `hint` goes to one, gives nothing, and only passes
    make it. What a `pure` one gives follows from what goes in, and nothing else comes of it; a
    model may throw dice. `inner` inputs are given by passes alone.
    """

    name: str
    kind: str
    signature: Signature
    each: tuple[str, ...] = ()
    cut: Cut | None = None
    continues: str | None = None
    streams: str | None = None
    later: frozenset[str] = field(default_factory=frozenset)
    computed: bool = False
    pure: bool = False
    hint: bool = False
    inner: tuple[Input, ...] = ()
    served: tuple[Input, ...] = field(init=False, repr=False)  #: the inputs that engines are handed
    blanks: tuple[tuple[str, Literal], ...] = field(init=False, repr=False)  #: their defaults
    required: frozenset[str] = field(init=False, repr=False)
    given: tuple[str, ...] = field(init=False, repr=False)  #: the outputs that engines give
    inputs: Mapping[str, Input] = field(init=False, repr=False)  #: those of authors, and inner ones

    @property
    def authored(self) -> bool:
        """Whether a document may name it."""
        return not (self.computed or self.hint)

    def __post_init__(self) -> None:
        ports, later = self.signature, self.later
        served = tuple(each for id, each in ports.inputs.items() if id not in later)
        object.__setattr__(self, "served", served)
        blanks = tuple((each.id, Literal(each.default)) for each in served)
        object.__setattr__(self, "blanks", blanks)
        required = frozenset(id for id, each in ports.inputs.items() if each.required)
        object.__setattr__(self, "required", required)
        given = tuple(port for port in ports.outputs if port not in later)
        object.__setattr__(self, "given", given)
        inner = {each.id: each for each in self.inner}
        object.__setattr__(self, "inputs", {**ports.inputs, **inner})


def _type(text: str) -> Type:
    return PORT if text == PORT.word else parse_type(text) or ANY


def _input(
    port: str, default: JSON = None, least: int | None = None, most: int | None = None
) -> Input:
    """Make an input from `name: type`: required, unless it may be null or has a default."""
    id, text = port.split(": ")
    type = _type(text)
    limits = {"minimum": least, "maximum": most}
    return Input(
        id=id,
        type=type,
        required=default is None and not type.optional,
        default=default,
        schema={key: at for key, at in limits.items() if at is not None},
        description="",
        origin=_BUILT_IN,
    )


def _one_of(id: str, choices: tuple[str, ...]) -> Input:
    """Make an input that takes one of `choices`, the first when nothing is given."""
    return replace(_input(f"{id}: string", choices[0]), schema={"enum": list(choices)})


def _signature(inputs: tuple[Input | str, ...], outputs: str, **follows: Follows) -> Signature:
    """Make a signature; an input that is only `name: type` needs no more, as outputs never do."""
    made = (_input(each) if isinstance(each, str) else each for each in inputs)
    ports = (port.split(": ") for port in outputs.split(", "))
    return Signature(
        inputs={each.id: each for each in made},
        outputs={name: _type(text) for name, text in ports},
        follows=follows,
    )


_CHUNK = OpSpec(
    "chunk",
    "inline",
    _signature(
        (
            "text: any",
            _input("size: integer", 512, least=1, most=8192),
            _input("overlap: integer", 0, least=0, most=8191),
        ),
        "items: doc[]",
    ),
    pure=True,
)
_EMBED = OpSpec(
    "embed",
    "embedding",
    _signature(("texts: any[]?",), "vectors: vector[]"),
    each=("texts",),
    cut=Cut("texts", "vectors"),
    pure=True,
)
_INGEST = OpSpec(
    "ingest",
    "vector",
    _signature(("chunks: doc[]?", "vectors: vector[]?", "name: string?"), "index: index"),
    each=("chunks", "vectors"),
    inner=(_input("into: index?"),),  #: a private index of this run that has had no reader yet
)
_SEARCH = OpSpec(
    "search",
    "vector",
    _signature(
        (
            "index: index",
            "vectors: vector[]",
            _input("top_k: integer", 10, least=1, most=1000),
            "queries: string[]?",
            _one_of("by", ("vector", "lexical", "hybrid")),
            "where: object?",
        ),
        "docs: doc[][]",
    ),
    each=("vectors", "queries"),
    pure=True,
)
_RERANK = OpSpec(
    "rerank",
    "rerank",
    _signature(("query: string", "docs: doc[]", _input("top_k: integer?", least=1)), "docs: doc[]"),
    each=("docs",),
    pure=True,
)
_PREFILL = OpSpec(
    "prefill",
    "llm",
    _signature(
        (
            "prompt: prompt?",
            "system: prompt?",
            "names: object?",
            _input("messages: message[]", []),
            _input("tools: string[]", []),
        ),
        "call: call",
    ),
    later=frozenset({"tools"}),
    pure=True,
)
_PARTIAL_PREFILL = OpSpec(
    "partial_prefill",
    "llm",
    Signature(
        inputs={id: each for id, each in _PREFILL.signature.inputs.items() if id != "names"},
        outputs={},
        follows={},
    ),
    later=_PREFILL.later,
    hint=True,
)
_STOP = replace(
    _input("stop: string[]?"),
    schema={"maxItems": 8, "items": {"type": "string", "minLength": 1, "maxLength": 64}},
)
_DECODE = OpSpec(
    "decode",
    "llm",
    _signature(
        (
            "call: call",
            _input("temperature: number", 0, least=0, most=2),
            _input("max_tokens: integer?", least=1, most=32_768),
            _STOP,
            _input("seed: integer?", least=0),
            _one_of("form", ("text", "list", "json")),
            _input("items: integer?", least=1, most=1000),
            _input("min_items: integer", 0, least=0, most=1000),
            "schema: schema?",
        ),
        "text: string, items: string[], value: object, message: message, messages: message[], "
        "tool_calls: object[]",
        items=Follows("schema", "listed"),
        value=Follows("schema", "described"),
    ),
    continues="prefill",
    streams="text",
    pure=True,
)
_WEB_SEARCH = OpSpec(
    "web_search",
    "web",
    _signature(("query: string", _input("top_k: integer", 5, least=1, most=100)), "docs: doc[]"),
)
_HTTP = OpSpec(
    "http",
    "http",
    _signature(
        (
            "target: string",
            _one_of("method", ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")),
            _input("path: string", ""),
            "query: object?",
            "body: any?",
            "auth: secret?",
        ),
        "status: integer, body: any, text: string",
    ),
)
_TOOL = OpSpec(
    "tool",
    "tool",
    _signature(
        ("name: string", _input("arguments: object", {})),
        "value: any, text: string, error: string?",
    ),
)
_MERGE_TOP_K = OpSpec(
    "merge_top_k",
    "inline",
    _signature(
        (
            "lists: any[]",
            _one_of("by", ("rrf", "score", "order")),
            _input("k: integer", 60, least=0),
            _input("top_k: integer?", least=1),
        ),
        "docs: doc[]",
    ),
    pure=True,
)
_AGGREGATE = OpSpec(
    "aggregate", "inline", _signature(("lists: any[]",), "messages: message[]"), pure=True
)
_FORMAT = OpSpec(
    "format",
    "inline",
    _signature(("template: prompt", "doc: doc?"), "text: string, doc: doc"),
    pure=True,
)
_SELECT = OpSpec(
    "select",
    "inline",
    _signature(("value: any?",), "value: any", value=Follows("value", "given")),
    pure=True,
)
_OPEN = OpSpec(
    "open",
    "inline",
    _signature(
        (
            "condition: any?",
            "items: any?",
            "start: any?",
            "max: any?",
            "fan_in: any?",
            "key: any?",
            "cut: any?",
            "lent: any?",
        ),
        "items: any, start: any",
    ),
    each=("items", "cut"),
    computed=True,
)
_CLOSE = OpSpec(
    "close",
    "inline",
    _signature(
        (
            "value: any?",
            "until: any?",
            "rows: any?",
            "fields: string[]?",
            "collect: string?",
            "fault: string?",
            "keep_as: string?",
            "keep_ms: integer?",
        ),
        "value: any",
    ),
    computed=True,
)

_JOIN = OpSpec(
    "join",
    "inline",
    _signature(
        (
            "lists: any[]",
            _one_of("by", ("order", "score")),
            "top_k: integer?",
            _one_of("port", ("docs", "vectors")),
        ),
        "docs: any, vectors: vector[]",
    ),
    computed=True,
)
_ALIAS = OpSpec("alias", "inline", _signature(("of: port",), "value: any"), computed=True)
_BARRIER = OpSpec("barrier", "inline", Signature(inputs={}, outputs={}, follows={}), computed=True)

OPS: Mapping[str, OpSpec] = MappingProxyType(
    {
        op.name: op
        for op in (
            _CHUNK, _EMBED, _INGEST, _SEARCH, _RERANK, _PREFILL, _DECODE, _WEB_SEARCH, _HTTP, _TOOL,
            _PARTIAL_PREFILL, _MERGE_TOP_K, _AGGREGATE, _FORMAT, _SELECT, _OPEN, _CLOSE, _JOIN,
            _ALIAS, _BARRIER,
        )
    }
)  # fmt: skip

#: Operations that are only the beginning of an engine request.
BEGINNINGS = frozenset(op.continues for op in OPS.values() if op.continues is not None)
