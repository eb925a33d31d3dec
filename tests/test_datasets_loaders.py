"""Each loader reads what publishers publish, refuses the rest in one message, and has a worthy stand-in."""

import gzip
import hashlib
import io
import os
import pickle
import re
import shutil
import struct
import tarfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from datasets_workbench import file_entry, isolate, tiny_concrete, tiny_mnist, use_catalogue, zipped
from misbehaving_server import Answer, MisbehavingServer
from utils import datasets
from utils.datasets import (
    DataError,
    chest_xray,
    concrete,
    cora,
    hdb,
    mobilenet,
    newsgroups20,
    tiny_shakespeare,
    vnc_em,
)

REAL = os.environ.get("COURSE_DATA")
needs_real_data = pytest.mark.skipif(not REAL, reason="needs the real data: set COURSE_DATA")
LOADERS = {
    "mnist": datasets.load_mnist,
    "hdb_resale": datasets.load_hdb,
    "concrete": datasets.load_concrete,
    "chest_xray": datasets.load_chest_xray,
    "chest_xray_originals": datasets.load_chest_xray_originals,
    "mobilenet": datasets.load_mobilenet,
    "vnc_em": datasets.load_vnc_em,
    "tiny_shakespeare": datasets.load_tiny_shakespeare,
    "newsgroups20": datasets.load_newsgroups20,
    "cora": datasets.load_cora,
}


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    return isolate(monkeypatch, tmp_path)


