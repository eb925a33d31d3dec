"""Reads lectures/glossary.toml: the field's terms that lectures introduce, in English and Chinese.

python -m tools.glossary    list what a person should look at, and fail on nothing: bold words of lectures
                            that the glossary lacks, and lectures that say another Chinese word, or none
"""

import argparse
import re
import tomllib
from dataclasses import dataclass

from tools import ROOT, ToolError, lectures, run_tool

GLOSSARY = "lectures/glossary.toml"
REQUIRED = {"zh", "section", "means", "means_zh"}
OPTIONAL = {"written", "written_zh", "also"}
OFTEN = 3  # times that a lecture says an English word before its Chinese is expected to have a word for it
# What prose holds besides words: display formulas, formulas, code, the addresses of links, HTML, headings.
NO_WORDS = re.compile(
    r"\$\$.*?\$\$|(?<!\\)\$.*?(?<!\\)\$|`[^`]*`|(?<=\])\([^)]*\)|<[^>]*>|^#.*?$", re.DOTALL | re.MULTILINE
)


@dataclass(frozen=True)
class Term:
    """A term of the field, a sentence on it in each language, and the section that introduces it ("06 5").

    `written` and `written_zh` are the words by which the section has it, where they are not the term itself;
    `also` holds other Chinese words that lectures use for it.
    """

    name: str
    zh: str
    section: str
    means: str
    means_zh: str
    written: str = ""
    written_zh: str = ""
    also: tuple = ()

    @property
    def lecture(self):
        """The two digits of the lecture that introduces it."""
        return self.section[:2]

    def pattern(self, chinese=False):
        """Return a regular expression of the word that the section has for it, the Chinese one if asked."""
        if chinese:
            return word(self.written_zh or self.zh)
        return word(self.written or self.name, plural="(?:e?s)?")


def word(text, plural=""):
    """Return a regular expression that finds a word as a whole; its case counts if it has capitals."""
    spaced = r"\s+".join(map(re.escape, text.split()))
    before = "(?<![A-Za-z0-9])" if re.match("[A-Za-z0-9]", text) else ""
    after = "(?![A-Za-z0-9])" if re.search("[A-Za-z0-9]$", text) else ""
    return re.compile(before + spaced + plural + after, 0 if re.search("[A-Z]", text) else re.IGNORECASE)


def read(root):
    """Return the terms in the order of the file; none if there is no such file.

    Raises
    ------
    ToolError
        If the file is not TOML (a term twice is not), or a term lacks what it needs or has what nobody reads.
    """
    path = root / GLOSSARY
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except tomllib.TOMLDecodeError as error:
        raise ToolError(f"{GLOSSARY}: {error}") from None
    for name, entry in entries.items():
        if not REQUIRED <= entry.keys() <= REQUIRED | OPTIONAL:
            raise ToolError(
                f"{GLOSSARY}, [{name!r}]: it needs {', '.join(sorted(REQUIRED))} and may have"
                f" {', '.join(sorted(OPTIONAL))}; it has {', '.join(sorted(entry))}"
            )
    return [Term(name, **entry) for name, entry in entries.items()]


def sections(course):
    """Return the sections of lectures by `Term.section`."""
    return {f"{one.number} {section.key}": section for one in course for section in one.sections}


def words(markdown):
    """Return the words of some Markdown: without its 中文 blocks, and those of the 中文 blocks alone."""
    english, blocks = lectures.split_chinese(markdown)
    return NO_WORDS.sub(" ", english), NO_WORDS.sub(" ", "\n".join(blocks))


def page(root):
    """Return, as Markdown, the terms by first letter, each with a link to the section that introduces it."""
    by_letter = {}
    for term in read(root):
        names = "\n".join(dict.fromkeys([term.name, term.zh]))
        said = "\n\n  ".join([term.means, term.means_zh, f"{{ref}}`{label(term.section)}`"])
        by_letter.setdefault(term.name[0].upper(), []).append(f"{names}\n  {said}\n\n")
    blocks = [f"## {letter}\n\n```{{glossary}}\n{''.join(its)}```" for letter, its in by_letter.items()]
    return "\n\n".join(blocks) or "No terms yet."


def label(section):
    """Return the name by which the site's pages refer to a section, given as `Term.section`."""
    return f"section-{section.replace(' ', '-').lower()}"


def unlisted(terms, course):
    """Return what lectures have in bold in English and no term is written like: (lecture, words) in order."""
    forms = {form for term in terms for form in (*re.split(r" \(|\)", term.name), term.written) if form}
    known = [word(form, "(?:e?s)?") for form in forms]
    found = []
    for lecture in course:
        for section in lecture.sections:
            for bold in re.findall(r"\*\*([^*]+)\*\*", words(section.markdown)[0]):
                bold = " ".join(bold.split())
                is_name = re.fullmatch(r"[A-Za-z][A-Za-z –-]*", bold) and len(bold.split()) <= 4
                if is_name and not any(form.search(bold) for form in known):
                    found.append((lecture.number, bold))
    return list(dict.fromkeys(found))


def other_words(terms, course):
    """Return where a lecture's Chinese differs: (lecture, term, the other word, or "" if it has none)."""
    found = []
    for lecture in course:
        english, chinese = words("\n\n".join(section.markdown for section in lecture.sections))
        for term in terms:
            others = [other for other in term.also if word(other).search(chinese)]
            if others and term.pattern().search(english):
                found += [(lecture.number, term, other) for other in others]
            elif lecture.number >= term.lecture and not term.pattern(chinese=True).search(chinese):
                often = len(word(term.name, "(?:e?s)?").findall(english)) >= OFTEN
                found += [(lecture.number, term, "")] * often
    return found


def main():
    """Print what the glossary and the lectures do not agree on."""
    argparse.ArgumentParser(
        prog="python -m tools.glossary",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    ).parse_args()
    terms, course = read(ROOT), lectures.read(ROOT)
    print(f"{len(terms)} terms. In bold in a lecture, and not in {GLOSSARY}:")
    for lecture, bold in unlisted(terms, course):
        print(f"  {lecture}  {bold}")
    print("Other Chinese words than the glossary's:")
    for lecture, term, other in other_words(terms, course):
        print(f"  {lecture}  {term.name}: {other or 'none'}, elsewhere {term.zh}")


if __name__ == "__main__":
    run_tool(main)
