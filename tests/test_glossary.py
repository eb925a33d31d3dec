"""The glossary: each term once, a sentence on it in both languages, and it stands where it is introduced."""

import re

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from myst_parser.docutils_ import Parser
from sphinx.addnodes import pending_xref

from tools import ROOT, ToolError, glossary, lectures, terms

COURSE = lectures.read(ROOT)
SECTIONS = glossary.sections(COURSE)
TERMS = glossary.read(ROOT)
TOY = """# %% [markdown]
# # 98 · Toy: a toy
# %% [markdown]
# ## 1 Windows
#
# <details>
# <summary>中文</summary>
#
# **窗口**不变，权重 $窗格$ 也不变。
#
# </details>
#
# A **sliding
# window**, `pane`, and a **flue**. **Vote:** is a window [open](https://pane.org)? Windows, windows.
"""
PAGE = """
# 98 · Toy

## 1 A window

<details>
<summary>中文</summary>

[窗口](https://pane.org)、`窗口`、$窗口$：**窗口**和窗口。

</details>

[Windows](https://pane.org), `window`, $window$, <b title="window">glass</b>, a *sliding
window* and **windows** and windows.

| window | pane |
| --- | --- |
| a sill | |
"""


def toy(number="98"):
    return lectures.Lecture(f"{number}_toy", TOY)


def term(name="window", zh="窗口", section="98 1", **more):
    return glossary.Term(name, zh, section, "A pane.", "一格。", **more)


def test_no_english_word_has_an_apostrophe():
    """Sphinx curls it, and then neither finds the entry nor the word in its section."""
    assert [term.name for term in glossary.read(ROOT) if "'" in f"{term.name} {term.written}"] == []


def test_each_term_stands_in_the_section_that_introduces_it_in_both_languages():
    missing = []
    for one in TERMS:
        if one.section not in SECTIONS:
            missing.append(f"{one.name}: there is no section {one.section!r}")
            continue
        texts = glossary.words(SECTIONS[one.section].markdown)
        for chinese, language in enumerate(("English", "Chinese")):
            if not one.pattern(chinese).search(texts[chinese]):
                form = one.written_zh or one.zh if chinese else one.written or one.name
                missing.append(f"{one.name}: the {language} of section {one.section} has no {form!r}")
    assert len(TERMS) > 200
    assert missing == []


def test_terms_stand_once_each_and_in_alphabetical_order():
    names = [one.name.casefold() for one in TERMS]
    assert names == sorted(set(names))
    chinese = [one.zh for one in TERMS]
    assert sorted(chinese) == sorted(set(chinese)), "two terms have the same Chinese word"


def test_each_term_has_a_sentence_in_each_language():
    for one in TERMS:
        assert re.fullmatch(r"[A-Z0-9](?:[^.]|\.(?=\d))+\.", one.means), f"{one.name}: {one.means!r}"
        assert re.fullmatch("[^。\n]{3,}。", one.means_zh), f"{one.name}: {one.means_zh!r}"
        assert re.search("[\u4e00-\u9fff]", one.means_zh)


def test_every_lecture_has_terms():
    assert {one.lecture for one in TERMS} == {lecture.number for lecture in COURSE}


def test_a_word_is_found_whole_in_the_plural_and_across_lines():
    form = glossary.word("receptive field", "(?:e?s)?")
    assert form.search("Receptive\nfields differ")[0] == "Receptive\nfields"
    assert form.search("感受野receptive field的")
    assert not form.search("receptive fieldwork")


def test_a_name_is_found_with_its_capitals_alone():
    assert not glossary.word("He").search("he said")
    assert glossary.word("He").search("从 He 出发")


def test_formulas_code_addresses_and_headings_are_no_words():
    english, chinese = glossary.words(toy().sections[0].markdown)
    assert re.findall("pane|Window|窗口", english) == ["Window"]
    assert re.findall("窗口|窗格", chinese) == ["窗口"]


def test_first_words_in_prose_become_links_and_nothing_else():
    settings = {
        "myst_enable_extensions": ["dollarmath"],
        "doctitle_xform": False,
        "output_encoding": "unicode",
    }
    page = publish_doctree(PAGE, parser=Parser(), settings_overrides=settings)
    (_, section) = page.findall(nodes.section)
    before = section.astext()
    terms.link_terms(
        section, [term(), term("sliding window", "滑窗"), term("sill", "窗台"), term("door", "门")]
    )
    links = [(link["reftarget"], link.astext(), type(link.parent)) for link in section.findall(pending_xref)]
    assert links == [
        ("window", "窗口", nodes.strong),
        ("sliding window", "sliding\nwindow", nodes.emphasis),
        ("window", "windows", nodes.strong),
        ("sill", "sill", nodes.paragraph),
    ]
    assert section.astext() == before


def test_a_bold_word_that_no_term_has_is_reported():
    assert glossary.unlisted([term()], [toy()]) == [("98", "flue")]


def test_another_chinese_word_is_reported_and_none():
    here, later = toy("98"), toy("99")
    assert glossary.other_words([term()], [here, later]) == []
    other = term(zh="窗户", also=["窗口"])
    assert glossary.other_words([other], [here, later]) == [("98", other, "窗口"), ("99", other, "窗口")]
    lacking = term(zh="窗户")
    assert glossary.other_words([lacking], [here]) == [("98", lacking, "")]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[window]\nzh = '窗口'\n", "it needs means, means_zh, section, zh and may have"),
        ("[window]\nzh = ''\nmeans = ''\nmeans_zh = ''\nsection = ''\nnote = ''\n", "it has .*note"),
        ("[a]\n[a]\n", "glossary.toml: .*a"),
    ],
)
def test_an_entry_that_cannot_be_read_is_named(tmp_path, text, wrong):
    (tmp_path / "lectures").mkdir()
    (tmp_path / glossary.GLOSSARY).write_text(text, encoding="utf-8")
    with pytest.raises(ToolError, match=wrong):
        glossary.read(tmp_path)


def test_without_the_file_there_are_no_terms(tmp_path):
    assert glossary.read(tmp_path) == []
    assert glossary.page(tmp_path) == "No terms yet."
