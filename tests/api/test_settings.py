"""Settings come from the environment, and what is malformed is refused."""

import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from api.settings import BadSetting, Settings, from_environment
from planner.passes.choice import Choice


def test_nothing_set_is_the_defaults():
    assert from_environment({"PATH": "x", "HOME": "y"}) == Settings()


def test_every_setting_is_a_variable():
    given = {f"TEOLA_{field.name.upper()}": "7" for field in fields(Settings)}
    given |= {"TEOLA_LOG": "json", "TEOLA_LOG_LEVEL": "error"}
    given |= {"TEOLA_PASSES_OFF": "split_prefill", "TEOLA_PASSES_ON": "speculate"}
    settings = from_environment(given)
    assert (settings.port, settings.data, settings.log) == (7, Path("7"), "json")
    assert settings.age("runs_age_s_max") == timedelta(seconds=7)


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("TEOLA_PROT", "1", "did you mean TEOLA_PORT?"),
        ("TEOLA_ZZZZZZZZZZZZZZZ", "1", "there are TEOLA_BODY_BYTES_MAX"),
        ("TEOLA_PORT", "http", "not a whole number"),
        ("TEOLA_PORT", "-1", "not a whole number"),
        ("TEOLA_PORT", "65536", "0 to 65535"),
        ("TEOLA_RUNS_MAX", "0", "too small"),
        ("TEOLA_LOG", "xml", "none of console, json"),
        ("TEOLA_DATA", "", "is empty"),
        ("TEOLA_PASSES_OFF", "speculate,split_prefil", "did you mean split_prefill?"),
        ("TEOLA_PASSES_ON", "everything", "there are prune_dependencies, eliminate_common"),
    ],
)
def test_what_is_wrong_is_refused_with_the_cure(name, value, cure):
    with pytest.raises(BadSetting, match=cure.replace("?", r"\?")) as caught:
        from_environment({name: value})
    assert caught.value.name == name


def test_the_page_of_settings_shows_each_with_its_default():
    page = (Path(__file__).parents[2] / "docs/settings.md").read_text()
    shown = dict(re.findall(r"^\| `TEOLA_(\w+)` \| (\S+) \|", page, re.MULTILINE))
    assert shown == {field.name.upper(): str(field.default) for field in fields(Settings)}


def test_what_may_be_left_out_is_a_path_where_it_is_given():
    settings = from_environment({"TEOLA_ENGINES": "engines.yaml"})
    assert (settings.engines, settings.corpus) == (Path("engines.yaml"), None)


def test_passes_are_names_between_commas_and_none_is_in_both():
    settings = from_environment({"TEOLA_PASSES_OFF": "split_prefill, speculate"})
    assert settings.passes() == Choice(off=frozenset({"split_prefill", "speculate"}))
    both = {"TEOLA_PASSES_OFF": "speculate", "TEOLA_PASSES_ON": "speculate"}
    with pytest.raises(BadSetting, match="TEOLA_PASSES_ON: TEOLA_PASSES_OFF has speculate"):
        from_environment(both)
