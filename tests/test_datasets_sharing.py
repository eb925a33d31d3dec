"""A folder that several people use: what one fetched the others can read, or are told whose it is."""

import os
import platform
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from datasets_workbench import file_entry, isolate, listing, tiny_mnist, use_catalogue
from misbehaving_server import Answer, MisbehavingServer
from utils.datasets import cache as storage
from utils.datasets import catalogue, store

pytestmark = pytest.mark.skipif(platform.system() == "Windows", reason="Windows has no modes")
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
ROOT = Path(__file__).resolve().parents[1]
MNIST = tiny_mnist()
LOAD = "from utils import datasets; datasets.load_mnist()"
CHECK = "from utils import check; check.report([check.data])"
VERIFY = "import sys; from utils.datasets.__main__ import main; sys.exit(main(['verify']))"
PREPARE = "from utils.datasets import cache; cache.prepare('toys/{}', lambda folder: (folder / 'a').touch())"


@pytest.fixture
def shared(monkeypatch):
    """A folder that others can reach, unlike pytest's own; its cache is what one user fills and all use."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    isolate(monkeypatch, folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def mnist(monkeypatch, shared):
    """A dataset on loopback."""
    with MisbehavingServer() as server:
        server.answers = {"/mnist.npz": Answer(MNIST)}
        form = {"mirrors": [server.url + "/"], "files": [file_entry("mnist.npz", MNIST)]}
        use_catalogue(monkeypatch, shared, mnist=[form])
        yield catalogue.catalogue()["mnist"]


@pytest.fixture
def umask():
    before = os.umask(0o022)
    yield os.umask
    os.umask(before)


def run_as(user: int, script: str, **settings) -> subprocess.CompletedProcess:
    """Run a script, with the test's catalogue, as another user; as the same one if we are not root."""
    lines = [
        "import os, encodings.cp437, filelock, numpy, pooch",  # perhaps out of reach later
        "from pathlib import Path",
        "from utils.datasets import __main__, catalogue",
        f"catalogue.SOURCE = Path({str(catalogue.SOURCE)!r})",
        *[f"os.setgroups([]); os.setgid({user}); os.setuid({user})"] * IS_ROOT,
        script,
    ]
    environment = os.environ | {"COURSE_DATA_POLICY": "real"} | settings
    command = [sys.executable, "-c", "\n".join(lines)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("mask", [0o022, 0o027, 0o002, 0o077])
def test_what_is_fetched_has_the_mode_that_the_umask_allows(shared, mnist, umask, mask):
    umask(mask)
    store.fetch(mnist)
    storage.prepare("toys/cars", lambda folder: (folder / "a").touch())
    cache = storage.root()
    for name in ("mnist/mnist.npz", "toys/cars/a", "toys/cars.files"):
        assert stat.S_IMODE((cache / name).stat().st_mode) == 0o666 & ~mask, name
    for name in ("mnist", "toys", "toys/cars"):
        assert stat.S_IMODE((cache / name).stat().st_mode) == 0o777 & ~mask, name


def test_what_one_user_fetched_another_loads_and_verifies(shared, mnist, umask):
    umask(0o022)
    store.fetch(mnist)
    settings = {"COURSE_DATA": str(storage.root()), "COURSE_CACHE": str(shared / "none")}
    for script, said in ((LOAD, "20 + 10 images"), (VERIFY, "mnist: verified in")):
        done = run_as(65534, script, **settings)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


def test_files_that_may_not_be_read_are_all_named_and_the_next_dataset_is_verified(
    monkeypatch, shared, umask
):
    umask(0o022)
    course = shared / "course"
    entries = [file_entry(name, MNIST) for name in ("one.npz", "two.npz")]
    use_catalogue(
        monkeypatch,
        shared,
        mnist=[{"files": entries}],
        concrete=[{"files": [file_entry("data.csv", b"", hashed=False)]}],
        hdb_resale=[{"files": [file_entry("x.csv", b"", hashed=False)]}],
    )
    for folder, name in (
        ("mnist", "one.npz"),
        ("mnist", "two.npz"),
        ("concrete", "data.csv"),
        ("hdb_resale", "x.csv"),
    ):
        (course / folder).mkdir(parents=True, exist_ok=True)
        (course / folder / name).write_bytes(MNIST)
        (course / folder / name).chmod(0o600 if IS_ROOT else 0)
    (course / "hdb_resale").chmod(0o700 if IS_ROOT else 0)  # not even to be looked into
    try:
        done = run_as(65534, VERIFY, COURSE_DATA=str(course))
        loaded = run_as(65534, LOAD, COURSE_DATA=str(course))
        checked = run_as(65534, CHECK, COURSE_DATA=str(course))
    finally:
        (course / "hdb_resale").chmod(0o700)
    assert done.returncode == 1
    mnist, concrete, hdb = done.stderr.splitlines()
    assert mnist.startswith("mnist: 2 files: one.npz, two.npz; one.npz may not be read: it belongs to ")
    assert concrete.startswith("concrete: data.csv may not be read: it belongs to ")
    assert hdb.startswith("hdb_resale: x.csv may not be read: a folder above it is closed to you")
    assert "DataError: 2 files: one.npz, two.npz; one.npz may not be read" in loaded.stderr
    amiss = re.findall(r"^[✗x] (.*): (?:2 files: .*; )?(\S+) may not be read: ", checked.stdout, re.MULTILINE)
    titles = [catalogue.catalogue()[name].title for name in ("mnist", "concrete", "hdb_resale")]
    assert amiss == list(zip(titles, ("one.npz", "data.csv", "x.csv"), strict=True))


def test_a_course_data_that_may_not_be_entered_is_one_error_not_one_per_dataset(shared, umask):
    course = shared / "course"
    course.mkdir()
    course.chmod(0o750 if IS_ROOT else 0)
    done = run_as(65534, VERIFY, COURSE_DATA=str(course))
    course.chmod(0o755)
    assert re.fullmatch(rf"COURSE_DATA is '{course}': course may not be read: it belongs .*\n", done.stderr)


@pytest.mark.parametrize("mode", [0o755, 0o2775, 0o777])
def test_who_may_write_to_the_cache_may_write_to_its_folders_and_open_its_locks(shared, mnist, umask, mode):
    cache = storage.root()
    cache.mkdir()
    cache.chmod(mode)
    store.fetch(mnist)
    for folder in (cache / "mnist", cache / ".locks"):
        assert stat.S_IMODE(folder.stat().st_mode) == mode
    assert stat.S_IMODE((cache / ".locks/mnist.lock").stat().st_mode) == 0o600 | mode & 0o666


@pytest.mark.skipif(not IS_ROOT, reason="only root can be two users; the modes are tested above")
def test_two_users_prepare_in_one_cache(shared, umask):
    cache = storage.root()
    cache.mkdir()
    cache.chmod(0o2777)
    for user, name in ((65534, "cars"), (65533, "cars"), (65533, "trains")):
        done = run_as(user, PREPARE.format(name), COURSE_CACHE=str(cache))
        assert done.returncode == 0, done.stderr
    assert {"toys/cars/a", "toys/trains/a"} <= set(listing(cache))


def test_a_cache_of_somebody_elses_is_called_so(shared, umask):
    cache = storage.root()
    cache.mkdir()
    cache.chmod(0o755 if IS_ROOT else 0o555)
    done = run_as(65534, PREPARE.format("cars"), COURSE_CACHE=str(cache))
    assert f"cannot write to the cache {cache} (Permission denied: {cache} belongs to " in done.stderr
    assert "make room" not in done.stderr
