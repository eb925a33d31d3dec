"""The map draws what index.toml says, no more and no less; paths respect what lectures need."""

import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import ROOT, course_map, lectures

FOUND = course_map.entries(ROOT)
NEEDS = course_map.needed(FOUND)
PATHS = course_map.course(ROOT)["paths"]
each_path = pytest.mark.parametrize("path", PATHS, ids=lambda path: path["name"])


def reached(needs):
    """Return for each lecture all that it builds on, however far back."""
    behind = {}
    for number in sorted(needs):
        behind[number] = set(needs[number]).union(*(behind[one] for one in needs[number]))
    return behind


@st.composite
def courses(draw):
    """Up to nineteen lectures, each with some needs among those before it."""
    numbers = [f"{number:02}" for number in range(1, draw(st.integers(1, 19)) + 1)]
    return {
        number: draw(st.lists(st.sampled_from(numbers[:place]), unique=True, max_size=5)) if place else []
        for place, number in enumerate(numbers)
    }


def test_mermaid_holds_every_lecture_in_its_part_and_every_need():
    lines = course_map.mermaid(ROOT).splitlines()
    boxes = dict(re.fullmatch(r'(\d\d)\["(.+)"\]', line).groups() for line in lines if '["' in line)
    assert boxes == {number: f"{number} {entry['title']}" for number, entry in FOUND.items()}
    parts = [line.split(" ", 2)[1:] for line in lines if line.startswith("class ")]
    assert {number: name for numbers, name in parts for number in numbers.split(",")} == {
        number: entry["part"].replace(" ", "_") for number, entry in FOUND.items()
    }
    drawn = dict.fromkeys(FOUND, ()) | {
        number: before.split(" & ")
        for before, number in (line.split(" --> ") for line in lines if " --> " in line)
    }
    assert reached(drawn) == reached(NEEDS)


@given(courses())
def test_arrows_say_all_that_lectures_need_and_none_can_be_left_out(needs):
    drawn = course_map.arrows(needs)
    assert reached(drawn) == reached(needs)
    for number, before in drawn.items():
        for one in before:
            without = drawn | {number: [other for other in before if other != one]}
            assert reached(without) != reached(needs), f"{one} → {number} says nothing new"


@given(courses(), st.sampled_from(sorted(course_map.SIZES)))
def test_the_drawing_keeps_every_arrow_and_lets_none_run_upward_or_through_a_box(needs, kind):
    size = course_map.SIZES[kind]
    direct = course_map.arrows(needs)
    levels = course_map.rows(direct, size["abreast"])
    assert sorted(itertools.chain(*levels)) == sorted(needs)
    assert max(map(len, levels)) <= size["abreast"]
    places, pieces = course_map.lanes(direct, levels)
    row_of = {place: row for row, its_places in enumerate(places) for place in its_places}
    assert all(row_of[lower] == row_of[upper] + 1 for upper, lower in pieces)
    arrives = {number: set() for number in needs}
    for upper, (number, passes) in pieces:  # whose arrow a piece is stands at its upper end
        if passes is None:
            arrives[number].add(upper[0])
    assert arrives == {number: set(before) for number, before in direct.items()}
    places = course_map.untangled(places, pieces)
    x = course_map.across(places, pieces, size)
    for row in places:
        for left, right in itertools.pairwise(row):
            apart = course_map.half(left, size) + course_map.half(right, size) + size["gap"]
            assert x[right] - x[left] >= apart - 1


@pytest.mark.parametrize("language", course_map.LANGUAGES)
@pytest.mark.parametrize("kind", course_map.SIZES)
def test_the_picture_links_each_lecture_with_its_part_title_and_question(kind, language):
    picture = ET.fromstring(course_map.svg(ROOT, language, kind))
    size, names = course_map.SIZES[kind], course_map.course(ROOT)["parts"]
    assert int(picture.get("width")) <= size["width"] + 20  # pixels; else its letters shrink
    boxes = {a.get("href"): "".join(text.text for text in a.iter("text")) for a in picture.iter("a")}
    expected = {}
    for number, entry in FOUND.items():
        part = entry["part"] if language == "en" else names[entry["part"]]
        said = [number, "·", part, course_map.says(entry, "title", language)]
        said += [course_map.says(entry, "question", language)] * size["question"]
        expected[f"notebooks/{entry['stem']}.html"] = "".join(said).replace(" ", "")
    assert {link: text.replace(" ", "") for link, text in boxes.items()} == expected


def test_a_line_of_a_box_ends_neither_before_a_closing_mark_nor_after_an_opening_one():
    lines = course_map.wrapped("网络知道“相邻有关系”以后，能得到什么？", 10, 80)
    assert len(lines) > 2
    assert "".join(lines) == "网络知道“相邻有关系”以后，能得到什么？"
    assert not any(line[0] in "，。？”" or line[-1] == "“" for line in lines)
    assert course_map.wrapped("with ImageDataGenerator", 10, 70) == ["with Image", "Data", "Generator"]


def test_builds_on_and_leads_to_are_the_same_needs_from_both_sides():
    after = course_map.leads_to(FOUND)
    assert {(one, number) for number, before in NEEDS.items() for one in before} == {
        (number, one) for number, following in after.items() for one in following
    }
    english, chinese = course_map.neighbours(ROOT, "06_cnn_mnist").split("<details>")
    before, following = english.split("**Leads to**")
    assert re.findall(r"\((\d\d)_\w+\.ipynb\)", before) == FOUND["06"]["needs"]
    assert re.findall(r"\((\d\d)_\w+\.ipynb\)", following) == after["06"]
    assert FOUND["06"]["title_zh"] in chinese
    assert FOUND["06"]["question_zh"] in chinese


@each_path
def test_a_path_leads_by_lectures_that_exist_and_says_what_it_skips(path):
    assert set(path["lectures"]) <= set(FOUND), "course.toml names a lecture that index.toml lacks"
    assert len(set(path["lectures"])) == len(path["lectures"])
    told = sorted(path.get("skips", {}))
    assert course_map.skipped(path, FOUND) == told, (
        "what lectures need and do not meet on the path is in `skips`"
    )
    for notes in path.get("skips", {}).values():
        assert len(notes) == 2, "write what is skipped in English and in Chinese"


@each_path
def test_a_path_takes_sections_that_exist(path):
    taken = course_map.sections(path, ROOT)
    for number, its_sections in path.get("sections", {}).items():
        assert [section.key for section in taken[number]] == list(map(str, its_sections))
    assert set(path.get("sections", path["lectures"])) == set(path["lectures"])


@pytest.mark.parametrize("language", course_map.LANGUAGES)
def test_paths_state_their_lectures_and_minutes(language):
    blocks = course_map.paths(ROOT, language).split("\n\n**")
    assert len(blocks) == len(PATHS) == 3
    for path, block in zip(PATHS, blocks, strict=True):
        way = block.split("\n\n")[1]
        assert re.findall(r"notebooks/(\d\d)_", way) == path["lectures"]
    term = sum(FOUND[number]["minutes"] for number in PATHS[0]["lectures"])
    assert len(PATHS[0]["lectures"]) == 13
    assert f"{term:,}" in blocks[0]
    chosen = PATHS[2]["sections"]
    asides = sum(
        int(re.match(r"\d+", next(cell.source for cell in one.cells if lectures.is_aside(cell)))[0])
        for lecture in lectures.read(ROOT, chosen)
        for one in lecture.sections
        if one.title.split()[0] in map(str, chosen[lecture.number])
    )
    assert str(asides) in blocks[2]
