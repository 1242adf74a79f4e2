"""Modules and flows that made-up workflows call, beside those that ship."""

from tests.interpreter.shelf import Shelf

MODULES = (
    """
module: own.inner
inputs:
  prompt: {type: prompt, names: {word: string}}
  word: string
  again: {type: boolean, default: false}
steps:
  first: {use: llm, prompt: $inputs.prompt, names: {word: $inputs.word}}
  second:
    if: $inputs.again
    else: {text: $first.text}
    use: llm
    prompt: $inputs.prompt
    names: {word: $first.text}
outputs: {text: $second.text}
""",
    """
module: own.outer
inputs: {words: "string[]", prompt: {type: prompt, names: {word: string}}}
steps:
  each:
    for_each: $inputs.words
    use: own.inner
    prompt: $inputs.prompt
    word: "<{{ item }}>"
    again: $position == 1
  all: {fold: $each.text, start: "", use: text, template: "{{ acc | truncate(40) }}{{ item }}"}
outputs: {texts: $each.text, all: $all.text}
""",
    """
module: own.searches
inputs:
  index: index
  queries: "string[]"
  top_k: {type: integer, default: 10}
  by: {enum: [vector, lexical, hybrid], default: vector}
  where: "object?"
steps:
  vectors: {op: embed, texts: $inputs.queries}
  hits:
    op: search
    index: $inputs.index
    vectors: $vectors.vectors
    queries: $inputs.queries
    top_k: $inputs.top_k
    by: $inputs.by
    where: $inputs.where
outputs: {docs: $flatten(hits.docs)}
""",
)
FLOWS = (
    """
workflow: own-flow
inputs: {question: string, words: "string[]", mark: {type: string, default: "!"}}
steps:
  asked:
    for_each: $inputs.words
    use: llm
    prompt: "{{ inputs.question }} {{ item }}"
    on_error: null
  line: {use: text, template: "{{ inputs.question }}{{ inputs.mark }}"}
outputs: {texts: "$compact(asked.text)", line: $line.text, maybe: "$first(asked.text)"}
""",
)


def stocked(shelf: Shelf) -> Shelf:
    """Return `shelf` with all that made-up workflows call."""
    for text in MODULES:
        shelf = shelf.with_module(text)
    for text in FLOWS:
        shelf = shelf.with_flow(text)
    return shelf
