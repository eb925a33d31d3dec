"""Every lecture's exercises: the stub, the solution and a typical wrong answer, each fed to its check."""

import pytest

import lecture_source
from utils.exercises import attempt

EXERCISES = [
    (stem, name.removesuffix("_solution"))
    for stem in lecture_source.STEMS
    for name in sorted(lecture_source.defined(stem))
    if name.endswith("_solution")
]


@pytest.fixture(params=EXERCISES, ids=lambda exercise: "-".join(exercise))
def exercise(request):
    """Return an exercise's stub, check, solution and typical mistake."""
    stem, name = request.param
    return lecture_source.definitions(stem, name, f"check_{name}", f"{name}_solution", f"{name}_mistake")


def test_a_stub_counts_as_not_attempted(exercise, capsys):
    stub, check, *_ = exercise
    attempt(stub, check)
    assert capsys.readouterr().out == f"{stub.__name__}: not attempted\n"


def test_the_solution_is_right(exercise, capsys):
    _, check, solution, _ = exercise
    attempt(solution, check)
    assert capsys.readouterr().out == f"{solution.__name__}: ✓\n"


def test_a_typical_mistake_is_met_with_a_reason(exercise, capsys):
    _, check, _, mistake = exercise
    attempt(mistake, check)
    said = capsys.readouterr().out
    assert said.startswith(f"{mistake.__name__}: ✗ ")
    assert "it raised" not in said, "a typical mistake deserves a reason, not a traceback's last line"
    assert len(said.split()) > 6


def test_every_lecture_has_two_or_three_exercises():
    for stem in lecture_source.STEMS:
        count = sum(lecture == stem for lecture, _ in EXERCISES)
        assert 2 <= count <= 3, f"{stem} has {count} exercises with a f_solution: write 2 or 3"


def check_double(answer):
    return None if answer(3) == 6 else f"doubling 3 gives 6, not {answer(3)}"


def test_attempt_never_raises(capsys):
    attempt(lambda x: 1 / 0, check_double)
    assert capsys.readouterr().out == "<lambda>: ✗ it raised ZeroDivisionError: division by zero\n"


def test_attempt_gives_the_reason(capsys):
    attempt(lambda x: x + 2, check_double)
    assert capsys.readouterr().out == "<lambda>: ✗ doubling 3 gives 6, not 5\n"


def test_attempt_survives_a_check_that_stumbles_over_the_answer(capsys):
    attempt(lambda: 6, check_double)
    assert "✗ it raised TypeError" in capsys.readouterr().out