@pytest.fixture(scope="module")
def phantoms(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phantoms")
    chest_xray.draw_chests(folder)
    return folder


@pytest.fixture
def offer(monkeypatch, tmp_path):
    """Put one file where COURSE_DATA has it."""

    def put(dataset: str, name: str, content: bytes, **form) -> None:
        folder = tmp_path / "course" / dataset
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        use_catalogue(
            monkeypatch, tmp_path, **{dataset: [{"files": [file_entry(name, content, hashed=False)]} | form]}
        )
        monkeypatch.setenv("COURSE_DATA", str(tmp_path / "course"))

    return put


def sales_csv(**columns) -> bytes:
    """A file of HDB's with 100 sales in each of two months; `columns` replaces columns, None drops one."""
    table = hdb.flats()
    table = table[table["month"] <= "2017-02"].head(200).assign(**{k: v for k, v in columns.items() if v})
    table.loc[table.index >= 100, "month"] = "2017-02"
    table.loc[table.index < 100, "month"] = "2017-01"
    gone = [name for name, values in columns.items() if values is None]
    return table.drop(columns=gone).to_csv(index=False).encode()


def load_two_months() -> pd.DataFrame:
    return datasets.load_hdb("2017-01", "2017-02")


class TestSettings:
    def test_an_unknown_policy_is_refused(self, monkeypatch):
        monkeypatch.setenv("COURSE_DATA_POLICY", "fake")
        with pytest.raises(DataError, match="'fake': set it to one of auto, real, stand-in"):
            datasets.load_concrete()

    @pytest.mark.parametrize("policy", ["auto", "real", "stand-in"])
    def test_a_course_data_that_is_not_there_is_refused(self, monkeypatch, tmp_path, policy):
        monkeypatch.setenv("COURSE_DATA_POLICY", policy)
        monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
        with pytest.raises(DataError, match=r"COURSE_DATA is .*nowhere.*not a folder"):
            datasets.load_concrete()

    def test_course_data_comes_before_the_cache(self, offer, cache):
        (cache / "concrete").mkdir(parents=True)
        (cache / "concrete" / "data.csv").write_bytes(tiny_concrete(7))
        offer("concrete", "data.csv", tiny_concrete(5))
        assert len(datasets.load_concrete()) == 5
        assert datasets.provenance()["concrete"].source == "COURSE_DATA"

    def test_the_cache_comes_before_a_mirror(self, monkeypatch, tmp_path, cache):
        (cache / "concrete").mkdir(parents=True)
        (cache / "concrete" / "data.csv").write_bytes(tiny_concrete(7))
        entry = file_entry("data.csv", b"", hashed=False)
        form = {"files": [entry], "mirrors": ["https://never-asked.invalid/"]}
        use_catalogue(monkeypatch, tmp_path, concrete=[form])
        assert len(datasets.load_concrete()) == 7
        assert datasets.provenance()["concrete"].source == "cache"

    def test_course_data_with_a_file_of_the_wrong_size_is_an_error_not_a_stand_in(
        self, monkeypatch, offer, tmp_path
    ):
        offer("mnist", "mnist.npz", tiny_mnist()[:-1])
        use_catalogue(monkeypatch, tmp_path, mnist=[{"files": [file_entry("mnist.npz", tiny_mnist())]}])
        with pytest.raises(
            DataError, match=r"mnist\.npz does not have .* bytes .*replace it there, or unset"
        ):
            datasets.load_mnist()


class TestHdb:
    @pytest.mark.parametrize(
        "lease", ["61 years 04 months", "61 years", "60 years 01 month", "66 years 0 months", "61"]
    )
    def test_every_published_form_of_the_lease_passes_unchanged(self, offer, lease):
        offer("hdb_resale", "x.csv", sales_csv(remaining_lease=lease))
        assert set(load_two_months()["remaining_lease"]) == {lease}

    def test_columns_and_dtypes_are_the_publishers(self, offer):
        offer("hdb_resale", "x.csv.gz", gzip.compress(sales_csv()))
        sales = load_two_months()
        assert list(sales.columns) == list(hdb.COLUMNS)
        assert sales["resale_price"].dtype == sales["floor_area_sqm"].dtype == np.float64
        assert sales["lease_commence_date"].dtype == np.int64
        assert sales["month"].iloc[0] == "2017-01"
        assert len(datasets.load_hdb("2017-02", "2017-02")) == 100

    @pytest.mark.parametrize(
        ("column", "value", "rule"),
        [
            ("resale_price", "n/a", "it must be a number"),
            ("resale_price", "12", "it must be a number from 1000 to 10000000 Singapore dollars"),
            ("resale_price", "", "it must be a number"),
            ("floor_area_sqm", "9000", "from 20 to 400 m²"),
            ("lease_commence_date", "198", "a whole number from 1960"),
            ("lease_commence_date", "1980.5", "a whole number"),
            ("month", "2017-13", "it must be a month"),
            ("storey_range", "10-12", 'it must be like "10 TO 12"'),
            ("remaining_lease", "a while", "it must be like"),
            ("town", "", "it must be words"),
        ],
    )
    def test_a_wrong_value_is_named_by_column_row_and_value(self, offer, column, value, rule):
        lines = sales_csv().decode().splitlines()
        for line in (6, 8):  # the header is line 1; the first wrong row is the one to name
            fields = lines[line].split(",")
            fields[list(hdb.COLUMNS).index(column)] = value
            lines[line] = ",".join(fields)
        offer("hdb_resale", "x.csv", "\n".join(lines).encode())
        expected = f"x.csv, column {column}, row 7: '{re.escape(value)}' is not allowed .*{rule}.*1 more rows"
        with pytest.raises(DataError, match=expected) as error:
            load_two_months()
        assert "\n" not in str(error.value)

    def test_a_row_cut_short_is_named(self, offer):
        offer("hdb_resale", "x.csv", sales_csv().rsplit(b",", 2)[0])
        with pytest.raises(DataError, match=r"column remaining_lease, row 201|column resale_price, row 201"):
            load_two_months()

    def test_rows_that_end_in_a_comma_are_named(self, offer):
        heading, *rows = sales_csv().decode().splitlines()
        offer("hdb_resale", "x.csv", "\n".join([heading, *(f"{row}," for row in rows)]).encode())
        with pytest.raises(DataError, match=r"x\.csv, column 12, row 2: '' is not allowed .*end in a comma"):
            load_two_months()
        offer("hdb_resale", "x.csv", "\n".join([heading, *rows[:4], f"{rows[4]},", *rows[5:]]).encode())
        with pytest.raises(DataError, match=r"x\.csv, row 6: 12 fields, but 11 names in row 1"):
            load_two_months()

    @pytest.mark.parametrize(
        ("column", "change"),
        [
            ("town", lambda town: f"{town} "),
            ("town", str.title),
            ("flat_type", lambda kind: kind.replace(" ", "  ")),
            ("flat_model", lambda model: f" {model}"),
            ("floor_area_sqm", lambda area: "732"),  # 68 m², in square feet
        ],
    )
    def test_other_spellings_and_units_in_every_second_row_are_refused(self, offer, column, change):
        lines = sales_csv().decode().splitlines()
        position = list(hdb.COLUMNS).index(column)
        for line in range(2, len(lines), 2):
            fields = lines[line].split(",")
            fields[position] = change(fields[position])
            lines[line] = ",".join(fields)
        offer("hdb_resale", "x.csv", "\n".join(lines).encode())
        with pytest.raises(DataError, match=f"x.csv, column {column}, row 3: '.*' is not allowed"):
            load_two_months()

    def test_a_file_joined_to_itself_is_refused_with_the_number_of_its_repeated_rows(self, offer):
        heading, *rows = sales_csv().splitlines(keepends=True)
        offer("hdb_resale", "x.csv", b"".join([heading, *rows, rows[0]]))
        assert len(load_two_months()) == 201  # the publisher's file repeats a few as well
        offer("hdb_resale", "x.csv", b"".join([heading, *rows, *rows]))
        with pytest.raises(DataError, match=r"x\.csv: 200 of 400 rows repeat earlier ones, at most 4 are"):
            load_two_months()

    def test_a_file_without_leases_is_told_which_publications_have_them(self, offer):
        offer("hdb_resale", "x.csv", sales_csv(remaining_lease=None))
        with pytest.raises(
            DataError, match=r"no column remaining_lease.*January 2017.*2015 to 2016 in whole"
        ):
            load_two_months()

    def test_a_file_without_another_column_is_told_so(self, offer):
        offer("hdb_resale", "x.csv", sales_csv(storey_range=None))
        with pytest.raises(DataError, match="no column storey_range; its first line is 'month,town"):
            load_two_months()

    def test_a_window_beyond_the_file_is_told_the_months_there_are(self, offer):
        offer("hdb_resale", "x.csv", sales_csv())
        with pytest.raises(
            DataError, match=r"from 2017-01 to 2017-02; .* lacks 88 months, the first 2017-03"
        ):
            datasets.load_hdb()

    @pytest.mark.parametrize("window", [("2017", "2018-01"), ("2017-01", "2017-13"), ("2018-01", "2017-01")])
    def test_a_window_that_is_none_is_refused(self, window):
        with pytest.raises(ValueError, match=r"month|before it starts"):
            datasets.load_hdb(*window)

    @pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08 broken", b"month,town\n", b"\xff\xfe\x00"])
    def test_what_is_no_table_is_refused(self, offer, content):
        offer("hdb_resale", "x.csv.gz" if content.startswith(b"\x1f") else "x.csv", content)
        with pytest.raises(DataError, match=r"x\.csv"):
            load_two_months()

    def test_a_heading_without_sales_is_refused(self, offer):
        offer("hdb_resale", "x.csv", sales_csv().splitlines(keepends=True)[0])
        with pytest.raises(DataError, match=r"x\.csv has no rows"):
            load_two_months()

    def test_another_window_prints_its_own_line_and_the_same_window_none(self, offer, capsys):
        offer("hdb_resale", "x.csv", sales_csv())
        for end in ("2017-02", "2017-02", "2017-01"):
            datasets.load_hdb("2017-01", end)
        lines = capsys.readouterr().out.splitlines()
        assert [line.split(" | ")[1].rsplit(",", 1)[0] for line in lines] == [
            "200 sales, 2017-01 to 2017-02",
            "100 sales, 2017-01 to 2017-01",
        ]


class TestMnist:
    def test_the_four_idx_files_give_the_same_as_the_npz(self, monkeypatch, tmp_path, offer):
        offer("mnist", "mnist.npz", tiny_mnist())
        from_npz = datasets.load_mnist()
        arrays = [array for split in from_npz for array in split]
        names = [f"{part}-{kind}.gz" for part in ("train", "t10k") for kind in ("images", "labels")]
        folder = tmp_path / "course" / "mnist"
        entries = []
        for name, array in zip(names, arrays, strict=True):
            header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
            (folder / name).write_bytes(gzip.compress(header + array.tobytes()))
            entries.append(file_entry(name, (folder / name).read_bytes()))
        use_catalogue(monkeypatch, tmp_path, mnist=[{"files": entries}])
        for ours, theirs in zip(arrays, [a for split in datasets.load_mnist() for a in split], strict=True):
            np.testing.assert_array_equal(ours, theirs)
            assert theirs.dtype == np.uint8
            assert theirs.flags.writeable

    @pytest.mark.parametrize("content", [tiny_mnist()[:-500], b"PK not a zip", b""])
    def test_a_broken_file_is_refused(self, offer, content):
        offer("mnist", "mnist.npz", content)
        with pytest.raises(DataError, match=r"mnist\.npz cannot be read"):
            datasets.load_mnist()


class TestConcrete:
    def test_both_headings_give_the_publishers_columns(self, offer):
        offer("concrete", "data.csv", tiny_concrete())
        short = datasets.load_concrete()
        offer("concrete", "Concrete_Data.csv", short.to_csv(index=False).encode())
        pd.testing.assert_frame_equal(datasets.load_concrete(), short)
        assert list(short.columns) == list(concrete.COLUMNS)
        assert short["Age (day)"].dtype == np.int64

    def test_a_wrong_value_is_named(self, offer):
        offer("concrete", "data.csv", tiny_concrete().replace(b"304.0,", b"-4.0,"))
        with pytest.raises(
            DataError, match=r"column Cement .*, row 6: '-4.0' is not allowed \(it must be a number from 0"
        ):
            datasets.load_concrete()


class TestMobilenet:
    @pytest.fixture
    def offer_both(self, monkeypatch, tmp_path, offer):
        def put(weights: bytes, names: bytes) -> None:
            for name, content in (("a.tflite", weights), ("labels.txt", names)):
                offer("mobilenet", name, content)
            entries = [file_entry("a.tflite", weights), file_entry("labels.txt", names)]
            use_catalogue(monkeypatch, tmp_path, mobilenet=[{"files": entries}])

        return put

    @pytest.mark.parametrize("weights", [b"", b"no model", b"\x1c\x00\x00\x00TFL3" + bytes(64)])
    def test_broken_weights_are_refused(self, offer_both, weights):
        offer_both(weights, b"a class\n" * 1001)
        with pytest.raises(DataError, match=r"a\.tflite cannot be read: "):
            datasets.load_mobilenet()

    def test_a_wrong_number_of_names_is_told(self, offer_both):
        offer_both(b"", b"tench, Tinca tinca\ngoldfish\n\n")
        with pytest.raises(DataError, match=r"labels\.txt names 2 classes instead of 1,001"):
            datasets.load_mobilenet()


def png(pixels: np.ndarray, format: str = "png") -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format)
    return out.getvalue()


