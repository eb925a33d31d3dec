"""The measures of lecture_form.py on toy lectures: a good one keeps all, and each spoilt one is told why."""

import re
from itertools import count, product

import pytest

import lecture_figures
import lecture_form
from tools.lectures import Lecture

FACTS = {"title": "Toy", "needs": ["01", "06"], "minutes": 40, "seconds": 60, "peak_mb": 1_500}
OTHER = '# %%\nclaims.check("accuracy", x, "98.4 % (slide: 98 %)", band=(98, 99))\n'
COURSE = {"06": Lecture("06_other", OTHER)}
TITLE = """\
# %% [markdown]
# # 42 · Toy: what a toy can show
#
# **You need** lectures 1 and 6, and NumPy.
# **It takes** no time.
"""
MEASURED = """
# %% [markdown]
# ## 1 Errors
#
# <details>
# <summary>中文</summary>
#
# 训练误差 **18.5** %，测试误差 **18.6** %（讲义：**18** %），相差 **0.1** 个百分点。
#
# 这比第 6 讲：98.4 % 容易。走了 **12** 步，是 **2.5** 倍；一平米 **4,850** 新元。
#
# 内存 **383 MB**。共 **1.0** 和 **1.0**，还有 **9** 项。
#
# </details>
#
# Training errs by **18.5 %** and the test by **18.6 %** (the slide says **18 %**): **0.1 points** more. This
# is easier than what came before (lecture 6: 98.4 %).

# %%
claims.check("training", a, "18.5 %", band=(18, 19))
claims.check("test", b, "18.6 % (slide: 18 %)", band=(18, 19))
claims.check("gap", b - a, "0.1 points", band=(0, 0.2))
claims.exact("steps", 12, "12 steps")
claims.check("speed", s, "2.5 times", band=(2, 3))
claims.check("price", p, stated="S$ 4,850", band=(4_800, 4_900))
claims.check("memory", m, "383 MB", band=(382, 384))
claims.check("first", 1, "1.0", band=(0, 2))
claims.check("second", 1, "1.0", band=(0, 2))
claims.exact("terms", 9, "9 terms")

# %% [markdown]
# It took **12 steps**, **2.5** times as many, for **S$ 4,850** a metre and **383 MB**. Both end at **1.0**,
# with **9 terms** each. To say it once more: **18.5 %**.

# %% [markdown] tags=["instructor"]
# 12 minutes. Ask the class.

# %% mystnb={"image": {"alt": "A line that falls from left to right and comes to rest."}}
plotting.show("It falls", "x", "y")

# %% [markdown]
# Then train it, and look again.

# %%
model.fit(X, y)
plt.show()
"""
SECTION = """
# %% [markdown]
# ## {title}
#
# <details>
# <summary>中文</summary>
#
# {chinese}
#
# </details>
#
# {english}

# %% [markdown] tags=["instructor"]
# {aside}
"""
words = map("".join, product("abcdefghij", repeat=4))


