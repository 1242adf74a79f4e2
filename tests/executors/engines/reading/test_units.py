"""What can be quoted of a passage, and what it stands under."""

from executors.engines.reading.units import Unit, read_units


def texts(passage: str) -> list[str]:
    return [unit.text for unit in read_units([passage]) if unit.quotable]


def test_wrapped_lines_are_joined() -> None:
    passage = "The hall was finished in\n1912 by a builder from York, who\nhad never built one."
    assert texts(passage) == [" ".join(passage.split())]


def test_abbreviations_initials_and_numbers_end_no_sentence() -> None:
    sentence = "Dr. A. J. Stone paid £4.50 for the manuscript at approx. 9.30 in the morning."
    assert texts(f"It rained. {sentence} Nobody else came.") == [
        "It rained.",
        sentence,
        "Nobody else came.",
    ]


def test_sentences_of_one_paragraph_follow_each_other() -> None:
    units = read_units(["One. Two.\n\nThree.", "Four."])
    assert units == [
        Unit("One.", True, 0, "", follows=False),
        Unit("Two.", True, 0, "", follows=True),
        Unit("Three.", True, 0, "", follows=False),
        Unit("Four.", True, 1, "", follows=False),
    ]


def test_headings_are_context_and_no_units() -> None:
    passage = "## Garden ##\n\nOpen until six.\n\nShop\n====\nOpen until five. 2. Never.\n"
    assert [(unit.text, unit.above) for unit in read_units([passage])] == [
        ("Open until six.", "Garden"),
        ("Open until five.", "Shop"),
        ("2. Never.", "Shop"),
    ]
    assert texts("Home\n\nAbout us\n\nRoses.") == ["Roses."]
    assert (
        read_units(["It rained.\n2. The machine\nIt weighs a ton."])[-1].above == "2. The machine"
    )


def test_questions_are_context_and_not_quotable() -> None:
    question, answer = read_units(["May I bring my own food? Picnics are fine."])
    assert not question.quotable
    assert answer == Unit("Picnics are fine.", True, 0, "", follows=True)


def test_a_list_item_is_one_unit_without_its_bullet() -> None:
    passage = (
        "Rules:\n\n- Dogs. Keep them on\n  a lead.\n- No fires\n\n3) Bicycles outside.\n\nBye."
    )
    assert read_units([passage])[1:] == [
        Unit("Dogs. Keep them on a lead.", True, 0, "Rules:", follows=False),
        Unit("No fires", True, 0, "Rules:", follows=True),
        Unit("Bicycles outside.", True, 0, "Rules:", follows=True),
        Unit("Bye.", True, 0, "", follows=False),
    ]


def test_a_long_list_item_is_its_sentences() -> None:
    assert texts(f"- {'Word ' * 30}end. {'More ' * 30}end.") == [
        f"{'Word ' * 30}end.",
        f"{'More ' * 30}end.",
    ]


def test_a_table_row_is_one_unit_and_its_head_is_context() -> None:
    passage = "| Day | Hours |\n|---|:--:|\n| Monday | closed |\n| Tuesday | 9 - 17 |\n\nCome."
    assert read_units([passage]) == [
        Unit("Monday | closed", True, 0, "Day | Hours", follows=False),
        Unit("Tuesday | 9 - 17", True, 0, "Day | Hours", follows=True),
        Unit("Come.", True, 0, "", follows=False),
    ]


def test_page_numbers_and_running_titles_are_dropped_and_torn_sentences_mended() -> None:
    torn = "The comet was discovered by Anna Berg, who had been"
    assert texts(f"{torn}\n\nAnnual report\nPage 3\nawake all night.") == [
        f"{torn} awake all night."
    ]


def test_other_scripts_are_cut_too() -> None:
    assert texts("图书馆九点开门。我们关门早。") == ["图书馆九点开门。", "我们关门早。"]


def test_what_has_no_letter_or_digit_is_nothing() -> None:
    assert read_units(["* * *\n\n---\n\n...\n\n-\n\n|  |  |"]) == []
