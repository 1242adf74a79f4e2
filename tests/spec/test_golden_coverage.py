"""The golden pages are all of the language: nothing it has is left out of them."""

import re

import pytest

from docs.generate_spec import PAGE
from spec.codes import CODES
from spec.load import load
from spec.problems import SpecError
from spec.vocabulary import Vocabulary
from tests.spec.constructs import every_construct, used
from tests.spec.positions import RULES, STYLES, Found, read_page
from tests.spec.test_golden import ACCEPTED, REJECTED, in_force, source_of


@pytest.fixture(scope="module")
def uses(vocabulary: Vocabulary, module_vocabulary: Vocabulary) -> dict[str, set[str]]:
    """Return, by its name, what each accepted page uses."""
    return {
        path.name: used(source_of(path), in_force(path, vocabulary, module_vocabulary))
        for path in ACCEPTED
    }


def test_every_construct_is_used_by_an_accepted_page(uses: dict[str, set[str]]):
    unused = every_construct() - set().union(*uses.values())
    assert not unused, f"no accepted page uses: {'; '.join(sorted(unused))}"


def test_what_only_one_page_uses_is_missed_without_it(uses: dict[str, set[str]]):
    alone = {
        "flows.yaml": "key of a step: flow", "in_json.json": "page: json",
        "secret.yaml": "name: secret", "text_and_escapes.yaml": "slice: [:]",
        "blocks.yaml": "key of a loop: until", "every_function.yaml": "function: most_common",
    }  # fmt: skip
    for name, construct in alone.items():
        others = set().union(*(found for other, found in uses.items() if other != name))
        assert construct in every_construct() - others


@pytest.fixture(scope="module")
def found(vocabulary: Vocabulary, module_vocabulary: Vocabulary) -> list[Found]:
    """Return every problem of the rejected pages."""
    problems = []
    for path in REJECTED:
        source = source_of(path)
        tree = read_page(source)
        with pytest.raises(SpecError) as refused:
            load(source, in_force(path, vocabulary, module_vocabulary))
        problems += [Found(problem, tree, source.media) for problem in refused.value.problems]
    return problems


def test_the_rules_are_of_every_code():
    assert list(RULES) == list(CODES)


@pytest.mark.parametrize("code", CODES)
def test_every_rule_of_a_code_has_a_rejected_page(code: str, found: list[Found]):
    here = [one for one in found if one.problem.code == code]
    unshown = [name for name, rule in RULES[code].items() if not any(map(rule, here))]
    assert not unshown, f"no rejected page shows {code}: {'; '.join(unshown)}"


@pytest.mark.parametrize("code", CODES)
def test_every_problem_stands_where_the_language_says(code: str, found: list[Found]):
    for one in found:
        if one.problem.code == code:
            assert any(rule(one) for rule in RULES[code].values()), one.problem


@pytest.mark.parametrize("style", STYLES)
def test_a_place_is_exact_in_every_style_that_has_one(style: str, found: list[Found]):
    inside = [one for one in found if one.problem.code in ("unknown-reference", "may-be-null")]
    assert any(one.style == style for one in inside)


def test_every_limit_that_a_small_page_may_pass_is_told_by_its_name(found: list[Found]):
    details = " ".join(one.problem.detail for one in found if one.problem.code == "too-large")
    named = set(re.findall(r"\(`(\w+)`\)", details))
    assert named >= {
        "blocks_deep_max", "depth_max", "expression_chars_max", "expression_depth_max",
        "formatters_max", "path_segments_max", "regex_bytes_max", "schema_depth_max",
    }  # fmt: skip
    assert not {name for name in named if f"| `{name}` |" not in PAGE.read_text("utf-8")}


def test_a_cycle_is_told_once(found: list[Found]):
    cycles = [one.problem for one in found if one.problem.code == "cycle"]
    assert len({(problem.line_text, problem.pointer) for problem in cycles}) == len(cycles)


def test_a_duplicate_key_keeps_its_first_value(found: list[Found]):
    twice = [one for one in found if one.problem.code == "duplicate-key"]
    assert all(one.value != {} and "nothing" not in str(one.value) for one in twice)
