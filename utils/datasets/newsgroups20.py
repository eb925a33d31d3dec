"""20 Newsgroups: posts to twenty newsgroups, sorted by date into a training and a test part."""

from __future__ import annotations

import lzma
import re
import tarfile
import zlib

import numpy as np

from utils.datasets import store
from utils.datasets.catalogue import DataError
from utils.datasets.folders import Found, reading

Split = tuple[list[str], np.ndarray]
PARTS = ("20news-bydate-train", "20news-bydate-test")  # the archive's two folders
N_POSTS = {"train": 60, "test": 40}  # of each group in the stand-in


def load_newsgroups20() -> tuple[Split, Split]:
    """Load the posts of 20 Newsgroups, split by date: the test posts were written later.

    Returns
    -------
    (posts_train, groups_train), (posts_test, groups_test)
        Lists of n posts, each a text: header lines such as "Subject: …", an empty line, the body; and arrays
        of shape (n,) with the name of each post's group, such as "rec.autos". n is 11,314 and 7,532; in the
        stand-in 1,200 and 800. Posts are in order of their groups: shuffle before you train step by step.

    Raises
    ------
    DataError
        If the archive is broken, or missing while COURSE_DATA_POLICY is real.
    """
    return store.load("newsgroups20", read=_read, stand_in=chatter, summarise=_summarise)


@store.checks("newsgroups20")
def check(found: Found) -> None:
    """Raise DataError unless the archive holds as many posts as it must, in twenty groups."""
    (train, _), (test, _) = _read(found)
    found.require({"train": len(train), "test": len(test)})


def _summarise(splits: tuple[Split, Split]) -> str:
    (train, groups), (test, _) = splits
    return f"{len(train):,} + {len(test):,} posts in {len(set(groups))} groups"


def _read(found: Found) -> tuple[Split, Split]:
    """The posts of an archive packed with gzip or xz, read where it lies: nothing is written to a disk."""
    posts, size = {}, 0
    try:
        with reading(found.path), tarfile.open(found.path) as archive:
            for member in archive:
                size += member.size
                if size > found.form.unpacked:
                    raise DataError(
                        f"{found.path.name} would expand to more than {found.form.unpacked:,} bytes: refused"
                    )
                part, _, rest = member.name.removeprefix("./").partition("/")
                if member.isfile() and part in PARTS and rest.count("/") == 1:
                    # Posts of 1993 are in Latin-1, in which every byte is a character.
                    posts[part, *rest.split("/")] = archive.extractfile(member).read().decode("latin-1")
    except (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError) as error:
        raise DataError(f"{found.path.name} is not a whole tar file ({error})") from None
    groups = {part: {group for there, group, _ in posts if there == part} for part in PARTS}
    for part in PARTS:
        if len(groups[part]) != 20 or groups[part] != groups[PARTS[0]]:
            raise DataError(
                f"{found.path.name} has {len(groups[part])} groups in {part}/, not the same 20 in both parts"
            )
    return tuple(_split(part, posts) for part in PARTS)


def _split(part: str, posts: dict[tuple[str, str, str], str]) -> Split:
    """One part's posts in order of their groups and names, whatever the order in the archive."""
    keys = sorted(key for key in posts if key[0] == part)
    return [posts[key] for key in keys], np.array([group for _, group, _ in keys])