def prose(number):
    """Return sentences of ten words each, no two alike."""
    return " ".join(f"Say {' '.join(next(words) for _ in range(9))}." for _ in range(number // 10))


def section(title, minutes=None, length=100):
    chinese = f"这一节只是为了练习而写的一段话，标题是{title}，没有数字。"
    aside = f"{minutes} minutes. Go on." if minutes else "Nothing more."
    return SECTION.format(title=title, chinese=chinese, english=prose(length), aside=aside)


TOY = (
    TITLE
    + MEASURED
    + "".join(
        [
            section("2 More", 10, 1_500),
            section("★ 3 Deeper", length=2_000),
            section("What we measured", 2),
            section("Recap", 4),
            section("Poll", 12),
            section("Exercises", length=2_000),
            section("Further"),
        ]
    )
)


def toy(text=TOY, **facts):
    return Lecture("42_toy", text, FACTS | facts)


def spoilt(old, new):
    assert old in TOY, old
    return toy(TOY.replace(old, new))


def told(measure, lecture, *more):
    """Return what a measure says of a lecture that does not keep it."""
    with pytest.raises(AssertionError) as caught:
        measure(lecture, *more)
    return str(caught.value)


@pytest.mark.parametrize("measure", lecture_form.MEASURES, ids=lambda measure: measure.__name__)
def test_a_good_lecture_keeps_every_measure(measure):
    measure(toy())


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        # two figures have changed places
        (
            "by **18.5 %** and the test by **18.6 %**",
            "by **18.6 %** and the test by **18.5 %**",
            "1 Errors, English: **18.6** is bold, but 18.5 % of claim 'training' comes first",
        ),
        (
            "误差 **18.5** %，测试误差 **18.6** %",
            "误差 **18.6** %，测试误差 **18.5** %",
            "1 Errors, Chinese: **18.6** is bold, but 18.5 % of claim 'training' comes first",
        ),
        (
            "by **18.6 %** (the slide says **18 %**)",
            "by **18 %** (the slide says **18.6 %**)",
            "**18** is bold, but 18.6 % of claim 'test' comes first",
        ),
        (
            "**2.5** times as many, for **S$ 4,850**",
            "**4,850** times as many, for **S$ 2.5**",
            "**4,850** is bold, but its claim states S$ 4,850: write this unit right after",
        ),
        # a unit is falsified, or missing
        ("**0.1 points**", "**0.1 %**", "**0.1** is bold, but its claim states 0.1 points: write this unit"),
        (
            "**0.1** 个百分点",
            "**0.1** %",
            "states 0.1 points: write this unit (个百分点) right after the figure",
        ),
        (
            "**18.6** %（",
            "**18.6**（",
            "Chinese: **18.6** is bold, but its claim states 18.6 %: write this unit (%)",
        ),
        (
            "test by **18.6 %**",
            "test by **18.6** points",
            "its claim states 18.6 %: write this unit right after",
        ),
        ("**2.5** 倍", "**2.5** %", "its claim states 2.5 times: write this unit (倍)"),
        (
            "**383 MB**。",
            "**383 GB**。",
            "Chinese: **383** is bold, but its claim states 383 MB: write this unit",
        ),
        ("**S$ 4,850**", "**4,850 %**", "its claim states S$ 4,850: write this unit"),
        ("**12 steps**", "**12 epochs**", "its claim states 12 steps: write this unit"),
        ("**9 terms**", "**9 waves**", "its claim states 9 terms: write this unit"),
        ("**9** 项", "**9** 步", "its claim states 9 terms"),
        (
            "end at **1.0**",
            "end at **1.0 %**",
            "its claim states 1.0 without a unit: state the unit there, or leave",
        ),
        ("共 **1.0** 和", "共 **1.0** 倍和", "its claim states 1.0 without a unit"),
        # a figure is not said, or is nobody's
        ("，相差 **0.1** 个百分点", "", "**12** is bold, but 0.1 points of claim 'gap' comes first"),
        ("，还有 **9** 项", "", "Chinese: not said in bold, or before an earlier claim's figure: 9 terms"),
        ("**9 terms** each", "nine terms each", "9 terms of 'terms'"),
        ("Ask the class", "Ask **them**", None),
        (
            "To say it once more: **18.5 %**",
            "It grew by **7 %**",
            "**7** is bold, but no claim of this section",
        ),
        ("# %%\nmodel.fit", '# %%\nclaims.check("k", k, "3", band=(2, 4))\nmodel.fit', "3 of 'k'"),
        ("# **It takes** no time", "# **It takes 3 minutes**", "above section 1 nothing is measured"),
        ("**12 steps**", "**$12$ steps**", "write a bold figure as plain text"),
    ],
)
def test_figures_are_compared_in_order_and_with_their_units(old, new, reason):
    lecture = spoilt(old, new)
    if reason is None:
        return lecture_figures.figures_are_said_in_order(lecture)
    assert reason in told(lecture_figures.figures_are_said_in_order, lecture)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("lecture 6: 98.4 %", "lecture 6: 98.5 %", "lecture 6: 98.5 %: no claim there states it"),
        ("第 6 讲：98.4 %", "第 6 讲：98.4 个百分点", "98.4: no claim there states it"),
        ("lecture 6: 98.4 %", "lecture 6: 98.4 points", "98.4 points: no claim there states it"),
        ("lecture 6: 98.4 %", "lecture 7: 98.4 %", "there is no lecture 7"),
        ("比第 6 讲：98.4 % 容易", "很容易", "in one language only: {('06', '98.4')}"),
    ],
)
def test_a_figure_of_another_lecture_is_one_that_it_states(old, new, reason):
    lecture_figures.figures_of_other_lectures_are_theirs(toy(), COURSE)
    measure = lecture_figures.figures_of_other_lectures_are_theirs
    assert reason in told(measure, spoilt(old, new), COURSE)


