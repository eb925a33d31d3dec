"""Every lecture begins with this repository's badge and set-up cell; a fork changes one line."""

import pytest

from tools import ROOT, ToolError, badges

LECTURE = """\
# %% [markdown]
# # A title
#
# A question.

# %% [markdown]
# ## 1 Why
"""

LECTURE_WITH_HEAD = """\
# %% [markdown]
# # A title
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/owner/a.course/blob/main/notebooks/01_a.ipynb)
#
# A question.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/owner/a.course@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("01")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 Why
"""  # noqa: E501


@pytest.fixture
def course(tmp_path):
    """A course of one lecture that has no head yet."""
    (tmp_path / "lectures").mkdir()
    (tmp_path / "lectures" / "01_a.py").write_text(LECTURE, encoding="utf-8")
    address(tmp_path, "https://github.com/owner/a.course")
    return tmp_path


def address(root, url, ref="main"):
    """Write the repository's address, and what is opened there, into a course's pyproject.toml."""
    text = f'[project]\nname = "x"\n[project.urls]\nRepository = "{url}"\n[tool.course]\nref = "{ref}"\n'
    (root / "pyproject.toml").write_text(text, encoding="utf-8")


def script(root):
    """Return the text of the course's lecture."""
    return (root / "lectures" / "01_a.py").read_text(encoding="utf-8")


def test_lectures_of_this_course_have_their_heads():
    badges.check(ROOT)


def test_new_lecture_is_given_its_head(course):
    badges.write(course)
    assert script(course) == LECTURE_WITH_HEAD


def test_fork_changes_one_line(course):
    badges.write(course)
    address(course, "https://github.com/a-fork/of-it.git")
    with pytest.raises(ToolError, match=r"out of date in 01_a: run `python -m tools\.badges`"):
        badges.check(course)
    badges.write(course)
    assert script(course) == LECTURE_WITH_HEAD.replace("owner/a.course", "a-fork/of-it")
    badges.check(course)


def test_release_is_opened_and_installed_at_its_tag(course):
    badges.write(course)
    address(course, "https://github.com/owner/a.course", ref="v1.2")
    with pytest.raises(ToolError, match="out of date in 01_a"):
        badges.check(course)
    badges.write(course)
    at_tag = LECTURE_WITH_HEAD.replace("/blob/main/", "/blob/v1.2/").replace("a.course@main", "a.course@v1.2")
    assert script(course) == at_tag


def test_binder_opens_the_same_repository_and_release(course):
    address(course, "https://github.com/owner/a.course", ref="release/v1.2")
    expected = "https://mybinder.org/v2/gh/owner/a.course/release%2Fv1.2?urlpath=lab/tree/notebooks"
    assert badges.binder("notebooks", course) == expected


@pytest.mark.parametrize("ref", ["", "a branch", "v1/", '"; import os'])
def test_ref_that_is_no_branch_and_no_tag_is_refused(course, ref):
    address(course, "https://github.com/owner/a.course", ref=ref.replace('"', "'"))
    with pytest.raises(ToolError, match=r"pyproject\.toml, \[tool\.course\]: ref is"):
        badges.write(course)


def test_set_up_cell_that_was_edited_is_put_right(course):
    edited = LECTURE_WITH_HEAD.replace(' "-q",', "").replace('start("01")', 'start("1", 5)')
    (course / "lectures" / "01_a.py").write_text(edited, encoding="utf-8")
    badges.write(course)
    assert script(course) == LECTURE_WITH_HEAD


def test_lecture_that_has_its_head_is_not_touched(course):
    badges.write(course)
    path = course / "lectures" / "01_a.py"
    before = path.stat()
    badges.write(course)
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_lecture_without_a_title_is_refused(course):
    (course / "lectures" / "01_a.py").write_text(LECTURE.replace("# # ", "# "), encoding="utf-8")
    with pytest.raises(ToolError, match=r"lectures/01_a\.py has no title"):
        badges.write(course)


@pytest.mark.parametrize("url", ["", "https://example.org/owner/name", "https://github.com/owner"])
def test_address_that_is_not_on_github_is_refused(course, url):
    address(course, url)
    with pytest.raises(ToolError, match=r"pyproject\.toml, \[project\.urls\]: Repository"):
        badges.write(course)
