"""The measures of lecture-style that a lecture keeps, each a function of it, so that toys can break them.

Every function takes a `tools.lectures.Lecture` and ends in an AssertionError that says what to change.
"""

import ast
import re
import warnings

from lecture_figures import figures_are_said_in_order
from tools.lectures import is_aside, split_chinese

CLOSING = ["What we measured", "Recap", "Poll", "Exercises", "Further"]
AT_HOME = ("Exercises", "Further")
LONGEST = 85  # minutes of the core
SLOWEST, LARGEST = 120, 2_000  # seconds on two cores, MB
MANY = 36  # measured claims: about 30 were meant


def title_names_topic_and_point(lecture):
    """The first line is `# N · Topic: point`, the topic as in index.toml."""
    first = lecture.cells[0].source.partition("\n")[0]
    wanted = f"# {int(lecture.number)} · {lecture.facts['title']}: "
    assert re.match(re.escape(wanted) + r"\S", first), (
        f"the first line is {first!r}: write `{wanted}…`, index.toml's title and then the lecture's point"
    )


def needs_are_those_of_the_index(lecture):
    """The lectures named after **You need** are those that index.toml says it builds on."""
    named = re.search(r"\*\*You need\*\*(.*?)(?=\*\*|\Z)", lecture.cells[0].source, re.DOTALL)
    lists = re.findall(r"[Ll]ectures? (\d+(?:(?:, and |, | and )\d+)*)", named[1] if named else "")
    found = sorted({f"{int(number):02}" for one in lists for number in re.findall(r"\d+", one)})
    assert found == lecture.facts["needs"], (
        f"**You need** names lectures {found}, index.toml {lecture.facts['needs']}: make them the same"
    )
    assert all(number < lecture.number for number in found), "a lecture builds on earlier ones"


def sections_are_numbered(lecture):
    """Sections are numbered on, those with a ★ as well, and end as every lecture does."""
    titles = [section.title for section in lecture.sections]
    assert titles[-len(CLOSING) :] == CLOSING, f"the last sections are {', '.join(CLOSING)}"
    for number, title in enumerate(titles[: -len(CLOSING)], 1):
        assert re.match(rf"(★ )?{number} \S", title), (
            f"section {title!r}: write `## {number} Title`, or `## ★ {number} Title` if it is read at home"
        )


def minutes_add_up(lecture):
    """The first aside of each core section says its minutes; their sum is the lecture's, and fits."""
    found = {}
    for section in lecture.sections:
        if not section.is_deeper and section.title not in AT_HOME:
            assert section.minutes is not None, (
                f"{section.title}: begin its first aside (a cell tagged instructor) with its minutes, without"
                f" stars: `12 minutes.` It begins with {''.join(section.asides)[:30]!r}"
            )
            found[section.title] = section.minutes
    total = sum(found.values())
    assert total == lecture.facts["minutes"], (
        f"the sections' minutes add up to {total}, index.toml says {lecture.facts['minutes']}: {found}"
    )
    assert total <= LONGEST, f"the core takes {total} minutes, not {LONGEST}: give a section its ★"


def words_fit(lecture):
    """1,500 to 3,000 English words, without Chinese, answers, asides, exercises and ★ sections."""
    text = [lecture.cells[0].source]
    text += [one.markdown for one in lecture.sections if one.title != "Exercises" and not one.is_deeper]
    words = re.sub(r"<details>.*?</details>|\$\$.*?\$\$|\]\([^)]*\)", " ", "\n".join(text), flags=re.DOTALL)
    count = len(re.findall(r"[A-Za-z][A-Za-z'’-]*", words))
    assert 1_500 <= count <= 3_000, f"{count} English words: write 1,500 to 3,000"


def nothing_is_said_over_and_over(lecture):
    """No paragraph stands twice, and no sentence more than twice, in either language."""
    paragraphs, sentences = {}, {}
    for cell in lecture.cells:
        source = re.sub(r"</?details>|<summary>.*?</summary>", "", cell.source)
        for paragraph in re.split(r"\n\s*\n", source) if cell.cell_type == "markdown" else ():
            _count(paragraphs, paragraph, words=8)
            for sentence in re.split(r"(?<=[.!?])\s+|(?<=[。！？])", paragraph):
                _count(sentences, sentence, words=4)
    for kind, counted, most in (("paragraph", paragraphs, 1), ("sentence", sentences, 2)):
        for text, count in counted.items():
            assert count <= most, f"this {kind} stands {count} times, and should once: {text[:80]!r}"


def _count(counted, text, words):
    text = re.sub(r"[\s*_]+", " ", text).strip()
    chinese = len(re.findall(r"[\u4e00-\u9fff]", text))
    if len(re.findall(r"[A-Za-z]+", text)) >= words or chinese >= 2 * words:
        counted[text] = counted.get(text, 0) + 1


def chinese_is_in_paragraphs(lecture):
    """A paragraph of a Chinese block has at most five sentences."""
    for section in lecture.sections:
        for block in split_chinese(section.opening)[1]:
            for paragraph in block.splitlines():
                count = len(re.findall("[。！？]", paragraph))
                assert count <= 5, (
                    f"{section.title}: a Chinese paragraph of {count} sentences; break it: {paragraph[:40]}…"
                )


def prose_stands_between(lecture):
    """Between two figures, and between two trainings, stands prose."""
    seen = {}
    for cell in lecture.cells:
        if cell.cell_type == "markdown" and not is_aside(cell):
            seen = {}
        elif cell.cell_type == "code":
            for kind in _kinds(cell):
                assert kind not in seen, (
                    f"no prose between two {kind}s:\n{seen[kind]}\n\nand\n\n{cell.source}"
                )
                seen[kind] = cell.source


def _kinds(cell):
    """Say whether a code cell draws a figure, and whether it trains: calls `fit` or `train`."""
    nodes = [node.func for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Call)]
    called = {ast.unparse(node).rpartition(".")[2] for node in nodes}
    draws = "image" in cell.metadata.get("mystnb", {}) or "show" in called
    return ["figure"] * draws + ["training"] * bool(called & {"fit", "train"})


def something_is_drawn(lecture):
    """A lecture has a figure."""
    drawn = [cell for cell in lecture.cells if cell.cell_type == "code" and "figure" in _kinds(cell)]
    assert drawn, "a lecture without a figure: draw what a layer does before it is computed"


def claims_are_about_thirty(lecture):
    """Warn if a lecture measures many more claims than thirty."""
    count = len(lecture.measured)
    if count > MANY:
        warnings.warn(f"{lecture.stem}: {count} measured claims, and about 30 were meant", stacklevel=2)


def promises_fit(lecture):
    """What index.toml promises for a run is what a class and a student's laptop can bear."""
    for fact, most in (("seconds", SLOWEST), ("peak_mb", LARGEST)):
        promised = lecture.facts[fact]
        assert promised <= most, f"index.toml promises {fact} = {promised}, over {most}"


MEASURES = (
    *(title_names_topic_and_point, needs_are_those_of_the_index, sections_are_numbered, minutes_add_up),
    *(words_fit, nothing_is_said_over_and_over, figures_are_said_in_order, chinese_is_in_paragraphs),
    *(prose_stands_between, something_is_drawn, claims_are_about_thirty, promises_fit),
)
