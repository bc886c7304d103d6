"""The collector of garbage rests for a while, and no longer."""

import gc

import pytest

from libs.common.garbage import uncollected


def test_it_works_again_afterwards_whatever_happened() -> None:
    def fail() -> None:
        assert not gc.isenabled()
        raise RuntimeError

    assert gc.isenabled()
    with pytest.raises(RuntimeError), uncollected():
        fail()
    assert gc.isenabled()


def test_one_that_rested_before_goes_on_resting() -> None:
    with uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()


def test_it_passes_over_the_tests_and_what_they_import() -> None:
    assert not any(one is globals() for one in gc.get_objects())
