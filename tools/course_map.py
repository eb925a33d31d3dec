"""Draws which lecture builds on which, and lists paths through the course, in English and in Chinese.

README shows the map as Mermaid, which GitHub draws; the site as SVG, drawn here when it is built. Both come
from `needs` in lectures/index.toml. An arrow is left out where a longer way says the same: 6 needs 3 and 5,
and 5 needs 3, so only 5 → 6 is drawn.
"""

import itertools
import re
import tomllib
from functools import cache
from html import escape

from tools import lectures

COURSE = "lectures/course.toml"
LANGUAGES = ("en", "zh")
# For a projector, where a box holds its lecture's question, and a phone: pixels, but for boxes `abreast`.
SIZES = {
    "wide": {"width": 780, "box": 236, "abreast": 3, "gap": 12, "between": 30, "title": 15, "question": True},
    "narrow": {
        "width": 350,
        "box": 150,
        "abreast": 2,
        "gap": 9,
        "between": 26,
        "title": 13,
        "question": False,
    },
}
COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
)  # of the parts, told apart by colour-blind eyes as well
PACKED = '%%{init: {"flowchart": {"nodeSpacing": 12, "rankSpacing": 24, "wrappingWidth": 110}}}%%'
EDGE, INDENT = 6, 8  # pixels: a box's coloured edge, and what stands free on both sides of its text
PART, TEXT, BOLD = 12, 13, 1.1  # sizes of type in pixels, and how much wider bold type is


def course(root):
    """Return lectures/course.toml: `parts`, which are Chinese names, and `paths`; empty without it."""
    path = root / COURSE
    found = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return {"parts": {}, "paths": []} | found


def entries(root):
    """Return the facts of every lecture by its number, in order, its script's name as `stem` among them."""
    index = sorted(lectures.index(root).items())
    return {stem[:2]: {"stem": stem, **facts} for stem, facts in index}


def parts_of(found):
    """Return the parts of the course in the order of their first lectures."""
    return list(dict.fromkeys(entry["part"] for entry in found.values()))


def says(entry, fact, language):
    """Return a fact of a lecture or of a path in a language, "en" or "zh"."""
    return entry[fact if language == "en" else f"{fact}_zh"]


def needed(found):
    """Return for each lecture the numbers of those it builds on, of those that exist."""
    return {number: [one for one in entry["needs"] if one in found] for number, entry in found.items()}


def leads_to(found):
    """Return for each lecture the numbers of those that build on it."""
    needs = needed(found)
    return {number: [one for one in found if number in needs[one]] for number in found}


def arrows(needs):
    """Return for each lecture those of its needs that no other of them builds on, however far back.

    Parameters
    ----------
    needs : dict
        number -> numbers of the lectures that it builds on, all of them keys.
    """

    @cache
    def behind(number):
        return {one for direct in needs[number] for one in {direct} | behind(direct)}

    return {
        number: [one for one in direct if not any(one in behind(other) for other in direct)]
        for number, direct in needs.items()
    }


def mermaid(root):
    """Return the map as a Mermaid flowchart in Markdown, each part's lectures framed in its colour.

    Parts as boxes around their lectures would draw it twice as wide, its letters half as high.
    """
    found = entries(root)
    lines = ["```mermaid", PACKED, "flowchart TD"]
    lines += [f'{number}["{number} {entry["title"]}"]' for number, entry in found.items()]
    lines += [f"{' & '.join(before)} --> {one}" for one, before in arrows(needed(found)).items() if before]
    for order, part in enumerate(parts_of(found)):
        numbers = ",".join(number for number, entry in found.items() if entry["part"] == part)
        name = part.replace(" ", "_")
        lines += [f"class {numbers} {name}", f"classDef {name} stroke:{COLOURS[order % 4]},stroke-width:3px"]
    return "\n".join([*lines, "```"])


def rows(direct, abreast):
    """Return the lectures in rows, each below all that it builds on; those that most follows from come first.

    Parameters
    ----------
    direct : dict
        number -> numbers of the lectures that an arrow comes from.
    abreast : int
        How many lectures a row may hold.
    """

    @cache
    def below(number):
        return max((1 + below(one) for one, before in direct.items() if number in before), default=0)

    waiting, found = sorted(direct, key=lambda number: (-below(number), number)), []
    while waiting:
        ready = [one for one in waiting if not set(direct[one]) & set(waiting)][:abreast]
        found.append(ready)
        waiting = [one for one in waiting if one not in ready]
    return found


