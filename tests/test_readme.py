"""What the documents for people promise: their links, commands and settings exist."""

import re

import pytest

from tools import ROOT

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "LICENSE-text.md", "data/README.md", "measured/README.md")


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


def test_picture_is_shown_described_and_small():
    ((alt, path),) = re.findall(r"^!\[(.*)\]\((.*)\)$", text("README.md"), flags=re.MULTILINE)
    assert len(alt.split()) >= 8
    assert (ROOT / path).stat().st_size < 150_000


def section(title):
    """Return what stands in README.md below a heading."""
    (found,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", text("README.md"), re.MULTILINE | re.DOTALL)
    return found


def test_readme_begins_with_two_sentences_and_the_commands():
    title, what, lab, commands = text("README.md").split("\n\n")[:4]
    assert title.startswith("# ")
    assert len(re.findall(r"[.!?](?=\s|$)", what)) == 2
    assert "`make lab`" in lab
    assert re.findall(r"^make (\w+)", commands, flags=re.MULTILINE) == ["run", "test"]


def test_readme_holds_what_each_reader_looks_for():
    teaching, data = section("Teach with it"), section("Data")
    before, in_class, after = (
        re.search(rf"\*\*{when}\*\*(.*?)(?=\n- |\n\n|\Z)", teaching, re.DOTALL)[1]
        for when in ("Before class", "In class", "After class")
    )
    assert "`make data`" in before
    assert "`make lab`" in in_class
    assert "`make sync`" in after
    assert "**On your own**" in teaching
    assert "**A lab or a JupyterHub**" in data
    assert "COURSE_DATA" in data
    assert section("If something is wrong").count("\n| `") >= 3
    for licence in ("LICENSE", "LICENSE-text.md"):
        assert f"]({licence})" in section("Licences")
    assert "<!-- lectures -->" in section("Lectures")


def test_readme_is_short():
    by_hand = re.sub(r"<!-- (\w+) -->.*?<!-- /\1 -->", "", text("README.md"), flags=re.DOTALL)
    assert len(by_hand.split()) < 1_000
