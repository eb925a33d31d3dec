"""How an exercise is attempted and checked.

An exercise has a stub that returns `...`, and a check: a function that tries an answer and returns None if it
is right, else the reason in a sentence.
"""

from __future__ import annotations

import functools
from collections.abc import Callable


class _NotAttempted(Exception):
    """The stub was called before anything was written into it."""


def attempt(answer: Callable, check: Callable[[Callable], str | None]) -> None:
    """Try an answer and print "not attempted", "✓", or "✗" with the reason. Never raises.

    Parameters
    ----------
    answer
        The student's function. It counts as not attempted while it returns `...`.
    check
        Takes the answer, returns None if it is right, else says what is wrong.
    """
    name = answer.__name__
    try:
        reason = check(_guard(answer))
    except _NotAttempted:
        print(f"{name}: not attempted")
    except Exception as error:
        print(f"{name}: ✗ it raised {type(error).__name__}: {error}")
    else:
        print(f"{name}: ✓" if reason is None else f"{name}: ✗ {reason}")


def _guard(answer: Callable) -> Callable:
    """Return the answer, made to raise _NotAttempted where it returns `...`."""

    @functools.wraps(answer)
    def guarded(*args, **kwargs):
        result = answer(*args, **kwargs)
        if result is ...:
            raise _NotAttempted
        return result

    return guarded
