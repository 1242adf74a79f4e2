"""The cut of a prompt that is not all known: laws that hold for any two renderings."""

from hypothesis import given
from hypothesis import strategies as st

from executors.engines.warm_cut import CONTINUATIONS, warm_cut

IDS = st.lists(st.integers(0, 3), max_size=120)


@given(IDS, IDS, IDS, st.integers(1, 40))
def test_it_is_whole_blocks_of_what_both_begin_with_and_one_is_left(shared, one, other, block):
    one, other = shared + one, shared + other
    cut = warm_cut(one, other, block)
    common = 0
    while common < min(len(one), len(other)) and one[common] == other[common]:
        common += 1
    assert cut % block == 0
    assert one[:cut] == other[:cut]
    assert cut == 0 or cut + block <= common
    assert common - cut < 2 * block  # and no more is left than has to be
    assert cut == warm_cut(other, one, block)


def test_what_two_renderings_go_on_with_has_nothing_in_common():
    one, other = CONTINUATIONS
    assert one[0] != other[0]
