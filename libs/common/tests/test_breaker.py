"""The circuit breaker."""

from libs.common.http.breaker import CircuitBreaker


def test_it_opens_after_failures_in_a_row_and_lets_one_trial_through() -> None:
    breaker = CircuitBreaker(threshold=3, cooldown=2)
    for _ in range(3):
        assert breaker.allows(0)
        breaker.failed(0)
    assert not breaker.allows(1)
    assert breaker.allows(2.5)
    assert not breaker.allows(2.6)
    breaker.succeeded()
    assert breaker.allows(2.7)


def test_a_success_in_between_starts_the_count_again() -> None:
    breaker = CircuitBreaker(threshold=2)
    breaker.failed(0)
    breaker.succeeded()
    breaker.failed(0)
    assert breaker.allows(0)


def test_a_clock_that_is_set_back_keeps_nothing_away() -> None:
    breaker = CircuitBreaker(threshold=1, cooldown=2)
    breaker.failed(5_000)
    assert not breaker.refuses(1_000)
    assert breaker.allows(1_000)
    assert not breaker.allows(1_001)