def test_a_figure_of_another_lecture_is_not_bold():
    lecture = spoilt("lecture 6: 98.4 %", "lecture 6: **98.4 %**")
    assert "is not bold and names it" in told(lecture_figures.figures_are_said_in_order, lecture)


@pytest.mark.parametrize(
    ("measure", "old", "new", "reason"),
    [
        ("title_names_topic_and_point", ": what a toy can show", "", "write `# 42 · Toy: …`"),
        ("title_names_topic_and_point", "Toy: what", "Game: what", "write `# 42 · Toy: …`"),
        (
            "needs_are_those_of_the_index",
            "1 and 6",
            "1, 5 and 6",
            "['01', '05', '06'], index.toml ['01', '06']",
        ),
        ("sections_are_numbered", "## ★ 3 Deeper", "## ★ Deeper", "write `## 3 Title`, or `## ★ 3 Title`"),
        ("sections_are_numbered", "## 2 More", "## 3 More", "write `## 2 Title`"),
        ("sections_are_numbered", "## Recap", "## 4 Recap", "the last sections are What we measured, Recap"),
        ("minutes_add_up", "# 12 minutes. Ask", "# **12 minutes.** Ask", "1 Errors: begin its first aside"),
        ("minutes_add_up", "# 4 minutes. Go", "# Four minutes. Go", "Recap: begin its first aside"),
        ("minutes_add_up", "# 12 minutes. Ask", "# 13 minutes. Ask", "add up to 41, index.toml says 40"),
        ("minutes_add_up", "## ★ 3 Deeper", "## 3 Deeper", "3 Deeper: begin its first aside"),
        ("words_fit", "## 2 More", "## ★ 2 More", "English words: write 1,500 to 3,000"),
        ("words_fit", "## ★ 3 Deeper", "## 3 Deeper", "English words: write 1,500 to 3,000"),
        (
            "chinese_is_in_paragraphs",
            "容易。",
            "容易。是。不是。对。错。好。",
            "a Chinese paragraph of 7 sentences",
        ),
        (
            "prose_stands_between",
            "# %% [markdown]\n# Then train it, and look again.\n\n",
            "",
            "between two figures",
        ),
        ("prose_stands_between", "plt.show()", "\n\n# %%\nmodel.fit(X, y)", "no prose between two trainings"),
        (
            "nothing_is_said_over_and_over",
            "Then train it, and look again.",
            "Ask them once again. " * 3,
            "3 times",
        ),
    ],
)
def test_what_is_missing_is_told(measure, old, new, reason):
    assert reason in told(getattr(lecture_form, measure), spoilt(old, new))


def test_the_core_fits_the_class():
    text = TOY.replace("# 12 minutes. Ask", "# 60 minutes. Ask")
    assert "88 minutes, not 85" in told(lecture_form.minutes_add_up, toy(text, minutes=88))


@pytest.mark.parametrize("fact", [{"seconds": 180}, {"peak_mb": 3_000}])
def test_a_promise_fits_a_students_laptop(fact):
    [(name, value)] = fact.items()
    assert f"promises {name} = {value}" in told(lecture_form.promises_fit, toy(**fact))


def test_a_lecture_that_says_one_thing_only_is_refused():
    numbers = count(1)
    chinese = "同一段话说了一遍又一遍，谁也不会注意到，因为只数字数。"
    same = [
        re.sub("# 这一节.*", f"# {chinese}", section(f"{next(numbers)} Same", 5, 0))
        + "\n# %% [markdown]\n# One. Two.\n"
        for _ in range(6)
    ]
    english = "\n# %% [markdown]\n# " + " ".join(["The same words are said here."] * 108) + "\n"
    closing = "".join(section(title, 5) for title in lecture_form.CLOSING)
    text = TITLE + "".join(same) + english + closing
    assert "stands 6 times" in told(lecture_form.nothing_is_said_over_and_over, toy(text))
    once = text.replace(chinese, "只说一次。", 5)
    assert "stands 108 times" in told(lecture_form.nothing_is_said_over_and_over, toy(once))
    assert "without a figure" in told(lecture_form.something_is_drawn, toy(text))


def test_many_more_claims_than_thirty_are_warned_of():
    more = "".join(f'claims.check("{n}", {n}, "{n}", band=(0, 99))\n' for n in range(30))
    with pytest.warns(UserWarning, match="38 measured claims, and about 30 were meant"):
        lecture_form.claims_are_about_thirty(toy(TOY + "\n# %%\n" + more))
