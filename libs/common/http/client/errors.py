"""How a request to one of our own processes may fail."""


class NotConnected(ConnectionError):
    """No connection came about: nothing was sent."""


class Disconnected(ConnectionError):
    """The connection ended before an answer began: whether the request was done is not known."""


class BadAnswer(Exception):
    """What came is no HTTP answer to the request."""


class CutShort(Exception):
    """The answer did not come to its end."""