# What the stand-in's posts talk about: each group's words, early ones most often at first.
_TOPICS = {
    "alt.atheism": """
        god atheist belief religion evidence argument moral faith existence claim bible logic proof
        reason islam universe believe atheism deity objective doctrine sceptic myth prayer
    """,
    "comp.graphics": """
        image graphics file color format polygon pixel render program surface jpeg animation bitmap
        algorithm shading texture viewer vector convert resolution gif curve sphere library
    """,
    "comp.os.ms-windows.misc": """
        windows dos microsoft driver file program version font menu icon mouse manager printer desktop
        directory install memory setup swap screen crash dialog shell application
    """,
    "comp.sys.ibm.pc.hardware": """
        drive card disk controller bus motherboard scsi cache chip slot board floppy monitor port modem
        jumper bios cable memory irq clock pentium drives cards
    """,
    "comp.sys.mac.hardware": """
        mac apple quadra monitor centris powerbook nubus video simm drive duo keyboard upgrade memory
        processor adapter serial finder lciii macintosh scsi speed printer macs
    """,
    "comp.windows.x": """
        server widget motif window client display xterm application event library toolkit code pointer
        callback screen resource session xlib manager compile visual export root windows
    """,
    "misc.forsale": """
        sale offer price shipping sell condition asking brand manual box interested disks camera stereo
        cash payment package warranty original best bid pair mint obo
    """,
    "rec.autos": """
        car engine ford dealer brake oil tire honda wheel driver mileage clutch road auto toyota gas
        transmission cars insurance trunk highway sedan exhaust convertible
    """,
    "rec.motorcycles": """
        bike ride motorcycle helmet rider bmw dog yamaha gear saddle lane harley throttle bikes leather
        kawasaki riding curve turn passenger garage countersteer chain visor
    """,
    "rec.sport.baseball": """
        baseball pitcher hit game team run inning player league catcher hitter season base field stadium
        bat glove coach bullpen games players teams shortstop homer
    """,
    "rec.sport.hockey": """
        hockey team game season player goal playoff nhl ice coach puck league goalie pens rangers score
        captain penalty teams games players rink defenseman overtime
    """,
    "sci.crypt": """
        key encryption chip clipper secret cipher algorithm security escrow privacy message code wiretap
        public random password keys agency attack decrypt secure block session hash
    """,
    "sci.electronics": """
        circuit voltage power amp wire signal resistor current output ground battery diode transistor
        frequency radio capacitor input outlet relay meter sensor copper solder board
    """,
    "sci.med": """
        doctor patient disease medical treatment pain health drug symptom food infection blood diet
        physician medicine vitamin allergy yeast cancer surgery syndrome clinic doctors patients
    """,
    "sci.space": """
        space orbit nasa launch moon shuttle satellite rocket mission lunar earth solar spacecraft
        astronaut mars telescope gravity station planet payload fuel probe jupiter comet
    """,
    "soc.religion.christian": """
        god church jesus christ christian faith bible sin lord scripture heaven prayer holy gospel grace
        spirit father love apostle resurrection churches baptism priest hell
    """,
    "talk.politics.guns": """
        gun weapon firearm law crime police rifle handgun defense amendment guns weapons militia shoot
        criminal bullet laws batf permit magazine holster trigger ammunition crimes
    """,
    "talk.politics.mideast": """
        israel arab turkish jews armenian israeli peace war palestinian soldier village syria lebanon
        border muslim turkey iraq treaty genocide jerusalem territory refugee zionist gaza
    """,
    "talk.politics.misc": """
        government president tax law state policy health congress vote senate economy right citizen
        budget drug liberal court clinton welfare federal reform party insurance debt
    """,
    "talk.religion.misc": """
        god bible religion jesus church cult koresh prophet truth belief moral angel scripture kingdom
        mormon fire evil ritual temple faith soul christian gospel messiah
    """,
}
_COMMON = """
the to of a and i is in that it for you this on be have are not with as but if they or was can what my by
would there do from we one an so all about will me at like just know people think some he get don't out
more who up when good them time your no only use their how make any his which now had other than see well
even want new then could way because said go work should am year years really problem him take still being
him she her man woman men women big bigger small smaller old older high higher low lower went go say came
come took found find long great better bad worse fast faster king queen england london france paris
before after first last buy sell hot cold true false win lose large quick begin start also too whole entire
need require try answer reply idea thought
"""
_FIRST = "alan beth carl dora egon fritz gina hugo irma jens kate lars mona nils olga paul rita sven tina udo"
_FAMILY = (
    "abel brand cole dahl egger fox grau hill ito jung kern lund marsh noll oster pike quist rohr stein voss"
)
_PLACES = "lakeside northport rivertown stonebridge westfield ashgrove millpond highgate oakdale fairview"
_SYLLABLES = "ba do fe gu ka lo mi nu po ra se ti vo wa ze"


def chatter() -> tuple[Split, Split]:
    """Synthetic posts in the place of the real ones: small talk with words of the group's topic in it.

    Threads of five posts share a subject and a made-up name; a thread is in one part alone, as threads that
    a date divides nearly are. Sixty per cent of the authors write from a host of their group's; posts quote
    one another and are signed. In the test part other words of the same topics have become the frequent ones.

    Returns
    -------
    (posts_train, groups_train), (posts_test, groups_test)
        1,200 and 800 posts in the twenty real groups, the same every time.
    """
    rng = np.random.default_rng(0)
    return tuple(_chat(rng, part, n) for part, n in N_POSTS.items())


def _chat(rng: np.random.Generator, part: str, n: int) -> Split:
    posts, groups = [], []
    for group, words in _TOPICS.items():
        topic = words.split()
        if part == "test":
            topic = topic[len(topic) // 3 :] + topic[: len(topic) // 3]
        for _ in range(n // 5):
            posts += _thread(rng, group, topic)
            groups += [group] * 5
    return posts, np.array(groups)


def _thread(rng: np.random.Generator, group: str, topic: list[str]) -> list[str]:
    """Five posts of a group under one subject, each quoting the one before."""
    name = "".join(rng.choice(_SYLLABLES.split(), 3))
    subject = " ".join([*_draw(rng, topic, 2), name])
    posts, before = [], ""
    for i in range(5):
        author = f"{rng.choice(_FIRST.split())} {rng.choice(_FAMILY.split())}"
        place = str(rng.choice(_PLACES.split()))
        host = f"{group.split('.')[-1]}.{place}.edu" if rng.random() < 0.6 else f"{place}.com"
        address = f"{author.replace(' ', '.')}@{host}"
        said = "\n".join(_sentence(rng, topic, name) for _ in range(rng.integers(2, 7)))
        quoted = f"In article <{rng.integers(1e6)}@{host}> {before}" if i else ""
        posts.append(
            f"From: {address} ({author.title()})\nSubject: {'Re: ' * (i > 0)}{subject.capitalize()}\n"
            f"Organization: University of {place.title()}\nLines: {said.count(chr(10)) + 1}\n\n"
            f"{quoted}{said}\n\n-- \n{author.title()}, {place.title()}, {address}\n"
        )
        before = f"{address} writes:\n" + re.sub("^", "> ", said, flags=re.MULTILINE) + "\n\n"
    return posts


def _sentence(rng: np.random.Generator, topic: list[str], name: str) -> str:
    """Small talk with one word of the topic, one of any topic, and now and then the thread's name."""
    strays = " ".join(_TOPICS.values()).split()
    words = [*_draw(rng, _COMMON.split(), 7), *_draw(rng, topic, 1), str(rng.choice(strays))]
    if rng.random() < 0.3:
        words.append(name)
    return " ".join(rng.permutation(words)).capitalize() + "."


def _draw(rng: np.random.Generator, words: list[str], n: int) -> list[str]:
    """Draw words, early ones more often, by Zipf's law."""
    rank = np.arange(1, len(words) + 1)
    return rng.choice(words, n, p=1 / rank / np.sum(1 / rank)).tolist()
