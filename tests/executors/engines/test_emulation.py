"""Times and room of emulated engines, worked out by hand and held for whatever comes."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from executors.engines.emulation.batches import BatchTimeline
from executors.engines.emulation.calls import Lengths
from executors.engines.emulation.language import LanguageTimeline
from executors.engines.emulation.profiles import (
    PROFILES,
    BatchCost,
    BatchProfile,
    LanguageProfile,
    sped_up,
    with_numbers,
)
from executors.engines.engine import Batch, Delta, Done, Fault, FirstToken, Request
from executors.scheduler.events import BatchId

#: Numbers that are easily added up: a second for each token read, ten for each step that speaks.
PLAIN = LanguageProfile(
    model="plain",
    prefill_fixed_s=5.0,
    prefill_token_s=1.0,
    prefill_square_s=0.0,
    decode_fixed_s=10.0,
    decode_sequence_s=0.0,
    decode_token_s=0.0,
    room_tokens=1_024,
    context_tokens=1_024,
    step_tokens=1_024,
    block_tokens=4,
)


def call(prompt_tokens: int, seed: str = "a", **args: object) -> Request:
    """Return a call that reads so many tokens. The mark of the role counts."""
    text = (seed * (4 * prompt_tokens))[: 4 * prompt_tokens - len("<user>")]
    return Request(0, "decode", {"prompt": text, **args}, "run", "local")


def replica(reply_tokens: int = 3, **numbers: object) -> LanguageTimeline:
    return LanguageTimeline(replace(PLAIN, **numbers), Lengths(median=reply_tokens))


def played(timeline, *arrivals: tuple[float, Request]) -> list[tuple[float, int, str]]:
    """Send a batch for each arrival; return when each said what. Batches count from 1."""
    said = []
    coming = [(at, Batch(BatchId(n), (request,))) for n, (at, request) in enumerate(arrivals, 1)]
    while coming or timeline.next_at() is not None:
        upcoming = timeline.next_at()
        if coming and (upcoming is None or coming[0][0] <= upcoming):
            now, batch = coming.pop(0)
            said += timeline.advance(now)
            timeline.admit(batch, now)
        else:
            now = upcoming
            said += timeline.advance(now)
        if not coming or coming[0][0] > now:
            timeline.settle(now)
    return [
        (at, batch, type(emission).__name__ if emission else "end") for at, batch, emission in said
    ]


def when(said, batch: int, what: str) -> list[float]:
    return [at for at, of, kind in said if (of, kind) == (batch, what)]


def test_one_call_reads_its_prompt_then_says_a_token_a_step():
    said = played(replica(), (0.0, call(8)))
    assert when(said, 1, "FirstToken") == [13.0]  # 5 + 8
    assert when(said, 1, "Delta") == [13.0, 23.0, 33.0]
    assert when(said, 1, "Done") == when(said, 1, "end") == [33.0]


def test_calls_of_the_same_moment_begin_together():
    said = played(replica(), (0.0, call(8)), (0.0, call(8, "b")))
    assert when(said, 1, "FirstToken") == when(said, 2, "FirstToken") == [21.0]  # 5 + 8 + 8


def test_what_comes_as_a_step_ends_is_in_the_next():
    said = played(replica(), (0.0, call(8)), (13.0, call(16, "b")))
    assert when(said, 2, "FirstToken") == [39.0]  # 13 + max(5, 10) + 16


def test_what_a_search_finds_is_as_long_as_it_is_to_be():
    profile = replace(PROFILES["pgvector"], passage_tokens=50)
    timeline = BatchTimeline(profile)
    args = {"index": {"collection": "c"}, "vectors": [[0.5], [0.25]], "top_k": 3}
    timeline.admit(Batch(BatchId(1), (Request(1, "search", args, "r", "t"),)), 0.0)
    (done, _) = timeline.advance(9.0)
    found = [doc["text"] for docs in done.emission.outputs["docs"] for doc in docs]
    assert {len(text) for text in found} == {200}
    assert len(set(found)) == 6


def test_a_prompt_that_comes_later_rides_with_the_sequence_that_speaks():
    said = played(replica(), (0.0, call(8)), (15.0, call(16, "b")))
    # 13-23 one speaks; 23-49: max(5, 10) + 16, both; then two speak, of which one is done at once.
    assert when(said, 1, "Delta") == [13.0, 23.0, 49.0]
    assert when(said, 2, "Delta") == [49.0, 59.0, 69.0]


def test_without_chunks_nobody_speaks_while_a_prompt_is_read():
    said = played(replica(chunked=False), (0.0, call(8)), (15.0, call(16, "b")))
    assert when(said, 1, "Delta") == [13.0, 23.0, 54.0]  # 23-44 is 5 + 16, read alone
    assert when(said, 2, "Delta") == [44.0, 54.0, 64.0]


def test_a_long_prompt_is_cut_to_what_a_step_may_read():
    said = played(replica(reply_tokens=1, step_tokens=6), (0.0, call(16)))
    assert when(said, 1, "FirstToken") == [31.0]  # 5 + 6, 5 + 6, 5 + 4


def test_tokens_that_speak_come_off_what_a_step_may_read():
    said = played(replica(step_tokens=6), (0.0, call(2)), (7.0, call(10, "b")))
    # 7-22 the first speaks and 5 of the second are read; 22-37 it does and the rest is.
    assert when(said, 1, "Delta") == [7.0, 22.0, 37.0]
    assert when(said, 2, "FirstToken") == [37.0]


def test_squares_and_sequences_and_room_count():
    numbers = {"prefill_square_s": 0.5, "decode_sequence_s": 2.0, "decode_token_s": 0.25}
    said = played(replica(reply_tokens=2, **numbers), (0.0, call(8)))
    first = 5 + 8 + 0.5 * 64
    assert when(said, 1, "Delta") == [first, first + 10 + 2 + 0.25 * (8 + 1)]


def test_what_begins_alike_is_read_once():
    timeline = replica(reply_tokens=1)
    said = played(timeline, (0.0, call(16)), (100.0, call(16)))
    assert when(said, 1, "FirstToken") == [21.0]
    assert when(said, 2, "FirstToken") == [109.0]  # 5 + 4: three of four blocks are there
    later = LanguageTimeline(PLAIN, Lengths(median=1))
    found = _done(later, call(16), call(16))
    assert [each.tokens_cached for each in found] == [0, 12]


def test_another_tenant_shares_nothing():
    other = replace(call(16), tenant="other")
    assert [each.tokens_cached for each in _done(replica(), call(16), other)] == [0, 0]


def test_without_a_prefix_cache_everything_is_read_again():
    found = _done(replica(prefix_cache=False), call(16), call(16))
    assert [each.tokens_cached for each in found] == [0, 0]


def test_what_was_longest_unused_makes_room():
    timeline = replica(reply_tokens=1, room_tokens=24)  # six blocks; a call takes five
    calls = [call(16), call(16, "b"), call(16), call(16)]
    assert [each.tokens_cached for each in _done(timeline, *calls)] == [0, 0, 4, 12]


def test_a_call_waits_until_there_is_room_for_all_it_will_hold():
    numbers = {"room_tokens": 24, "prefix_cache": False}
    said = played(replica(**numbers), (0.0, call(16)), (1.0, call(16, "b")))
    assert when(said, 1, "Done") == [41.0]
    assert when(said, 2, "FirstToken") == [62.0]  # not before 41


def test_no_more_sequences_begin_than_there_may_be():
    said = played(replica(sequences=1), (0.0, call(8)), (1.0, call(8, "b")))
    assert when(said, 2, "FirstToken") == [33.0 + 13.0]


def test_what_no_room_will_ever_hold_is_refused_at_once():
    timeline = replica(room_tokens=24)
    timeline.admit(Batch(BatchId(1), (call(40),)), 7.0)
    (fault, end) = timeline.advance(7.0)
    assert isinstance(fault.emission, Fault)
    assert fault.emission.code == "context-overflow"
    assert (fault.at, end.emission) == (7.0, None)


def test_a_call_that_is_abandoned_frees_its_room_at_once():
    timeline = replica(room_tokens=24, prefix_cache=False)
    timeline.admit(Batch(BatchId(1), (call(16),)), 0.0)
    timeline.settle(0.0)
    timeline.admit(Batch(BatchId(2), (call(16, "b"),)), 1.0)
    timeline.settle(1.0)
    timeline.advance(2.0)
    timeline.abandon(BatchId(1), 2.0)
    timeline.settle(2.0)
    assert timeline.cache.used == 0
    said = timeline.advance(42.0)  # the step under way ends at 21, the next takes 21
    assert [(at, batch) for at, batch, emission in said if isinstance(emission, FirstToken)] == [
        (42.0, 2)
    ]
    assert {batch for _, batch, _ in said} == {2}


def test_a_batch_takes_what_its_rows_take():
    profile = BatchProfile("embedding", "plain", {"embed": BatchCost(2.0, 0.5)})
    timeline = BatchTimeline(profile)
    embed = [Request(n, "embed", {"texts": ["x"] * rows}, "r", "t") for n, rows in ((1, 3), (2, 5))]
    timeline.admit(Batch(BatchId(1), tuple(embed)), 1.0)
    assert timeline.next_at() == 1.0 + 2.0 + 0.5 * 8
    said = timeline.advance(7.0)
    assert [type(each.emission) for each in said] == [Done, Done, type(None)]


def test_faster_profiles_take_less_and_own_numbers_count():
    quick = sped_up(PLAIN, 10)
    assert (quick.prefill_fixed_s, quick.decode_fixed_s, quick.room_tokens) == (0.5, 1.0, 1_024)
    numbers = {"decode_fixed_ms": 12.5, "sequences": 2, "chunked": False}
    own = with_numbers(PROFILES["llama-3.1-8b-4090"], numbers)
    assert (own.decode_fixed_s, own.sequences, own.chunked) == (0.0125, 2, False)
    store = with_numbers(PROFILES["pgvector"], {"search": {"row_ms": 4}})
    assert (store.costs["search"].row_s, store.costs["ingest"].row_s) == (0.004, 0.4e-3)


def _done(timeline: LanguageTimeline, *requests: Request):
    """Make calls one after another; return what each used."""
    usage, now = [], 0.0
    for number, request in enumerate(requests, 1):
        timeline.admit(Batch(BatchId(number), (request,)), now)
        timeline.settle(now)
        while (upcoming := timeline.next_at()) is not None:
            now = upcoming
            said = timeline.advance(now)
            timeline.settle(now)
            usage += [each.emission.usage for each in said if isinstance(each.emission, Done)]
    return usage


ARRIVALS = st.lists(
    st.tuples(
        st.floats(0, 200),
        st.integers(2, 60),
        st.sampled_from(["a", "b", "ab"]),
        st.integers(1, 12),
        st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(
    arrivals=ARRIVALS,
    room=st.sampled_from([80, 160, 1_024]),
    step=st.sampled_from([4, 16, 1_024]),
    chunked=st.booleans(),
    cached=st.booleans(),
)
def test_whatever_comes_all_is_answered_once_and_the_room_is_kept(
    arrivals, room, step, chunked, cached
):
    timeline = replica(
        room_tokens=room, step_tokens=step, chunked=chunked, prefix_cache=cached, sequences=5
    )
    coming = sorted(enumerate(arrivals, 1), key=lambda each: each[1][0])
    said, dropped, clock = [], set(), 0.0
    while coming or timeline.next_at() is not None:
        upcoming = timeline.next_at()
        if coming and (upcoming is None or coming[0][1][0] <= upcoming):
            number, (now, tokens, seed, reply, drop) = coming.pop(0)
            said += timeline.advance(now)
            timeline.admit(Batch(BatchId(number), (call(tokens, seed, max_tokens=reply),)), now)
            if drop:
                dropped.add(number)
                timeline.abandon(BatchId(number), now)
        else:
            now = upcoming
            said += timeline.advance(now)
        if not coming or coming[0][1][0] > now:
            timeline.settle(now)
        assert now >= clock
        clock = now
        cache = timeline.cache
        assert 0 <= cache.used <= cache.used + len(cache.idle) <= cache.blocks
    assert cache.used == 0
    assert [each.at for each in said] == sorted(each.at for each in said)
    for number, (_, _, _, reply, _) in enumerate(arrivals, 1):
        mine = [each.emission for each in said if each.batch == number]
        if number in dropped:
            assert not mine
            continue
        assert mine[-1] is None
        assert sum(isinstance(each, Done | Fault) for each in mine) == 1
        if isinstance(mine[0], FirstToken):
            done = mine[-2]
            assert isinstance(done, Done)
            text = "".join(each.text for each in mine if isinstance(each, Delta))
            assert text == done.outputs["text"]
            assert done.usage.tokens_out == min(3, reply)
            assert 0 <= done.usage.tokens_cached < done.usage.tokens_in


def ahead(prompt_tokens: int, tenant: str = "local") -> Request:
    """Return a hint that so many tokens will begin a prompt of `call`."""
    return Request(0, "partial_prefill", dict(call(prompt_tokens).args), "run", tenant)


def test_what_was_read_ahead_is_not_read_again():
    said = played(replica(), (0.0, ahead(16)), (50.0, call(32)))
    assert when(said, 1, "Done") == [17.0]  # 5 + three blocks of 4, the fourth held back
    assert when(said, 1, "FirstToken") == when(said, 1, "Delta") == []
    assert when(said, 2, "FirstToken") == [50.0 + 5.0 + 32 - 12]


def test_nobody_finds_what_was_read_ahead_for_another():
    said = played(replica(), (0.0, ahead(16, "other")), (50.0, call(32)))
    assert when(said, 2, "FirstToken") == [50.0 + 5.0 + 32]


def test_less_than_two_blocks_are_not_read_ahead_and_cost_nothing():
    said = played(replica(), (0.0, ahead(7)))
    assert when(said, 1, "Done") == [0.0]


def test_without_a_cache_of_prefixes_nothing_is_read_ahead():
    timeline = replica(prefix_cache=False)
    timeline.admit(Batch(BatchId(1), (ahead(16),)), 0.0)
    (told, _) = timeline.advance(0.0)
    assert isinstance(told.emission, Fault)
    assert told.emission.code == "unsupported-op"
