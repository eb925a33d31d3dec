"""How an exercise is attempted and checked.

An exercise has a stub that returns `...`, and a check: a function that tries an answer and returns None if it
is right, else the reason in a sentence.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from utils import settings


class _NotAttempted(Exception):
    """The stub was called before anything was written into it."""


class _ReturnedNothing(Exception):
    """The answer ended without a `return`."""


def attempt(answer: Callable, check: Callable[[Callable], str | None]) -> None:
    """Try an answer and print "not attempted", "✓", or "✗" with the reason. Never raises.

    An answer that returns nothing, or something that the check stumbles over, is met with words as well.

    Parameters
    ----------
    answer
        The student's function. It counts as not attempted while it returns `...`.
    check
        Takes the answer, returns None if it is right, else says what is wrong.
    """
    tried = _Tried(answer)
    try:
        reason = check(tried)
    except _NotAttempted:
        print(f"{tried.__name__}: not attempted")
        return
    except _ReturnedNothing:
        reason = "it returned None: is a `return` missing?"
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        reason = (
            f"it raised {said}"
            if tried.failed
            else f"it returned {tried.described()}; not what is asked ({said})"
        )
    print(settings.printable(f"{tried.__name__}: ✓" if reason is None else f"{tried.__name__}: ✗ {reason}"))


def misshapen(result, shape: tuple[int, ...]) -> str | None:
    """Return in words why a result is no array of numbers of this shape, or None if it is one.

    Parameters
    ----------
    result
        What an answer returned: a number, a list, an array or a tensor.
    shape
        The shape wanted; () for a single number.
    """
    wanted = f"an array of shape {shape}" if shape else "a single number"
    try:
        array = np.asarray(result)
    except Exception:  # a ragged list, or an object that only looks like an array
        return f"it returned {_described(result)}: return {wanted}"
    if array.dtype.kind not in "biuf":
        return f"it returned {_described(result)}: return {wanted}"
    if array.shape != shape:
        got = f"an array of shape {array.shape}" if array.shape else "a single number"
        transposed = len(shape) > 1 and array.shape == shape[::-1]
        return f"it returned {got}: return {wanted}" + (", the transpose" if transposed else "")
    return None


class _Tried:
    """An answer under trial: calls it, and remembers what it returned and whether it failed by itself."""

    def __init__(self, answer: Callable):
        functools.update_wrapper(self, answer)
        self.__name__ = getattr(answer, "__name__", type(answer).__name__)
        self.answer, self.result, self.failed = answer, None, False

    def __call__(self, *args, **kwargs):
        try:
            self.result = self.answer(*args, **kwargs)
        except Exception:
            self.failed = True
            raise
        if self.result is ...:
            raise _NotAttempted
        if self.result is None:
            raise _ReturnedNothing
        return self.result

    def described(self) -> str:
        return _described(self.result)


def _described(value) -> str:
    """Return a value and its type in a few words: "'a' (a str)", "an array of shape (3,)"."""
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    text = repr(value)
    return f"{text if len(text) <= 40 else text[:37] + '…'} (of type {type(value).__name__})"