def published_sections() -> dict[str, bytes]:
    """What the authors publish, 20 times the same: in each block of 4 x 4 pixels is known what it becomes."""
    raw = np.full((1024, 1024), 100, dtype=np.uint8)
    raw[:4, :4] = np.arange(16).reshape(4, 4)  # the mean is 7.5
    membranes = np.zeros((1024, 1024), dtype=bool)
    membranes[:2, :4] = membranes[3, 4:8] = True  # half of the first block, a quarter of its neighbour
    mitochondria = np.full((1024, 1024), 127, dtype=np.uint8)
    mitochondria[4:6, :4] = 128  # half of the block below the first
    pictures = {
        "raw/{:02}.tif": raw,
        "membranes/{:02}.png": membranes,
        "mitochondria/{:02}.png": mitochondria,
    }
    content = {
        name: png(pixels, "tiff" if name.startswith("raw") else "png") for name, pixels in pictures.items()
    }
    return {name.format(i): content[name] for i in range(20) for name in content}


class TestVncEm:
    @pytest.fixture
    def publish(self, monkeypatch, tmp_path):
        """Offer sections at a mirror; one may be replaced."""
        with MisbehavingServer() as server:

            def put(**others: bytes) -> None:
                files = published_sections() | {
                    f"{name[:-2]}/{name[-2:]}.png": content for name, content in others.items()
                }
                server.answers = {f"/stack1/{name}": Answer(content) for name, content in files.items()}
                entries = [file_entry(name, content) for name, content in files.items()]
                form = {"mirrors": [f"{server.url}/stack1/"], "files": entries}
                use_catalogue(monkeypatch, tmp_path, vnc_em=[form])

            yield put

    def test_blocks_become_pixels_and_both_forms_are_the_same(self, publish, offer, cache, tmp_path):
        publish()
        images, membranes, mitochondria = datasets.load_vnc_em()
        assert images.shape == membranes.shape == mitochondria.shape == (20, 256, 256)
        assert (images.dtype, membranes.dtype, mitochondria.dtype) == (np.uint8, bool, bool)
        assert images[19, 0, :2].tolist() == [8, 100]
        assert np.argwhere(membranes[19]).tolist() == [[0, 0]]
        assert np.argwhere(mitochondria[19]).tolist() == [[1, 0]]
        folder = cache / "vnc_em" / "256-from-1024"
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.p?m")}
        assert files["membranes/00.pbm"][:12] == b"P4\n256 256\n\x7f"  # white is membrane, as published
        offer("vnc_em", "vnc_em.zip", zipped(files | {"LICENCE.txt": b"words"}))
        for ours, theirs in zip(datasets.load_vnc_em(), (images, membranes, mitochondria), strict=True):
            np.testing.assert_array_equal(ours, theirs)

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (png(np.zeros((512, 1024), dtype=bool)), "has 1024 x 512 pixels, not 1024 x 1024"),
            (png(np.zeros((1024, 1024), dtype=bool))[:-40], "is not a whole image"),
        ],
        ids=["half a section", "cut short"],
    )
    def test_a_broken_section_is_named(self, publish, content, reason, capsys):
        publish(membranes07=content)
        assert datasets.load_vnc_em()[0].shape == (10, 256, 256)  # a stand-in, and said why
        assert f"membranes/07.png {reason}" in capsys.readouterr().out

    def test_a_zip_without_a_section_is_refused(self, offer, tmp_path):
        vnc_em.write(tmp_path / "drawn", [pictures[[0] * 20] for pictures in vnc_em.draw_sections(1)])
        files = {
            path.relative_to(tmp_path / "drawn").as_posix(): path.read_bytes()
            for path in (tmp_path / "drawn").rglob("*.p?m")
            if path.name != "19.pgm"
        }
        offer("vnc_em", "vnc_em.zip", zipped(files))
        with pytest.raises(DataError, match=r"vnc_em\.zip lacks sections/19\.pgm"):
            datasets.load_vnc_em()


