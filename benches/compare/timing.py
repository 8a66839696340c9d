"""How long a piece of work takes."""

import time


def timed(work):
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def whole(work):
    """The outcome of work that is not made up of parts: result, seconds, and no bytes of weights."""
    result, seconds = timed(work)
    return result, seconds, None
