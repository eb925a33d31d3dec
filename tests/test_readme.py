"""What the documents for people promise: their links, commands and settings exist."""

import re

import pytest

from tools import ROOT

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "LICENSE-text.md", "data/README.md")


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_relative_link_leads_to_a_file(name):
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", text(name))
    missing = [link for link in links if not (ROOT / name).parent.joinpath(link).exists()]
    assert missing == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_make_target_exists(name):
    named = re.findall(r"^(?:\w+=\S+ )?make (\w+)|`make (\w+)", text(name), flags=re.MULTILINE)
    targets = set(re.findall(r"^(\w+):", text("Makefile"), flags=re.MULTILINE))
    assert {first or second for first, second in named} <= targets


def test_every_setting_is_one_that_the_course_reads():
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "utils").rglob("*.py"))
    settings = set(re.findall(r"COURSE_\w+", "".join(map(text, DOCUMENTS)) + text("Dockerfile")))
    assert settings
    assert {name for name in settings if f'"{name}"' not in code} == set()


def test_every_message_quoted_under_symptoms_is_one_that_is_given():
    (table,) = re.findall(r"## If something is wrong.*?\n## ", text("README.md"), flags=re.DOTALL)
    sources = [*(ROOT / "utils").rglob("*.py"), ROOT / "Makefile"]
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    for quoted in re.findall(r"^\| `([^`]+)`", table, flags=re.MULTILINE):
        for part in re.split(r"…|: ", quoted):
            assert part.strip(" ,;") in code, quoted


def test_picture_is_small():
    assert (ROOT / "docs" / "jupyterlab.png").stat().st_size < 150_000