class TestTinyShakespeare:
    def test_the_text_is_the_files_letter_by_letter(self, offer):
        content = b"All:\nSpeak, speak.\n\nSLY:\nI'll pheeze you.\n\nMaster:\nBoatswain!\n"
        offer("tiny_shakespeare", "input.txt", content)
        assert datasets.load_tiny_shakespeare() == content.decode()

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"All:\nSpe\xe9k.\n\nMaster:\nBoatswain!\n", "line 2: the byte 0xe9 is none of the text's"),
            (b"All:\r\nSpeak.\r\n\r\nMaster:\r\nBoatswain!\r\n", "line 1: the byte 0x0d"),
            (b"SLY:\nI'll pheeze you.\n", "does not hold the opening of one of its plays, 'Master"),
            (b"Master:\nBoatswain!\n", 'does not hold the opening of one of its plays, "SLY'),
        ],
    )
    def test_another_text_is_refused(self, offer, content, said):
        offer("tiny_shakespeare", "input.txt", content)
        with pytest.raises(DataError, match=rf"input\.txt.* {said}"):
            datasets.load_tiny_shakespeare()


GROUPS = [f"talk.group{k:02}" for k in range(20)]


def tarred(posts: dict[str, bytes], packed: str = "gz", kind: bytes = tarfile.REGTYPE) -> bytes:
    """A tar archive of these posts, in this order."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=f"w:{packed}") as archive:
        for name, content in posts.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.type = len(content), kind
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def tiny_newsgroups(leave_out: str = "") -> dict[str, bytes]:
    """Three posts to train on and two to test on in each of twenty groups, newest first."""
    return {
        f"20news-bydate-{part}/{group}/{n}": f"Subject: {n}\n\nA caf\xe9 for {group}\n".encode("latin-1")
        for part, numbers in (("test", (20, 10)), ("train", (3, 2, 1)))
        for group in reversed(GROUPS)
        if f"{part}/{group}" != leave_out
        for n in numbers
    }


class TestNewsgroups:
    @pytest.mark.parametrize("packed", ["gz", "xz"])
    def test_posts_are_the_archives_in_order_of_groups_and_names(self, offer, packed):
        strangers = {"20news-bydate-train/readme": b"no post", "other/talk.group00/9": b"no post"}
        archive = tarred(tiny_newsgroups() | strangers, packed)
        offer("newsgroups20", f"20news-bydate.tar.{packed}", archive)
        (posts, groups), (posts_test, groups_test) = datasets.load_newsgroups20()
        assert posts[:3] == [f"Subject: {n}\n\nA café for talk.group00\n" for n in (1, 2, 3)]
        assert groups.tolist() == np.repeat(GROUPS, 3).tolist()
        assert groups_test.tolist() == np.repeat(GROUPS, 2).tolist()
        assert (len(posts), len(posts_test)) == (60, 40)
        assert all(group in post for post, group in zip(posts_test, groups_test, strict=True))

    @pytest.mark.parametrize("packed", ["gz", "xz"])
    def test_an_archive_cut_short_is_refused(self, offer, packed):
        name = f"20news-bydate.tar.{packed}"
        offer("newsgroups20", name, tarred(tiny_newsgroups(), packed)[:-200])
        with pytest.raises(DataError, match=rf"{re.escape(name)} (is not a whole tar file|cannot be read)"):
            datasets.load_newsgroups20()

    def test_what_is_no_archive_is_refused(self, offer):
        offer("newsgroups20", "20news-bydate.tar.gz", b"<html>404</html>")
        with pytest.raises(DataError, match=r"20news-bydate\.tar\.gz is not a whole tar file"):
            datasets.load_newsgroups20()

    def test_a_group_missing_in_one_part_is_refused(self, offer):
        posts = tiny_newsgroups(leave_out="test/talk.group07")
        offer("newsgroups20", "20news-bydate.tar.gz", tarred(posts))
        with pytest.raises(DataError, match="has 19 groups in 20news-bydate-test/, not the same 20"):
            datasets.load_newsgroups20()

    def test_links_are_no_posts(self, offer):
        offer(
            "newsgroups20", "20news-bydate.tar.gz", tarred(dict.fromkeys(tiny_newsgroups(), b""), kind=b"2")
        )
        with pytest.raises(DataError, match="has 0 groups in 20news-bydate-train/"):
            datasets.load_newsgroups20()

    def test_an_archive_that_expands_without_bound_is_refused(self, offer):
        bomb = tiny_newsgroups() | {"20news-bydate-train/talk.group00/0": bytes(3_000_000)}
        offer("newsgroups20", "20news-bydate.tar.gz", tarred(bomb), unpacked=2_000_000)
        with pytest.raises(DataError, match="would expand to more than 2,000,000 bytes: refused"):
            datasets.load_newsgroups20()

    def test_an_incomplete_archive_is_found_out_by_the_check(self, offer):
        content = tarred(tiny_newsgroups())
        offer("newsgroups20", "20news-bydate.tar.gz", content, expect={"train": 60, "test": 41})
        [(_, found)] = [
            (name, datasets.store.find(dataset)) for name, dataset in datasets.catalogue.catalogue().items()
        ]
        with pytest.raises(DataError, match="is not complete: 40 test instead of 41"):
            newsgroups20.check(found)


class Python2(pickle._Pickler):
    """Pickles as Python 2 did: bytes are strings."""

    dispatch = pickle._Pickler.dispatch | {
        bytes: lambda self, b: self.write(pickle.BINSTRING + struct.pack("<i", len(b)) + b)
    }

    @classmethod
    def dumps(cls, value) -> bytes:
        out = io.BytesIO()
        cls(out, protocol=2).dump(value)
        module = np.zeros(0).__reduce__()[0].__module__.encode()
        renamed = out.getvalue().replace(module, b"numpy.core.multiarray")
        return renamed.replace(b"scipy.sparse._csr", b"scipy.sparse.csr")


def cora_npz(**changes) -> bytes:
    """The stand-in's papers as an npz, with a split that Planetoid's files can say as well."""
    X, y, edges, _ = cora.papers()
    arrays = {
        "features_packed": np.packbits(X.astype(bool), axis=1),
        "labels": y.astype(np.uint8),
        "edges": edges,
        **{"train_idx": np.arange(140), "val_idx": np.arange(140, 640), "test_idx": np.arange(700, 1_000)},
    }
    out = io.BytesIO()
    np.savez(out, **(arrays | changes))
    return out.getvalue()


class TestCora:
    @pytest.fixture
    def planetoid(self, monkeypatch, tmp_path):
        """Write the same papers as Planetoid's files, with changes by name, where COURSE_DATA has them."""
        from scipy.sparse import csr_matrix

        def put(**changes) -> None:
            X, y, edges, _ = cora.papers()
            test = np.random.default_rng(0).permutation(np.arange(700, 1_000))
            cited = defaultdict(list)
            for i, j in edges.tolist():
                cited[i] += [j, j]  # twice, as the real ones do here and there, and only from one side
                cited[j].append(j)
            contents = {
                name: Python2.dumps(value)
                for name, value in {
                    "y": np.eye(7, dtype=np.int32)[y[:140]],
                    "allx": csr_matrix(X[:700].astype(np.float32)),
                    "ally": np.eye(7, dtype=np.int32)[y[:700]],
                    "tx": csr_matrix(X[test].astype(np.float32)),
                    "ty": np.eye(7, dtype=np.int32)[y[test]],
                    "graph": cited,
                }.items()
            } | {"test.index": "\n".join(map(str, test)).encode()}
            folder = tmp_path / "course" / "cora"
            folder.mkdir(parents=True, exist_ok=True)
            entries = []
            for name, content in (contents | changes).items():
                (folder / f"ind.cora.{name}").write_bytes(content)
                entries.append(file_entry(f"ind.cora.{name}", content))
            use_catalogue(monkeypatch, tmp_path, cora=[{"files": entries}])
            monkeypatch.setenv("COURSE_DATA", str(tmp_path / "course"))

        return put

    def test_planetoids_files_give_the_same_as_the_npz(self, offer, planetoid):
        offer("cora", "cora.npz", cora_npz())
        X, y, edges, parts = datasets.load_cora()
        planetoid()
        theirs = datasets.load_cora()
        for ours, read in zip((X, y, edges, *parts), (*theirs[:3], *theirs[3]), strict=True):
            np.testing.assert_array_equal(ours, read)
            assert ours.dtype == read.dtype

    def test_a_pickle_that_names_anything_else_is_refused_and_not_run(self, planetoid, capsys):
        class Trap:
            def __reduce__(self):
                return print, ("run",)

        planetoid(graph=pickle.dumps(Trap(), protocol=2))
        with pytest.raises(DataError, match=r"cora cannot be read: it names __builtin__\.print, which"):
            datasets.load_cora()
        assert "run" not in capsys.readouterr().out

    @pytest.mark.parametrize("change", [{"tx": b""}, {"ally": b"no pickle"}, {"test.index": b"x\n"}])
    def test_broken_files_are_refused(self, planetoid, change):
        planetoid(**change)
        with pytest.raises(DataError, match="cora cannot be read: "):
            datasets.load_cora()

    @pytest.mark.parametrize(
        ("changes", "problem"),
        [
            ({"labels": np.full(1_000, 7)}, "topics go from 7 to 7"),
            ({"labels": np.zeros(999, int)}, r"topics of shape \(999,\) do not fit"),
            ({"edges": np.array([[0, 1_000]])}, "citations name papers from 0 to 1000, and there are 1000"),
            ({"val_idx": np.arange(100, 640)}, "the parts of its split overlap"),
        ],
    )
    def test_arrays_that_are_no_graph_are_refused(self, offer, changes, problem):
        offer("cora", "cora.npz", cora_npz(**changes))
        with pytest.raises(DataError, match=rf"cora\.npz does not hold a citation network: .*{problem}"):
            datasets.load_cora()


