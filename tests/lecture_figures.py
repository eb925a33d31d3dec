"""A lecture's figures: that its prose says what its claims state, in order and with units, in two languages.

Every check takes a `tools.lectures.Lecture` and ends in an AssertionError that says what to change.
"""

import re
from dataclasses import dataclass

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tools.lectures import split_chinese

# Units said alike in both languages, with their Chinese forms. Other nouns are compared in English alone.
UNITS = {
    "%": "%",
    "point": "个?百分点|个点",
    "time": "倍",
    "step": "步",
    "epoch": "轮",
    "second": "秒",
    "s": "秒|s(?![a-z])",
    "minute": "分钟",
    "million": "百万",
    "byte": "字节",
    "S$": "新元",
}
NO_UNIT = {"of", "to", "or", "and", "in", "out", "for", "at"}
BOLD, PLAIN = "\x02", "\x03"  # where bold begins and ends
NUMBER = re.compile(r"−?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Figure:
    """A number as written, with its unit in the singular, or without one."""

    number: str
    unit: str

    def __str__(self):
        if self.unit == "S$":
            return f"S$ {self.number}"
        return f"{self.number} {self.unit}{'s' * (self.unit.isalpha() and len(self.unit) > 2)}".strip()


def marked(markdown):
    """Return Markdown as the text that a renderer shows, with marks where bold begins and ends."""
    shown = []
    for token in MarkdownIt("commonmark").enable("table").use(dollarmath_plugin).parse(markdown):
        inside = False
        for child in token.children or []:
            assert child.type != "text" or inside or "**" not in child.content, (
                f"{child.content!r}: these stars do not render; put a space between them and the Chinese"
            )
            if child.type in ("strong_open", "strong_close"):
                inside = child.type == "strong_open"
                shown.append(BOLD if inside else PLAIN)
            elif child.type == "text":
                shown.append(child.content)
            elif child.type == "softbreak":
                shown.append(" ")
            else:
                assert not (inside and re.search(r"\d", child.content)), (
                    f"**{child.content}**: write a bold figure as plain text, without formula or code"
                )
                shown.append("□")
        shown.append("\n")
    return "".join(shown)


def figure_at(text, match, known=False):
    """Return the figure whose number is matched in a text; with `known`, only units of UNITS count as one."""
    before, after = text[: match.start()].rstrip(f" {BOLD}"), text[match.end() :].lstrip(f" \u00a0{PLAIN}")
    if before.endswith("S$"):
        return Figure(match[0].rstrip(","), "S$")
    word = re.match(r"%|[A-Za-z][A-Za-z/]*", after)
    unit = word[0] if word and word[0] not in NO_UNIT else ""
    unit = re.sub(r"(?<=[a-z]{2})s$", "", unit)
    return Figure(match[0].rstrip(","), "" if known and unit not in UNITS else unit)


def figures_of(stated):
    """Return the figures of a claim's `stated`, in order."""
    return [figure_at(stated, match) for match in NUMBER.finditer(stated)]


def bold_figures(text):
    """Return the bold numbers of marked text: matches, in order."""
    spans = [(span.start(), span.end()) for span in re.finditer(f"{BOLD}[^{PLAIN}]*", text)]
    return [one for one in NUMBER.finditer(text) if any(low < one.start() < high for low, high in spans)]


def says(text, match, figure, chinese):
    """Say whether the number matched in a text is that figure, with its unit."""
    if match[0].rstrip(",") != figure.number:
        return False
    if not chinese:
        found = figure_at(text, match, known=not figure.unit)
        return found.unit == figure.unit
    after = text[match.end() :].lstrip(f" \u00a0{PLAIN}")
    sign = figure_at(text, match).unit  # a sign is the same in both languages: %, MB, S$
    if figure.unit in UNITS:
        return sign == figure.unit or re.match(UNITS[figure.unit], after) is not None
    if re.search(r"[A-Z/]", figure.unit):
        return sign == figure.unit
    return sign not in UNITS and not any(re.match(forms, after) for forms in UNITS.values())


def figures_are_said_in_order(lecture):
    """The bold figures of a section are those that its claims state, in order and with their units.

    In English and in Chinese. What was said may be said again; one mention serves claims in a row that state
    the same. So two figures that have changed places are out of order, in either language.
    """
    intro = "\n\n".join(cell.source for cell in before_sections(lecture))
    assert not bold_figures(marked(intro)), "above section 1 nothing is measured: no bold figure there"
    for section in lecture.sections:
        expected = [(figure, claim) for claim in section.claims for figure in figures_of(claim.stated)]
        english, blocks = split_chinese(section.markdown)
        for language, text in [("English", english), *(("Chinese", block) for block in blocks)]:
            _compare(f"{section.title}, {language}", marked(text), expected, language == "Chinese")


def _compare(where, text, expected, chinese):
    done = 0
    for match in bold_figures(text):
        if done < len(expected) and says(text, match, expected[done][0], chinese):
            said = expected[done][0]
            while done < len(expected) and expected[done][0] == said:
                done += 1
        elif not any(says(text, match, figure, chinese) for figure, _ in expected[:done]):
            raise AssertionError(
                f"{where}: **{match[0]}** is bold, but {_why(text, match, expected, done, chinese)}"
            )
    missing = [f"{figure} of {claim.name!r}" for figure, claim in expected[done:]]
    assert not missing, (
        f"{where}: not said in bold, or before an earlier claim's figure: {', '.join(missing)}"
    )


def _why(text, match, expected, done, chinese):
    number = match[0].rstrip(",")
    later = [(figure, claim) for figure, claim in expected[done:] if says(text, match, figure, chinese)]
    if later:
        figure, claim = expected[done]
        return (
            f"{figure} of claim {claim.name!r} comes first: figures are said in the order of the claims, in"
            " both languages. Have they changed places? Else move one or the other; of a claim such as"
            " '98.4 % (slide: 98 %)', ours comes first"
        )
    if same := [figure for figure, _ in expected if figure.number == number]:
        unit = same[0].unit
        if not unit:
            return f"its claim states {number} without a unit: state the unit there, or leave it out here"
        forms = f" ({UNITS[unit].replace('?', '').split('|')[0]})" if chinese and unit in UNITS else ""
        return f"its claim states {same[0]}: write this unit{forms} right after the figure"
    return (
        "no claim of this section states it: claim it, or take its stars away. A figure of another lecture is"
        " not bold and names it: lecture 6: 98.4 %, 第 6 讲：98.4 %"
    )


def figures_of_other_lectures_are_theirs(lecture, course):
    """A figure quoted as "lecture 6: 98.4 %" or 第 6 讲：98.4 % is one that lecture's claims state.

    `course` holds the lectures by number. English and Chinese quote the same.
    """
    for section in lecture.sections:
        english, blocks = split_chinese(section.markdown)
        quoted = [_quoted(section.title, marked(english), r"[Ll]ecture (\d+): ", course, chinese=False)]
        for block in blocks:
            quoted.append(
                _quoted(section.title, marked(block), r"第 ?(\d+) ?讲[：:] ?", course, chinese=True)
            )
        for other in quoted[1:]:
            assert other == quoted[0], (
                f"{section.title}: figures of other lectures in one language only: {other ^ quoted[0]}"
            )


def _quoted(title, text, name, course, chinese):
    found = set()
    for quote in re.finditer(rf"{name}(?:S\$ ?)?(?={NUMBER.pattern})", text):
        match, number = NUMBER.search(text, quote.end()), f"{int(quote[1]):02}"
        where = f"{title}: {quote[0]}{figure_at(text, match)}"
        assert number in course, f"{where}: there is no lecture {quote[1]}"
        stated = [figure for claim in course[number].claims for figure in figures_of(claim.stated)]
        assert any(says(text, match, figure, chinese) for figure in stated), (
            f"{where}: no claim there states it"
        )
        found.add((number, match[0]))
    return found


def before_sections(lecture):
    """Return the cells above the first `##` heading."""
    held = sum(len(section.cells) for section in lecture.sections)
    return lecture.cells[: len(lecture.cells) - held]
