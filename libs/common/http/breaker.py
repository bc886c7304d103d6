"""A circuit breaker: after several failures in a row, calls fail at once until a trial call succeeds."""


class CircuitBreaker:
    """Counts failures in a row; times are Unix seconds given by the caller.

    After `threshold` failures it opens for `cooldown` seconds, then lets one trial through at a time.
    """

    def __init__(self, threshold: int = 5, cooldown: float = 0.5) -> None:
        self.threshold = threshold
        self.cooldown = cooldown
        self._failures = 0
        self._opened_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are being refused."""
        return self._opened_at is not None

    def refuses(self, now: float) -> bool:
        """Whether a call that came now would be refused; unlike `allows` this begins no trial."""
        # A clock may be set back.
        return self._opened_at is not None and 0 <= now - self._opened_at < self.cooldown

    def allows(self, now: float) -> bool:
        """Whether a call may go out now; a trial call restarts the cool-down."""
        if self.refuses(now):
            return False
        if self._opened_at is not None:
            self._opened_at = now
        return True

    def succeeded(self) -> None:
        """A call was answered."""
        self._failures = 0
        self._opened_at = None

    def failed(self, now: float) -> None:
        """A call was not answered."""
        self._failures += 1
        if self._failures >= self.threshold:
            self._opened_at = now