def lanes(direct, levels):
    """Return the rows with a place for each arrow that passes, and the arrows' pieces from row to row.

    A place is (number, None) for a lecture and (number, row) where arrows from that lecture pass a row.
    Pieces are (upper place, lower place), one for all arrows from a lecture on their common way.
    """
    row_of = {number: row for row, numbers in enumerate(levels) for number in numbers}
    places = [[(number, None) for number in numbers] for numbers in levels]
    pieces = []
    for number, before in direct.items():
        for one in before:
            way = [(one, row) for row in range(row_of[one] + 1, row_of[number])]
            way = [(one, None), *way, (number, None)]
            pieces += [piece for piece in itertools.pairwise(way) if piece not in pieces]
            for place in way[1:-1]:
                if place not in places[place[1]]:
                    places[place[1]].append(place)
    return places, pieces


def untangled(places, pieces):
    """Return the rows' places in an order in which few pieces cross: swaps of neighbours until none helps."""
    places = [list(row) for row in places]

    def crossings():
        at = {place: order for row in places for order, place in enumerate(row)}
        row_of = {place: number for number, row in enumerate(places) for place in row}
        return sum(
            row_of[a] == row_of[c] and (at[a] - at[c]) * (at[b] - at[d]) < 0
            for (a, b), (c, d) in itertools.combinations(pieces, 2)
        ), sum(abs(at[a] - at[b]) for a, b in pieces)

    best, better = crossings(), True
    while better:
        better = False
        for row in places:
            for i, j in itertools.combinations(range(len(row)), 2):
                row[i], row[j] = row[j], row[i]
                now = crossings()
                if now < best:
                    best, better = now, True
                else:
                    row[i], row[j] = row[j], row[i]
    return places


def across(places, pieces, size):
    """Return each place's middle in pixels from the left: pieces are as upright as the order allows."""
    import numpy as np  # here, because SciPy takes a second to import and only the site draws
    from scipy.optimize import linprog

    order = [place for row in places for place in row]
    at = {place: column for column, place in enumerate(order)}
    n, m = len(order), len(pieces)
    # Unknown are the middles, how far each piece leans, and how much wider than wanted the picture must be.
    cost = np.r_[np.zeros(n), np.ones(m), 1_000]
    limits = []  # each the factors of some unknowns, and what their sum may be at most
    for k, (upper, lower) in enumerate(pieces):
        if upper[1] is not None or lower[1] is not None:
            cost[n + k] = 3  # what passes rows runs straight
        limits.append(({at[upper]: 1, at[lower]: -1, n + k: -1}, 0))
        limits.append(({at[upper]: -1, at[lower]: 1, n + k: -1}, 0))
    for row in places:
        for left, right in itertools.pairwise(row):
            limits.append(({at[left]: 1, at[right]: -1}, -size["gap"] - half(left, size) - half(right, size)))
        limits.append(({at[row[-1]]: 1, n + m: -1}, size["width"] - half(row[-1], size)))
    lines = np.zeros((len(limits), n + m + 1))
    for line, (factors, _) in zip(lines, limits, strict=True):
        line[list(factors)] = list(factors.values())
    lowest = [(half(place, size), None) for place in order] + [(0, None)] * (m + 1)
    x = linprog(cost, A_ub=lines, b_ub=[bound for _, bound in limits], bounds=lowest).x
    return {place: round(float(x[column])) for place, column in at.items()}


def half(place, size):
    """Return half a place's width in pixels: a box's, or of an arrow that passes, which has none."""
    return size["box"] / 2 if place[1] is None else 0


def wide(letter):
    """Return how wide a letter is at most in common fonts, as a share of the size of type."""
    if ord(letter) > 0x2E80 or letter in "“”":
        return 1.0
    if letter in "iljtfrI.,:;'|!()- ":
        return 0.4
    return 0.95 if letter in "mwMW" else 0.75 if letter.isupper() else 0.63


def wrapped(text, size, room):
    """Return a text in lines of a box: `size` of type, `room` for them, both in pixels.

    A Chinese line may end after any character; none begins with a closing mark or ends with an opening one. A
    word wider than a line, such as ImageDataGenerator, is parted before a capital.
    """

    def fits(line):
        return sum(map(wide, line.rstrip())) * size <= room

    pieces = re.findall(
        r"[“（《]*(?:[⺀-鿿]|[^\s⺀-鿿“（《，。？：；、！”）》]+)[，。？：；、！”）》]*\s*", text
    )
    lines = [""]
    for word in pieces:
        for piece in [word] if fits(word) else re.split(r"(?=[A-Z])", word):
            if lines[-1] and not fits(lines[-1] + piece):
                lines.append("")
            lines[-1] += piece
    return [line.rstrip() for line in lines]


