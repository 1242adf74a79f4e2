"""From the arguments of a step to the body that an OpenAI-compatible server takes. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

import orjson

from executors.engines.control_tokens import ControlTokens
from executors.engines.engine import Request
from executors.engines.firewall import (
    MESSAGES_MAX,
    NotSendable,
    message,
    priority,
    sampling,
    text,
)
from executors.engines.openai_dialects import ANY, Dialect
from spec.values import JSON

Api = Literal["chat", "completions"]
PATHS: Mapping[Api, str] = {"chat": "/chat/completions", "completions": "/completions"}


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that a model may ask for; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, JSON]


#: Describes a tool by its name; None where there is none.
Describe = Callable[[str], Tool | None]


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a server. `structured`: it can be held to a JSON Schema while it writes.

    `priorities`: the server orders its queue by them. `cache_per_tenant`: it keeps prefixes apart
    by a salt, and each tenant has one. `block_tokens`: the tokens of one block of its cache, asked
    of the server where it is not given. `control`: what no text of a chat may spell. `dialect`: how
    its server differs from others.
    """

    name: str
    api: Api = "chat"
    structured: bool = False
    priorities: bool = False
    cache_per_tenant: bool = False
    block_tokens: int | None = None
    control: ControlTokens = field(default_factory=ControlTokens)
    dialect: Dialect = ANY

    @property
    def warms(self) -> bool:
        """Whether the server is known to have what reading ahead needs, as vLLM does: tokens that
        it tells, and a cache whose blocks it tells, or the operator.
        """
        return self.priorities or self.cache_per_tenant or self.block_tokens is not None


def body_of(request: Request, model: Model, describe: Describe) -> dict[str, Any]:
    """Return what to send for one call. Raise `NotSendable`."""
    args, options = request.args, model.dialect.stream_options
    return {
        "model": model.name,
        **said_of(args, model, describe),
        **_sampling(args, model),
        **treated(model, request.tenant, request.priority),
        **(_response_format(args, model.dialect) if model.structured else {}),
        "stream": True,
        **({"stream_options": dict.fromkeys(options, True)} if options else {}),
    }


def said_of(args: Mapping[str, Any], model: Model, describe: Describe) -> dict[str, Any]:
    """Return what of a body is the prompt: `prompt`, or `messages` and `tools`. `NotSendable`."""
    if model.api == "completions":
        return _prompt(args)
    said = _conversation(args, describe)
    return {**said, "messages": [model.control.message_apart(each) for each in said["messages"]]}


def treated(model: Model, tenant: str, order: int) -> dict[str, Any]:
    """Return how the server is to treat a request, as far as it goes by that. `NotSendable`."""
    asked: dict[str, Any] = {}
    if model.priorities:
        asked["priority"] = -priority(order)  # there, less is sooner
    if model.cache_per_tenant:
        # No name leaves, and a salt may hold neither all characters nor any number of them.
        asked["cache_salt"] = sha256(tenant.encode()).hexdigest()
    return asked


def stops_kept(args: Mapping[str, Any], dialect: Dialect) -> list[str]:
    """Return the stop strings that the server is not told of. Raise `NotSendable`."""
    told = dialect.stops_max
    return [] if told is None else list(sampling(args).get("stop", ())[told:])


def _sampling(args: Mapping[str, Any], model: Model) -> dict[str, Any]:
    asked, dialect = sampling(args), model.dialect
    if "stop" in asked:
        asked["stop"] = asked["stop"][: dialect.stops_max]
    if model.api == "chat" and "max_tokens" in asked:
        asked[dialect.reply_tokens] = asked.pop("max_tokens")
    return asked


def _conversation(args: Mapping[str, Any], describe: Describe) -> dict[str, Any]:
    given = args.get("messages") or []
    if not isinstance(given, list) or len(given) > MESSAGES_MAX:
        raise NotSendable(f"`messages` must be a list of at most {MESSAGES_MAX}")
    messages = [_on_the_wire(message(each)) for each in given]
    if args.get("system") is not None:
        messages.insert(0, {"role": "system", "content": text("system", args["system"])})
    if args.get("prompt") is not None:
        messages.append({"role": "user", "content": text("prompt", args["prompt"])})
    if not messages:
        raise NotSendable("there is neither a prompt nor a message")
    tools = [_tool(name, describe) for name in args.get("tools") or []]
    return {"messages": messages} | ({"tools": tools} if tools else {})


def _prompt(args: Mapping[str, Any]) -> dict[str, Any]:
    if args.get("messages") or args.get("tools"):
        raise NotSendable("the pool completes plain text: it takes neither messages nor tools")
    parts = [text(name, args[name]) for name in ("system", "prompt") if args.get(name) is not None]
    if not parts:
        raise NotSendable("there is no prompt")
    return {"prompt": "\n\n".join(parts)}


def _on_the_wire(said: dict[str, Any]) -> dict[str, Any]:
    if "tool_calls" not in said:
        return said
    calls = [
        {
            "id": call["id"],
            "type": "function",
            "function": {
                "name": call["name"],
                "arguments": orjson.dumps(call["arguments"]).decode(),
            },
        }
        for call in said["tool_calls"]
    ]
    return {**said, "tool_calls": calls}


def _tool(name: Any, describe: Describe) -> dict[str, Any]:
    tool = describe(name) if isinstance(name, str) else None
    if tool is None:
        raise NotSendable(f"there is no tool {name!r:.80}")
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }
    return {"type": "function", "function": function}


def _response_format(args: Mapping[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Hold the model to the form of the step, as far as a schema can say it."""
    schema: dict[str, JSON]
    match args.get("form"):
        case "json":
            schema = args.get("schema") or {"type": "object"}
        case "list":
            schema = _list_schema(args)
        case _:
            return {}
    if dialect.schema_form == "json_object":
        return {"response_format": {"type": "json_object", "schema": schema}}
    asked = {"name": "reply", "schema": schema, "strict": _is_strict(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": asked}}


def _list_schema(args: Mapping[str, Any]) -> dict[str, JSON]:
    # Servers hold models to objects only, so the list is one's `items`.
    items = {"type": "array", "items": args.get("schema") or {"type": "string"}}
    limits = {"minItems": args.get("min_items"), "maxItems": args.get("items")}
    items |= {name: limit for name, limit in limits.items() if limit}
    return {
        "type": "object",
        "properties": {"items": items},
        "required": ["items"],
        "additionalProperties": False,
    }


def _is_strict(schema: JSON) -> bool:
    """Say whether every object has all its properties and no others, as `strict` asks."""
    if isinstance(schema, list):
        return all(map(_is_strict, schema))
    if not isinstance(schema, dict):
        return True
    if "object" in (schema.get("type"), *_words(schema.get("type"))):
        properties = schema.get("properties") or {}
        closed = schema.get("additionalProperties") is False
        if not closed or set(properties) != set(schema.get("required") or ()):
            return False
    return all(map(_is_strict, schema.values()))


def _words(type: JSON) -> list[str]:
    return type if isinstance(type, list) else []
