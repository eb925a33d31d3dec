"""What lectures ask, as the site's pages and the run sheets have it: all of it, and nothing else."""

import re

import pytest

import lecture_source
from tools import ROOT, ToolError, asked, build, lectures
from tools.lectures import Lecture

each_lecture = pytest.mark.parametrize("lecture", lectures.read(ROOT), ids=lambda lecture: lecture.stem)

FACTS = {
    "title": "Toy",
    "question": "How long?",
    "minutes": 67,
    "datasets": ["mnist"],
    "seconds": 60,
}
TOY = """\
# %% [markdown]
# # 42 · Toy: it asks

# %%
import keras

# %% [markdown]
# ## 1 Words
#
# <details>
# <summary>中文</summary>
#
# 先投票：几个？
#
# </details>
#
# How many are there? That was asked, and answered.
#
# Sleep before you read on.
#
# **Vote:** is it one,
# or two?

# %%
# not this line
model.fit(X, y)

# %% [markdown] tags=["instructor"]
# 62 minutes. Likely question: "why?"

# %% [markdown]
# ## ★ 2 Deeper
#
# Guess: who reads this at home?

# %% [markdown] tags=["instructor"]
# 9 minutes. Nobody.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态。
#
# A. 两个吗？
#
# </details>
#
# **A.** Is it two?
#
# <details>
# <summary>Answer</summary>
#
# No. 不是。
#
# </details>

# %% [markdown] tags=["instructor"]
# 5 minutes. Wait.

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 1. 数一数。
# 2. 猜一猜。
#
# </details>
#
# *1. Count.* Return a number.
#
# For any X.

# %%
attempt(count, check_count)

# %% [markdown]
# That was easy.
#
# *2. How many?* Guess.
"""


def toy(text=TOY):
    return Lecture("42_toy", text, FACTS)


def test_exercises_are_read_with_their_whole_task_in_both_languages():
    first, second = asked.exercises(toy())
    assert (first.place, first.title) == ("42-exercise-1", "1. Count.")
    assert (first.english, first.chinese) == ("Return a number.\n\nFor any X.", "数一数。")
    assert (second.title, second.english, second.chinese) == ("2. How many?", "Guess.", "猜一猜。")


def test_a_poll_is_read_with_its_answers():
    assert asked.poll(toy()) == [asked.Asked("42-poll-a", "A.", "Is it two?", "两个吗？", "No. 不是。")]


@pytest.mark.parametrize(
    ("item", "read", "section"),
    [("# 2. 猜一猜。\n", asked.exercises, "Exercises"), ("# A. 两个吗？\n", asked.poll, "Poll")],
)
def test_what_the_chinese_leaves_out_is_told(item, read, section):
    with pytest.raises(ToolError, match=f"42_toy: its section {section} asks .* begin one line there"):
        read(toy(TOY.replace(item, "")))


def test_a_section_asks_before_it_goes_on():
    assert asked.asked_in(toy().sections[0]) == ["**Vote:** is it one,\nor two?"]


@each_lecture
def test_every_exercise_is_listed_in_both_languages(lecture):
    found = asked.exercises(lecture)
    solved = {name for name in lecture_source.defined(lecture.stem) if name.endswith("_solution")}
    assert len(found) == len(solved), "begin each exercise with `*1. Title.*`, in a line of its own"
    assert all(one.english and one.chinese for one in found)


@each_lecture
def test_every_question_of_the_poll_is_listed_with_its_answer(lecture):
    [section] = [one for one in lecture.sections if one.title == "Poll"]
    found = asked.poll(lecture)
    assert len(found) == section.markdown.count("<summary>Answer</summary>")
    assert all(one.english and one.chinese and one.answer for one in found)


def rows(sheet):
    """Return a run sheet's rows: minutes, time at which they end, text."""
    return re.findall(
        r"^\* - (\d+)\n  - (\d:\d\d)\n  - (.*?)(?=^\* - |^:::)", sheet, re.MULTILINE | re.DOTALL
    )


def test_a_run_sheet_adds_up_the_core_with_what_to_ask():
    sheet = asked.run_sheet(toy(), {})
    first, poll = rows(sheet)
    assert (first[:2], poll[:2]) == (("62", "1:02"), ("5", "1:07"))
    assert first[2].startswith("**[1 Words](#section-42-1)**")
    assert "*Ask:* **Vote:** is it one,\n    or two?" in first[2]
    assert '*Aside:* Likely question: "why?"' in first[2]
    assert "*Ask A:* Is it two?" in poll[2]
    assert "No. 不是。" not in sheet
    assert "Nobody" not in sheet


@each_lecture
def test_a_run_sheet_ends_when_the_lecture_does_and_leaves_out_no_question(lecture):
    sheet = asked.run_sheet(lecture, {})
    minutes = lecture.facts["minutes"]
    assert rows(sheet)[-1][1] == f"{minutes // 60}:{minutes % 60:02}"
    assert re.findall(r"\*Ask (\w):\*", sheet) == [one.title[0] for one in asked.poll(lecture)]
    assert sheet.count("*Ask:*") >= 2, "ask the class: `**Vote:** …?`"
    for name in lecture.facts["datasets"]:
        assert f"python -m utils.datasets fetch {name}`" in sheet


RUN = {"seconds": "61.04", "peak_mb": "1773.1", "gflops": "219", "machine": "A processor, 2 cores"}


def test_a_run_sheet_says_what_to_run_before_class():
    text = asked.run_sheet(toy(), RUN)
    assert "Data: MNIST handwritten digits, 11.5 MB." in text
    assert "they took 61 s and 1.8 GB on A processor, 2 cores at 219 GFLOP/s (under 60 s are promised" in text
    unmeasured = asked.run_sheet(toy(), {})
    assert "Run all cells once: under 60 s are promised" in unmeasured
    assert "Data: none to fetch." in asked.run_sheet(Lecture("42_toy", TOY, FACTS | {"datasets": []}), {})


def test_a_run_sheet_names_the_cells_that_took_long():
    ran = [(toy().cells[1], 5.4), (toy().cells[3], 22.8), (toy().cells[-2], 4.9)]
    slow = {**RUN, "slow": build.slow(ran)}
    told = "5 s, `import keras` (the set-up); 23 s, `model.fit(X, y)` (1 Words)."
    assert f"Cells that took longer than 5 s: {told}" in asked.run_sheet(toy(), slow)
    edited = asked.run_sheet(toy(TOY.replace("fit(X, y)", "fit(X, y, epochs=9)")), slow)
    assert "Cells that took longer than 5 s: 5 s, `import keras` (the set-up).\n" in edited
    assert "No cell took longer than 5 s." in asked.run_sheet(toy(), {**RUN, "slow": build.slow(ran[2:])})
    unknown = "Which cells take longer than 5 s is not recorded yet: `make notebooks LECTURE=42` does."
    for run in (RUN, {**RUN, "slow": ""}, {}):
        assert unknown in asked.run_sheet(toy(), run)


def test_pages_hold_every_lecture():
    for page, each in ((asked.exercises_page(ROOT), asked.exercises), (asked.polls_page(ROOT), asked.poll)):
        for lecture in lectures.read(ROOT):
            assert f"## {lecture.number} {lecture.facts['title']}\n" in page
            for one in each(lecture):
                assert f"](#{one.place})** {one.english}" in page
                assert f"](#{one.place}) {one.chinese}" in page
                assert one.answer in page