def svg(root, language, kind, page="notebooks/{}.html"):
    """Return the map as an SVG element, whose lectures are links.

    Parameters
    ----------
    root : Path
        The repository.
    language : str
        "en" or "zh".
    kind : str
        "wide" or "narrow", one of SIZES.
    page : str
        Where a lecture's page lies, with {} for its name.
    """
    found, size, names = entries(root), SIZES[kind], course(root)["parts"]
    direct = arrows(needed(found))
    parts = parts_of(found)
    places, pieces = lanes(direct, rows(direct, size["abreast"]))
    places = untangled(places, pieces)
    x = across(places, pieces, size)
    texts = {number: _texts(number, entry, language, size, names) for number, entry in found.items()}
    tall = {number: sum(line for *_, line in its_texts) + 12 for number, its_texts in texts.items()}
    top, boxes, span = 1, [], {}
    for row in places:
        height = max(tall[number] for number, passes in row if passes is None)
        for place in row:
            number, passes = place
            own = height if passes is not None else tall[number]
            span[place] = top, top + own, top + height
            if passes is None:
                link = page.format(found[number]["stem"])
                colour = COLOURS[parts.index(found[number]["part"]) % 4]
                boxes += _box(texts[number], x[place], top, size["box"], own, link, colour)
        top += height + size["between"]
    right = max(x[place] + half(place, size) for place in x)
    paths = [_arrow(x[a], span[a], x[b], span[b], b[1] is None) for a, b in pieces]
    paths += [f'<path d="M{x[p]} {span[p][0]}V{span[p][2]}"/>' for p in x if p[1] is not None]
    name = {"en": "Which lecture builds on which", "zh": "哪一讲建立在哪几讲之上"}[language]
    lang = {"en": "en", "zh": "zh-Hans"}[language]
    width, height = round(right) + 1, round(top - size["between"]) + 1
    marker = f"tip-{kind}-{language}"
    return "\n".join(
        [
            f'<svg class="course-map {kind}" role="group" aria-label="{name}" lang="{lang}"'
            f' viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
            f'<marker id="{marker}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"'
            ' orient="auto" markerUnits="userSpaceOnUse"><path d="M0 0L8 4L0 8z"/></marker>',
            '<g class="arrows" aria-hidden="true">',
            *(path.replace("TIP", f"url(#{marker})") for path in paths),
            "</g>",
            *boxes,
            "</svg>",
        ]
    )


def _texts(number, entry, language, size, names):
    """Return a box's lines: class, text, and pixels from line to line."""
    room = size["box"] - EDGE - 2 * INDENT
    part = entry["part"] if language == "en" else names.get(entry["part"], entry["part"])
    title = wrapped(says(entry, "title", language), size["title"] * BOLD, room)
    found = [("part", line, PART + 4) for line in wrapped(f"{number} · {part}", PART, room)]
    found += [("title", line, size["title"] + 4) for line in title]
    if size["question"]:
        found += [("", line, TEXT + 4) for line in wrapped(says(entry, "question", language), TEXT, room)]
    return found


def _box(texts, middle, top, width, height, link, colour):
    left = round(middle - width / 2)
    lines, y = [], top + 4
    for name, text, line in texts:
        y += line
        named = f' class="{name}"' if name else ""
        lines.append(f'<text{named} x="{left + EDGE + INDENT}" y="{y}">{escape(text)}</text>')
    return [
        f'<a href="{link}">',
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="4"/>',
        f'<rect class="edge" x="{left}" y="{top}" width="{EDGE}" height="{height}" fill="{colour}"/>',
        *lines,
        "</a>",
    ]


def _arrow(x0, above, x1, below, arrives):
    """Return a piece of an arrow from the bottom of one place to the top of another."""
    (_, bottom, y0), (y1, *_) = above, below
    tip = ' marker-end="TIP"' if arrives else ""
    bend = round((y1 - y0) * 0.6)
    return f'<path d="M{x0} {bottom}V{y0}C{x0} {y0 + bend} {x1} {y1 - bend} {x1} {y1}"{tip}/>'


