"""Tiny Shakespeare: a million characters from plays, one after the other."""

from __future__ import annotations

import re

import numpy as np

from utils.datasets import store
from utils.datasets.catalogue import DataError
from utils.datasets.folders import Found

# Line break, space, eleven marks, 52 letters: the 65 symbols of the real text, in the order of their codes.
ALPHABET = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# How the last two plays, The Taming of the Shrew and The Tempest, open; nowhere else in the text.
PLAY_BEFORE, LAST_PLAY = "SLY:\nI'll pheeze", "Master:\nBoatswain!"
N_CHARACTERS = 200_000  # in the stand-in


def load_tiny_shakespeare() -> str:
    """Load A. Karpathy's selection from Shakespeare's plays, speeches one after the other.

    Returns
    -------
    str
        1,115,394 characters of 65 kinds; in the stand-in 200,000 of the same kinds. A speech is a name, a
        colon and lines; an empty line stands between speeches. The last play opens with the line
        "Boatswain!", which the Master says, and the one before with Sly's "I'll pheeze you".

    Raises
    ------
    DataError
        If the file is broken, or missing while COURSE_DATA_POLICY is real.
    """
    return store.load(
        "tiny_shakespeare",
        read=_read,
        stand_in=play,
        summarise=lambda text: f"{len(text):,} characters",
    )


@store.checks("tiny_shakespeare")
def check(found: Found) -> None:
    """Raise DataError unless the file holds all of the text, in its alphabet."""
    found.require({"characters": len(_read(found))})


def _read(found: Found) -> str:
    content = found.path.read_bytes()
    odd = sorted(set(content) - set(ALPHABET.encode()))
    if odd:
        place = content.index(odd[0])
        line = 1 + content.count(b"\n", 0, place)
        raise DataError(
            f"{found.path.name}, line {line}: the byte {odd[0]:#04x} is none of the text's symbols"
        )
    text = content.decode("ascii")
    for opening in (PLAY_BEFORE, LAST_PLAY):
        if text.count(opening) != 1:
            raise DataError(
                f"{found.path.name} does not hold the opening of one of its plays, {opening!r}, once"
            )
    return text


# What the small grammar of the stand-in draws from. Every second noun belongs to one play alone.
_CASTS = (
    ("QUILLON", "First Yeoman", "XANTHE", "Lady Jorvik", "BRAMBLE"),
    ("ZEPHYRINE", "HUGO THE MILLER", "Second Guard", "KESTREL", "OLD WICK"),
    ("SLY", "Nurse", "UMBRIEL", "EVERARD", "Third Piper"),
    ("Master", "Boatswain", "GLAUCUS", "IPHIS", "VANE"),
)
_OPENINGS = (
    "",
    "",
    f"{PLAY_BEFORE} you, in faith.\n\n",
    f"{LAST_PLAY}\n\nBoatswain:\nHere, master: what cheer?\n\n",
)
_ENDS = (0.3, 0.6, 0.93, 1.0)  # of the plays, as parts of the whole
_NOUNS = """
apple arrow autumn banner barrel beggar blossom brother candle carpet castle cellar chamber chapel
church clerk cloud coat corn cousin cradle crown dagger daughter dinner donkey dragon drum dust eagle
earth engine envy evening farmer father feather fiddle field finger fire flower fortune fountain friend
garden garment ghost giant goblet grain grave hammer harvest heart hedge horn horse hour hunger island
ivy jewel journey judge kettle kingdom kitchen knave ladder lantern leaf letter lily lion maiden market
meadow merchant mirror monk moon morning mother mountain needle neighbour night noise oak oath orchard
oven owl parrot patience pepper pigeon pilgrim pillow plough poison prince prison quarrel queen quilt
rabbit rain raven ribbon river robber rose saddle sailor season secret servant shadow shepherd shield
silver sister soldier song sorrow spring squire stable star storm summer supper sword table tailor
temper thief thorn thunder tower traitor treasure trumpet valley velvet village vine violet voyage
waggon water weather wedding widow window winter wisdom wolf yard zeal
"""
_ADJECTIVES = """
ancient bitter brave bright broken calm cold cruel dear deep dull empty faint fair false fierce foolish
gentle golden grave green happy heavy honest humble idle jolly kind lazy light lonely mad merry noble
pale patient poor proud quick quiet rare rich royal rude sad secret silent simple soft strange sweet
swift tender true vain warm weary wild wise worthy young
"""
_VERBS = """
borrow bring burn buy carry catch choose close cover defend drown envy excuse fear find follow forgive
give guard hate hear hide hold honour kiss lend lose love make mend mourn need owe pardon pity praise
prove question raise sell send serve show sing steal swear take tell trust vex want watch wed
"""


def play() -> str:
    """A synthetic play in the place of Shakespeare's: four of them, written by a small grammar.

    A line is one of six patterns filled with words at random; words are rarer the later they stand in their
    list. Every play has speakers and nouns of its own beside common ones, so that a play never seen is harder
    to predict than the rest of one begun. The last begins at 93 % of the text, as The Tempest does at 97 %.

    Returns
    -------
    str
        200,000 characters of the 65 of the real text, the same every time.
    """
    rng = np.random.default_rng(0)
    nouns, adjectives, verbs = _NOUNS.split(), _ADJECTIVES.split(), _VERBS.split()
    owned = [words.tolist() for words in np.array_split(nouns[1::2], len(_CASTS))]
    text = "QUILLON:\nThe clerk owes $3 & a quilt.\n\n"  # symbols as rare as in the real text
    for cast, opening, own, end in zip(_CASTS, _OPENINGS, owned, _ENDS, strict=True):
        lists = {"noun": nouns[::2], "own": own, "adjective": adjectives, "verb": verbs}
        speeches, length, speaker = [opening], len(text), 0
        while length < end * N_CHARACTERS:
            speaker = (speaker + int(rng.integers(1, len(cast)))) % len(cast)
            lines = [_line(rng, lists) for _ in range(rng.integers(1, 5))]
            speeches.append("\n".join([f"{cast[speaker]}:", *lines, "", ""]))
            length += len(speeches[-1])
        text += "".join(speeches)
    return text[:N_CHARACTERS]


_PATTERNS = (
    "The {adjective} {noun} will {verb} the {own}, and the {noun} is {adjective}.",
    "I {verb} thee, {adjective} {own}; and thou dost {verb} my {noun}!",
    "What {adjective} {own} would {verb} a {noun} so {adjective}?",
    "O {adjective}, {adjective} {noun}, that {verb}s me not,",
    "'Tis but a {noun}-{own} that we {verb}: no more.",
    "To {verb} the {noun} of the {noun}, let us {verb} it.",
)


def _line(rng: np.random.Generator, lists: dict[str, list[str]]) -> str:
    """One line: a pattern whose gaps are filled, each from its list, early words most often."""

    def word(gap: re.Match) -> str:
        words = lists[gap[1]]
        return words[int(len(words) * rng.random() ** 2)]

    return re.sub(r"{(\w+)}", word, _PATTERNS[rng.integers(len(_PATTERNS))])