class TestStandIns:
    @pytest.fixture(autouse=True)
    def policy(self, monkeypatch):
        monkeypatch.setenv("COURSE_DATA_POLICY", "stand-in")

    @pytest.fixture(autouse=True)
    def draw_once(self, monkeypatch, phantoms):
        def copy(folder: Path) -> None:
            shutil.copytree(phantoms, folder, dirs_exist_ok=True)

        monkeypatch.setattr(chest_xray, "draw_chests", copy)

    @pytest.mark.parametrize("name", LOADERS)
    def test_each_loader_stands_in_and_says_so_once(self, name, capsys):
        LOADERS[name]()
        LOADERS[name]()
        assert datasets.provenance()[name].is_stand_in
        assert datasets.provenance()[name].path is None
        output = capsys.readouterr().out
        assert output.count("\n") == 1
        assert "STAND-IN, NOT THE REAL DATA" in output

    @pytest.mark.parametrize("make", [hdb.flats, concrete.mixes])
    def test_tables_are_the_same_every_time(self, make):
        pd.testing.assert_frame_equal(make(), make())

    def test_drawings_are_the_same_every_time(self, phantoms, tmp_path, monkeypatch):
        monkeypatch.undo()
        monkeypatch.setattr(chest_xray, "N_CHESTS", {"train/NORMAL": 3})
        chest_xray.draw_chests(tmp_path)
        for path in (tmp_path / "train/NORMAL").iterdir():
            assert path.read_bytes() == (phantoms / "train/NORMAL" / path.name).read_bytes()

    def test_flats_pass_the_checks_of_the_real_file(self, offer, monkeypatch):
        monkeypatch.setenv("COURSE_DATA_POLICY", "auto")
        made = hdb.flats()
        offer("hdb_resale", "x.csv", made.to_csv(index=False).encode())
        pd.testing.assert_frame_equal(datasets.load_hdb(), made)

    def test_flats_have_every_town_and_every_way_to_write_a_lease(self):
        sales = datasets.load_hdb()
        assert sales["town"].nunique() == 26
        for form in (
            r"\d\d years \d\d months",
            r"\d\d years 01 month",
            r"\d\d years",
            r"\d\d years 0 months",
        ):
            assert sales["remaining_lease"].str.fullmatch(form).any(), form
        assert not sales["remaining_lease"].str.contains("01 months").any()

    def test_flats_show_the_points_of_the_real_ones(self):
        sales = datasets.load_hdb()
        lease = sales["remaining_lease"].str.extract(r"(\d+) years(?: (\d+))?").astype(float).fillna(0)
        area = sales["floor_area_sqm"].to_numpy() / 100
        month = pd.factorize(sales["month"], sort=True)[0]
        more = [lease[0] + lease[1] / 12, sales["storey_range"].str[:2].astype(int)]
        towns = pd.get_dummies(sales["town"]).to_numpy(float)

        def nrmse(*columns) -> float:
            x = np.column_stack([np.ones(len(sales)), *columns])
            y = sales["resale_price"].to_numpy()
            w, *_ = np.linalg.lstsq(x, y, rcond=None)
            return float(np.sqrt(np.mean((y - x @ w) ** 2)) / y.mean())

        # Measured on the real data: 0.278, 0.277, 0.242, 0.186, 0.138.
        errors = [
            nrmse(area),
            nrmse(area, area**2, area**3),
            nrmse(area, *more),
            nrmse(area, *more, towns),
            nrmse(area, *more, towns, month),
        ]
        assert errors == pytest.approx([0.278, 0.277, 0.242, 0.186, 0.138], abs=0.012)

    def test_digits_are_told_apart_by_a_simple_classifier(self):
        (x_train, y_train), (x_test, y_test) = datasets.load_mnist()
        assert (len(x_train), len(x_test)) == (1500, 297)
        assert x_train.dtype == y_train.dtype == np.uint8
        assert x_train[:, :4].max() == x_train[:, :, -4:].max() == 0
        assert x_train.max() == 255
        means = np.stack([x_train[y_train == k].mean(axis=0).ravel() for k in range(10)])
        flat = x_test.reshape(len(x_test), 784).astype(float)
        nearest = ((flat[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
        assert np.mean(nearest == y_test) > 0.85

    def test_concrete_gets_stronger_with_cement_and_weaker_with_water(self):
        mixes = datasets.load_concrete()
        assert mixes.shape == (1030, 9)
        of_28_days = mixes[mixes["Age (day)"] == 28].to_numpy()
        assert np.corrcoef(of_28_days[:, 0], of_28_days[:, 8])[0, 1] > 0.4
        assert np.corrcoef(of_28_days[:, 3], of_28_days[:, 8])[0, 1] < -0.1

    def test_untrained_weights_are_the_same_every_time_and_keep_the_size_of_signals(self):
        weights = datasets.load_mobilenet()
        for name, array in datasets.load_mobilenet().items():
            np.testing.assert_array_equal(array, weights[name])
        assert sum(array.size for name, array in weights.items() if name != "labels") == 467_593
        assert all(array.dtype == np.float32 for name, array in weights.items() if name != "labels")
        first = weights["conv_0/kernel"]
        np.testing.assert_allclose(first.sum(axis=(0, 1)), 0, atol=1e-6)  # blind to a flat picture
        np.testing.assert_allclose(
            np.square(first.sum(axis=2)).sum(axis=(0, 1)), 1, rtol=1e-5
        )  # to a grey one
        for name in ("depthwise_7", "pointwise_7"):
            n_inputs = 9 if name == "depthwise_7" else 128
            assert weights[f"{name}/kernel"].var() * n_inputs == pytest.approx(2, rel=0.2)

    def test_a_play_has_the_symbols_the_speakers_and_the_words_of_the_real_ones(self):
        text = datasets.load_tiny_shakespeare()
        assert text == tiny_shakespeare.play()
        assert len(text) == 200_000
        assert "".join(sorted(set(text))) == tiny_shakespeare.ALPHABET
        n = len(text) * 9 // 10  # lectures hold the last tenth out: the last play begins in it
        assert n + 5_000 < text.index(tiny_shakespeare.LAST_PLAY) < len(text) - 5_000
        assert text.index(tiny_shakespeare.PLAY_BEFORE) < n - 5_000  # and the one before it long before
        assert set(text[:n]) == set(tiny_shakespeare.ALPHABET)
        speakers = re.findall(r"^(.+):$", text, flags=re.MULTILINE)
        assert len(set(speakers)) == 20
        assert 300 <= len(set(re.findall(r"[a-z']+", text))) <= 400
        last = [i for i in range(len(speakers)) if speakers[i] not in speakers[:i]][-5:]
        assert min(last) > 0.9 * len(speakers)  # the last play brings a cast of its own

    def test_posts_have_headers_quotations_and_signatures_and_threads_of_one_part(self):
        (train, groups), (test, groups_test) = datasets.load_newsgroups20()
        assert (train, test) == tuple(posts for posts, _ in newsgroups20.chatter())
        assert sorted(set(groups)) == sorted(set(groups_test)) == sorted(newsgroups20._TOPICS)
        assert set(np.unique(groups, return_counts=True)[1]) == {60}
        assert set(np.unique(groups_test, return_counts=True)[1]) == {40}
        heads = [post.partition("\n\n")[0] for post in train + test]
        assert all(
            re.fullmatch(r"From: .*\nSubject: .*\nOrganization: .*\nLines: \d+", head) for head in heads
        )
        betrayed = [f"@{group.split('.')[-1]}." in head for group, head in zip(groups, heads, strict=False)]
        assert 0.5 < np.mean(betrayed) < 0.7
        assert np.mean(["\n> " in post and " writes:\n" in post for post in train]) == 0.8
        assert all(re.search(r"\n\n-- \n[^\n]+\n$", post) for post in train)
        names = [set(re.findall(r"Subject: .* (\w+)\n", "".join(posts))) for posts in (train, test)]
        assert len(names[0]) > 200
        assert len(names[0] & names[1]) < 0.1 * len(names[0])

    def test_papers_are_the_same_every_time_and_cite_mostly_their_own_topic(self):
        X, y, edges, (train, validation, test) = datasets.load_cora()
        np.testing.assert_array_equal(edges, cora.papers()[2])
        assert X.shape == (1_000, 1_433)
        assert set(np.unique(X)) == {0, 1}
        assert X.sum(axis=1).mean() == pytest.approx(18, abs=1)  # as in the real papers
        assert np.array_equal(np.bincount(y[train]), [20] * 7)
        assert (len(validation), len(test)) == (200, 500)
        assert len(np.unique([*train, *validation, *test])) == 840
        assert (edges[:, 0] < edges[:, 1]).all()
        assert np.mean(y[edges[:, 0]] == y[edges[:, 1]]) == pytest.approx(0.81, abs=0.02)

    def test_chests_have_many_sizes_and_clouds_are_brighter(self):
        folder = datasets.load_chest_xray_originals()
        brightness, sizes, modes = {}, set(), set()
        for label in ("NORMAL", "PNEUMONIA"):
            lungs = []
            for path in sorted((folder / "train" / label).iterdir()):
                with Image.open(path) as image:
                    sizes.add(image.size)
                    modes.add(image.mode)
                    lungs.append(np.asarray(image.convert("L").resize((64, 64)))[20:45, 14:28].mean())
            brightness[label] = np.mean(lungs)
        assert len(sizes) > 250
        assert modes == {"L", "RGB"}
        assert brightness["PNEUMONIA"] > brightness["NORMAL"] + 3

    def test_drawn_sections_show_the_points_of_the_real_ones(self):
        images, membranes, mitochondria = datasets.load_vnc_em()
        assert images.shape == membranes.shape == mitochondria.shape == (10, 256, 256)
        again = vnc_em.draw_sections(2)
        for drawn, pictures in zip(again, (images, membranes, mitochondria), strict=True):
            np.testing.assert_array_equal(drawn, pictures[:2])

        def iou(a, b) -> float:
            return (a & b).sum() / (a | b).sum()

        # Measured on the real data: shares 0.21 and 0.055; the next section's mask 0.37 and 0.67, the third's
        # 0.22 and 0.34; the mask moved by a pixel 0.57 and 0.85; the darkest pixels 0.56 and less.
        assert membranes.mean() == pytest.approx(0.21, abs=0.03)
        assert mitochondria.mean() == pytest.approx(0.055, abs=0.03)
        for mask, next_one, third, moved in ((membranes, 0.37, 0.22, 0.57), (mitochondria, 0.67, 0.34, 0.85)):
            assert iou(mask[:-1], mask[1:]) == pytest.approx(next_one, abs=0.15)
            assert iou(mask[:-3], mask[3:]) == pytest.approx(third, abs=0.15)
            assert iou(mask[:, 1:], mask[:, :-1]) == pytest.approx(moved, abs=0.15)
        assert 0.4 < iou(images < 100, membranes) < 0.6
        assert iou(images < 100, mitochondria) < 0.3

    def test_resized_chests_are_grey_and_of_the_size_asked_for(self):
        folder = datasets.load_chest_xray(64)
        paths = sorted(folder.rglob("*.jpeg"))
        assert len(paths) == sum(chest_xray.N_CHESTS.values())
        with Image.open(paths[0]) as image:
            assert (image.size, image.mode) == ((64, 64), "L")


@pytest.mark.real_data
@needs_real_data
class TestRealData:
    @pytest.fixture(autouse=True)
    def real(self, monkeypatch):
        monkeypatch.setenv("COURSE_DATA", REAL)
        monkeypatch.setenv("COURSE_DATA_POLICY", "real")

    def test_hdb(self, capsys):
        sales = datasets.load_hdb()
        assert len(sales) == 182_978
        assert capsys.readouterr().out == (
            "data: HDB resale flat prices | 182,978 sales, 2017-01 to 2024-06, 2.5 MB | from COURSE_DATA"
            " | Singapore Open Data Licence 1.0\n"
        )

    def test_mnist(self):
        (x_train, y_train), (x_test, _) = datasets.load_mnist()
        assert (x_train.shape, x_test.shape) == ((60_000, 28, 28), (10_000, 28, 28))
        assert list(y_train[:5]) == [5, 0, 4, 1, 9]

    def test_concrete(self):
        mixes = datasets.load_concrete()
        assert mixes.shape == (1030, 9)
        assert mixes.iloc[0, 8] == pytest.approx(79.986, abs=1e-3)

    def test_tiny_shakespeare(self):
        text = datasets.load_tiny_shakespeare()
        assert len(text) == 1_115_394
        assert "".join(sorted(set(text))) == tiny_shakespeare.ALPHABET
        assert text.startswith("First Citizen:\nBefore we proceed any further, hear me speak.\n")
        assert text.index(tiny_shakespeare.LAST_PLAY) == 1_003_854 + 76_885
        assert text.index(tiny_shakespeare.PLAY_BEFORE) == 1_003_854 - 37_721

    def test_newsgroups20(self):
        (train, groups), (test, groups_test) = datasets.load_newsgroups20()
        assert (len(train), len(groups), len(test), len(groups_test)) == (11_314, 11_314, 7_532, 7_532)
        assert sorted(set(groups)) == sorted(newsgroups20._TOPICS)
        assert np.unique(groups, return_counts=True)[1][[0, -1]].tolist() == [480, 377]
        assert train[0].startswith("From: ")
        assert all("\n\n" in post for post in train + test)

    def test_cora(self):
        X, y, edges, (train, validation, test) = datasets.load_cora()
        assert X.shape == (2_708, 1_433)
        assert X.sum() == 49_216
        assert list(np.bincount(y)) == [351, 217, 418, 818, 426, 298, 180]
        assert edges.shape == (5_278, 2)
        assert list(np.bincount(y[train])) == [20] * 7
        assert (len(validation), len(test)) == (500, 1_000)

    def test_chest_xray(self):
        folder = datasets.load_chest_xray()
        assert [sum(1 for _ in (folder / name).iterdir()) for name in chest_xray.N_CHESTS] == [
            1341,
            3875,
            234,
            390,
        ]

    def test_mobilenet(self):
        weights = datasets.load_mobilenet()
        made = mobilenet.untrained()
        assert {name: array.shape for name, array in weights.items()} == {
            name: array.shape for name, array in made.items()
        }
        assert list(weights["labels"][[0, 1, 1000]]) == [
            "background",
            "tench, Tinca tinca",
            "toilet tissue, toilet paper, bathroom tissue",
        ]

    def test_originals_are_used_where_they_are(self):
        assert datasets.load_chest_xray_originals() == Path(REAL).resolve() / "chest_xray" / "originals"

    def test_vnc_em(self, capsys):
        images, membranes, mitochondria = datasets.load_vnc_em()
        assert images.shape == (20, 256, 256)
        assert images.mean() == pytest.approx(128.66, abs=0.01)
        assert membranes[16:].mean() == pytest.approx(0.2001, abs=1e-4)
        assert mitochondria[16:].mean() == pytest.approx(0.0597, abs=1e-4)
        assert "CC BY-NC-SA 3.0 (no commercial use)" in capsys.readouterr().out

    def test_loading_leaves_course_data_as_it_was(self):
        def stamp() -> str:
            entries = sorted((str(p), p.stat().st_size, p.stat().st_mtime_ns) for p in Path(REAL).rglob("*"))
            return hashlib.sha256(repr(entries).encode()).hexdigest()

        before = stamp()
        for load in LOADERS.values():
            load()
        assert stamp() == before
