"""Every lecture's exercises: the stub, the solution and typical wrong answers, each fed to its check."""

import os
import runpy
import subprocess
import sys

import numpy as np
import pytest

import lecture_source
from utils.exercises import attempt, misshapen

EXERCISES = [
    (stem, name.removesuffix("_solution"))
    for stem in lecture_source.STEMS
    for name in sorted(lecture_source.defined(stem))
    if name.endswith("_solution")
]
WRONG = {
    path.stem: runpy.run_path(str(path))["WRONG"]
    for path in sorted((lecture_source.ROOT / "tests" / "wrong_answers").glob("[0-9][0-9].py"))
}
WRONG_ANSWERS = [
    pytest.param(stem, name, answer, words, id=f"{stem[:2]}-{name}-{number}")
    for stem, name in EXERCISES
    for number, (answer, words) in enumerate(WRONG.get(stem[:2], {}).get(name, ()), 1)
]


def said_to(answer, check, capsys):
    """Attempt an answer and return what was printed behind its name."""
    attempt(answer, check)
    return capsys.readouterr().out.rstrip("\n").partition(": ")[2]


@pytest.fixture(params=EXERCISES, ids=lambda exercise: "-".join(exercise))
def exercise(request):
    """Return an exercise's stub, check and solution."""
    stem, name = request.param
    return lecture_source.definitions(stem, name, f"check_{name}", f"{name}_solution")


def test_a_stub_counts_as_not_attempted(exercise, capsys):
    stub, check, _ = exercise
    assert said_to(stub, check, capsys) == "not attempted"


def test_the_solution_is_right(exercise, capsys):
    _, check, solution = exercise
    assert said_to(solution, check, capsys) == "✓"


@pytest.mark.parametrize(
    "nothing", [None, "words", (), np.zeros((2, 7, 3))], ids=["None", "str", "()", "array"]
)
def test_an_answer_of_the_wrong_kind_is_met_with_words(exercise, nothing, capsys):
    _, check, _ = exercise
    said = said_to(lambda *_, **__: nothing, check, capsys)
    assert said.startswith("✗ ")
    assert "it raised" not in said
    if nothing is None:
        assert "is a `return` missing?" in said


@pytest.mark.parametrize(("stem", "name", "answer", "words"), WRONG_ANSWERS)
def test_a_typical_wrong_answer_gets_its_reason(stem, name, answer, words, capsys):
    [check] = lecture_source.definitions(stem, f"check_{name}")
    said = said_to(answer, check, capsys)
    assert said.startswith("✗ ")
    assert words in said
    assert "it raised" not in said, "a typical mistake deserves a reason, not a traceback's last line"
    assert len(said.split()) > 6


def test_every_lecture_has_two_or_three_exercises():
    for stem in lecture_source.STEMS:
        count = sum(lecture == stem for lecture, _ in EXERCISES)
        assert 2 <= count <= 3, f"{stem} has {count} exercises with a f_solution: write 2 or 3"


def test_wrong_answers_are_of_exercises_that_exist_four_of_each():
    for number, answers in WRONG.items():
        here = {name for stem, name in EXERCISES if stem.startswith(number)}
        assert answers.keys() == here, f"tests/wrong_answers/{number}.py: {answers.keys() ^ here}"
        few = [name for name, typical in answers.items() if len(typical) < 4]
        assert not few, f"tests/wrong_answers/{number}.py has fewer than four wrong answers to: {few}"


def check_double(answer):
    result = answer(3)
    return None if result + 0 == 6 else f"doubling 3 gives 6, not {result}"


def test_attempt_never_raises_and_tells_whose_error_it_was(capsys):
    assert said_to(lambda x: 1 / 0, check_double, capsys) == "✗ it raised ZeroDivisionError: division by zero"
    said = said_to(lambda x: "six", check_double, capsys)
    assert said.startswith("✗ it returned 'six' (of type str); not what is asked (TypeError: ")


def test_attempt_gives_the_reason(capsys):
    assert said_to(lambda x: x + 2, check_double, capsys) == "✗ doubling 3 gives 6, not 5"


def test_attempt_takes_any_callable(capsys):
    attempt(np.vectorize(lambda x: 6), check_double)
    assert capsys.readouterr().out.endswith(": ✓\n")


@pytest.mark.parametrize(
    ("result", "shape", "reason"),
    [
        (1.5, (), None),
        ([[1, 2], [3, 4]], (2, 2), None),
        (np.ones((3, 2)), (2, 3), "an array of shape (3, 2): return an array of shape (2, 3), the transpose"),
        ([[1, 2], [3]], (2, 2), "[[1, 2], [3]] (of type list): return an array of shape (2, 2)"),
        ([1, 2], (), "an array of shape (2,): return a single number"),
        ({"a": 1}, (), "{'a': 1} (of type dict): return a single number"),
        (1.0, (4,), "a single number: return an array of shape (4,)"),
    ],
)
def test_a_wrong_shape_is_told_in_words(result, shape, reason):
    assert misshapen(result, shape) == (None if reason is None else f"it returned {reason}")


@pytest.mark.parametrize("encoding", ["ascii", "cp932"])
def test_a_console_without_the_marks_gets_plain_letters(encoding):
    code = 'from utils.exercises import attempt; attempt(len, lambda f: None); attempt(len, lambda f: "no")'
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONIOENCODING": encoding},
        cwd=lecture_source.ROOT,
        capture_output=True,
        encoding=encoding,
    )
    assert (done.returncode, done.stdout) == (0, "len: +\nlen: x no\n"), done.stderr