def linked(numbers, found, language, page):
    """Return lectures as links in Markdown, by number and title."""
    return ", ".join(
        f"[{int(one)} {says(found[one], 'title', language)}]({page.format(found[one]['stem'])})"
        for one in numbers
    )


def neighbours(root, stem, page="{}.ipynb"):
    """Return, as Markdown, what a lecture's page says of its place in the course, in both languages.

    Its Chinese title and question, what it builds on, and what builds on it; an empty text for a lecture that
    index.toml lacks.
    """
    found = entries(root)
    number = stem[:2]
    if number not in found:
        return ""
    before = {language: linked(needed(found)[number], found, language, page) for language in LANGUAGES}
    after = {language: linked(leads_to(found)[number], found, language, page) for language in LANGUAGES}
    entry = found[number]
    chinese = [f"**{says(entry, 'title', 'zh')}**　{says(entry, 'question', 'zh')}"]
    chinese += [f"**先修**：{before['zh']}"] * bool(before["zh"])
    chinese += [f"**后续**：{after['zh']}"] * bool(after["zh"])
    english = [f"**Builds on** {before['en']}."] * bool(before["en"])
    english += [f"**Leads to** {after['en']}."] * bool(after["en"])
    return "\n\n".join([*english, lectures.folded("\n\n".join(chinese))])


def listed(root, page="notebooks/{}.ipynb"):
    """Return the lectures in Chinese as lists in Markdown, one for each part, with what each builds on."""
    found, names = entries(root), course(root)["parts"]
    needs, blocks = needed(found), []
    for part in parts_of(found):
        lines = []
        for number, entry in found.items():
            if entry["part"] == part:
                numbers = "、".join(str(int(one)) for one in needs[number])
                before = f"（先修：第 {numbers} 讲）" if numbers else ""
                lines.append(f"- **{linked([number], found, 'zh', page)}**　{entry['question_zh']}{before}")
        blocks.append("\n".join([f"**{names.get(part, part)}**\n", *lines]))
    return "\n\n".join(blocks)


def skipped(path, found):
    """Return the numbers that a path's lectures build on and that do not stand before them on the path."""
    needs, seen, missing = needed(found), set(), set()
    for number in path["lectures"]:
        missing |= set(needs[number]) - seen
        seen.add(number)
    return sorted(missing)


def sections(path, root):
    """Return the sections that a path takes, by their lectures' numbers; none if it takes whole lectures."""
    keys = {number: [*map(str, its_sections)] for number, its_sections in path.get("sections", {}).items()}
    return {
        lecture.number: [one for one in lecture.sections if one.key in keys[lecture.number]]
        for lecture in (lectures.read(root, path["lectures"]) if keys else ())
    }


def paths(root, language, page="notebooks/{}.ipynb"):
    """Return the paths as Markdown: what each is for, how long it takes, its lectures, and what it skips."""
    found = entries(root)
    english = language == "en"
    blocks = []
    for path in course(root)["paths"]:
        chosen = sections(path, root)
        if chosen:
            minutes = sum(one.minutes or 0 for its_sections in chosen.values() for one in its_sections)
        else:
            minutes = sum(found[number]["minutes"] for number in path["lectures"])
        count, star = len(path["lectures"]), bool(chosen)
        takes = (
            f" {count} lectures, {minutes:,} minutes{', without the sections with a ★' * star}."
            if english
            else f"共 {count} 讲，{minutes:,} 分钟{'，不算带 ★ 的小节' * star}。"
        )
        stops = []
        for number in path["lectures"]:
            stop = linked([number], found, language, page)
            if chosen:
                these = [f"{'★ ' * one.title.startswith('★')}{one.key}" for one in chosen[number]]
                stop += f" (sections {', '.join(these)})" if english else f"（第 {'、'.join(these)} 节）"
            stops.append(stop)
        name = says(path, "name", language) + (".** " if english else "**。")
        lines = [f"**{name}{says(path, 'about', language)}{takes}", " → ".join(stops)]
        told = [
            linked([number], found, language, page) + (f" ({notes[0]})" if english else f"（{notes[1]}）")
            for number, notes in path.get("skips", {}).items()
        ]
        if told:
            lines.append(f"It skips {'; '.join(told)}." if english else f"跳过：{'；'.join(told)}。")
        blocks.append("\n\n".join(lines))
    return "\n\n".join(blocks)
