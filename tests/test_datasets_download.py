"""A download arrives whole and right, or leaves the cache as it was and says why in one message."""

import email
import errno
import importlib.metadata
import json
import os
import platform
import re
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from datasets_workbench import file_entry, isolate, listing, tiny_concrete, tiny_mnist, use_catalogue
from misbehaving_server import Answer, MisbehavingServer
from utils import datasets
from utils.datasets import DataError, catalogue, download, hdb, mnist, store
from utils.datasets import cache as storage

MNIST = tiny_mnist()
CONCRETE = tiny_concrete()
PATHS = {"mnist": "/mnist.npz", "concrete": "/data.csv"}
FAILURES = {
    "truncated": "the connection broke off",
    "wrong bytes": "wrong sha256",
    "too many bytes": "more than",
    "a page of HTML": "wrong sha256",
    "missing": "HTTP status 404",
    "stalls": "silent for 0.3 s",
    "disconnects": "the connection broke off",
    "truncated without a length": "wrong sha256",
}
# A file without a hash is judged by its content.
FAILURES_WITHOUT_A_HASH = FAILURES | {
    "truncated without a length": "not complete|not allowed|cannot be read",
    "wrong bytes": "not allowed|cannot be read|fields, but 9 names",
    "a page of HTML": "its first line is .*sign in to this network",
}


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setattr(download, "READ_TIMEOUT", 0.3)
    return isolate(monkeypatch, tmp_path)


@pytest.fixture
def server():
    with MisbehavingServer() as server:
        yield server


@pytest.fixture(autouse=True)
def toys(monkeypatch, tmp_path, cache, server):
    """A catalogue of a dataset with a hash and one without, both served on loopback."""
    server.answers = {"/mnist.npz": Answer(MNIST), "/data.csv": Answer(CONCRETE)}
    use_catalogue(
        monkeypatch,
        tmp_path,
        mnist=[{"mirrors": [server.url + "/"], "files": [file_entry("mnist.npz", MNIST)]}],
        concrete=[
            {
                "mirrors": [server.url + "/"],
                "files": [file_entry("data.csv", CONCRETE, hashed=False)],
                "expect": {"mixes": 40},
            }
        ],
    )


def fetch(name: str, **options) -> store.Found:
    return store.fetch(catalogue.catalogue()[name], **({"attempts": 1} | options))


def test_a_good_file_is_fetched_once_and_then_found(cache, server, capsys):
    (x_train, _), _ = datasets.load_mnist()
    assert x_train.shape == (20, 28, 28)
    assert datasets.provenance()["mnist"].source == "download"
    datasets.load_mnist()
    assert server.requests == ["/mnist.npz"]
    assert listing(cache) == {"mnist": b"", "mnist/mnist.npz": MNIST}
    # The second load prints nothing: its line would only repeat the first, and "cache" would mislead.
    assert capsys.readouterr().out == "data: title of mnist | 20 + 10 images, 25 kB | downloaded | L\n"


@pytest.mark.parametrize("how", FAILURES)
def test_a_failed_download_gives_one_message_and_an_untouched_cache(cache, server, how):
    server.answers["/mnist.npz"] = Answer(MNIST, how)
    with pytest.raises(DataError, match=FAILURES[how]) as error:
        fetch("mnist")
    assert "127.0.0.1" in str(error.value)
    assert listing(cache) == {}


@pytest.mark.parametrize("how", FAILURES_WITHOUT_A_HASH)
def test_a_file_without_a_hash_is_judged_by_its_content(cache, server, how):
    server.answers["/data.csv"] = Answer(CONCRETE, how)
    with pytest.raises(DataError, match=FAILURES_WITHOUT_A_HASH[how]):
        fetch("concrete")
    assert listing(cache) == {}


@pytest.mark.parametrize("how", FAILURES_WITHOUT_A_HASH)
def test_a_good_file_stays_when_fetching_it_again_fails(cache, server, how):
    fetch("concrete")
    before = listing(cache)
    server.answers["/data.csv"] = Answer(CONCRETE, how)
    with pytest.raises(DataError):
        fetch("concrete", again=True)
    assert listing(cache) == before


def test_fetching_again_replaces_a_file_that_has_grown(cache, server):
    fetch("concrete")
    server.answers["/data.csv"] = Answer(tiny_concrete(50))
    fetch("concrete", again=True)
    assert listing(cache)["concrete/data.csv"] == tiny_concrete(50)


def test_fetching_again_replaces_a_form_that_has_no_mirror(monkeypatch, tmp_path, cache, server):
    (cache / "concrete").mkdir(parents=True)
    (cache / "concrete" / "by_hand.csv").write_bytes(tiny_concrete(5))
    by_hand = {"files": [file_entry("by_hand.csv", b"", hashed=False)]}
    fetched = {"files": [file_entry("data.csv", CONCRETE, hashed=False)], "mirrors": [server.url + "/"]}
    use_catalogue(monkeypatch, tmp_path, concrete=[by_hand, fetched])
    assert fetch("concrete").path.name == "by_hand.csv"
    fetch("concrete", again=True)
    assert listing(cache) == {"concrete": b"", "concrete/data.csv": CONCRETE}


def test_fetching_again_spares_a_file_whose_hash_is_right(server):
    fetch("mnist")
    fetch("mnist", again=True)
    assert server.requests == ["/mnist.npz"]


def test_fetching_again_mends_a_file_whose_hash_is_wrong(cache):
    fetch("mnist")
    (cache / "mnist" / "mnist.npz").write_bytes(MNIST[::-1])
    fetch("mnist", again=True)
    assert listing(cache)["mnist/mnist.npz"] == MNIST


def test_a_file_of_the_wrong_size_in_the_cache_is_replaced(cache):
    (cache / "mnist").mkdir(parents=True)
    (cache / "mnist" / "mnist.npz").write_bytes(MNIST[:100])
    datasets.load_mnist()
    assert listing(cache)["mnist/mnist.npz"] == MNIST


@pytest.mark.parametrize("how", ["missing", "wrong bytes", "disconnects", "a page of HTML", "truncated"])
@pytest.mark.parametrize("name", PATHS)
def test_the_next_mirror_is_tried(monkeypatch, tmp_path, server, name, how):
    content = {"mnist": MNIST, "concrete": CONCRETE}[name]
    server.answers["/bad" + PATHS[name]] = Answer(content, how)
    with MisbehavingServer() as other:
        other.answers = {PATHS[name]: Answer(content)}
        file = file_entry(PATHS[name][1:], content, hashed=name == "mnist")
        form = {"mirrors": [f"{server.url}/bad/", other.url + "/"], "files": [file], "expect": {"mixes": 40}}
        use_catalogue(monkeypatch, tmp_path, **{name: [form | ({"expect": {}} if name == "mnist" else {})]})
        assert fetch(name).path.read_bytes() == content
        assert other.requests == [PATHS[name]]


def test_a_redirect_is_followed(server):
    server.answers["/mnist.npz"] = Answer(how="redirects", location="/elsewhere")
    server.answers["/elsewhere"] = Answer(MNIST)
    assert fetch("mnist").path.read_bytes() == MNIST


def test_behind_a_proxy_only_the_proxy_is_asked(monkeypatch, tmp_path, server):
    monkeypatch.setenv("http_proxy", server.url)
    server.answers["http://faraway.invalid/mnist.npz"] = Answer(MNIST)
    form = {"mirrors": ["http://faraway.invalid/"], "files": [file_entry("mnist.npz", MNIST)]}
    use_catalogue(monkeypatch, tmp_path, mnist=[form])
    assert fetch("mnist").path.read_bytes() == MNIST


@pytest.mark.parametrize(
    "proxy",
    [
        "http://proxy.example.com:port",
        "proxy.example.com:99999",
        "http://proxy.example.com:3128 ",
        "http://::1:3128",
        "http://[::1",
    ],
)
def test_a_proxy_that_is_no_address_is_named_and_a_stand_in_taken(monkeypatch, proxy, capsys):
    monkeypatch.setenv("HTTP_PROXY", proxy)
    datasets.load_mnist()
    line = capsys.readouterr().out
    assert "STAND-IN" in line
    assert re.search(rf"the proxy '(http://)?{re.escape(proxy)}' is not an address: correct HTTP_PROXY", line)


def test_the_password_of_a_proxy_is_not_shown(monkeypatch, capsys):
    monkeypatch.setenv("HTTP_PROXY", "http://me:secret@proxy.example.com:port")
    datasets.load_mnist()
    line = capsys.readouterr().out
    assert "'proxy.example.com:port' is not an address" in line
    assert "secret" not in line


def behind_a_proxy(monkeypatch, tmp_path, mirror: str, proxy: str) -> str:
    """What a failed download says where a proxy is set."""
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("https_proxy", proxy)
    form = {"mirrors": [mirror], "files": [file_entry("mnist.npz", MNIST)]}
    use_catalogue(monkeypatch, tmp_path, mnist=[form])
    with pytest.raises(DataError, match=r"faraway\.invalid: ") as error:
        fetch("mnist")
    return str(error.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_password_is_named_as_what_it_is(monkeypatch, tmp_path, server, scheme):
    server.answers["http://faraway.invalid/mnist.npz"] = Answer(how="wants a password")
    message = behind_a_proxy(monkeypatch, tmp_path, f"{scheme}://faraway.invalid/", server.url)
    assert "the proxy wants a name and a password (HTTP status 407)" in message


def test_a_proxy_that_forbids_is_named_as_what_it_is(monkeypatch, tmp_path, server):
    server.tunnel_status = 403
    message = behind_a_proxy(monkeypatch, tmp_path, "https://faraway.invalid/", server.url)
    assert "the proxy does not let it through (HTTP status 403)" in message


def test_a_proxy_that_refuses_is_named_as_what_it_is(monkeypatch, tmp_path):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening
        proxy = f"http://127.0.0.1:{unused.getsockname()[1]}"
        message = behind_a_proxy(monkeypatch, tmp_path, "https://faraway.invalid/", proxy)
    assert f"the proxy '{proxy}': not reachable (Connection refused)" in message


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_bundle_that_is_not_there_is_named(monkeypatch, tmp_path, server, name, capsys):
    monkeypatch.setenv(name, "/nowhere/ca.pem")
    mirror = server.url.replace("http", "https") + "/"
    use_catalogue(
        monkeypatch, tmp_path, mnist=[{"mirrors": [mirror], "files": [file_entry("mnist.npz", MNIST)]}]
    )
    datasets.load_mnist()
    line = capsys.readouterr().out
    assert f"{name} names no file: '/nowhere/ca.pem'" in line
    assert "cache" not in line


def test_a_later_attempt_can_succeed(monkeypatch, server):
    monkeypatch.setattr(store.time, "sleep", lambda seconds: None)
    server.answers["/mnist.npz"] = [Answer(MNIST, "disconnects"), Answer(MNIST, "truncated"), Answer(MNIST)]
    assert fetch("mnist", attempts=3).path.read_bytes() == MNIST


@pytest.mark.parametrize("how", ["truncated", "wrong bytes", "missing"])
def test_a_load_tries_once_and_then_stands_in_and_says_why(cache, server, capsys, how):
    server.answers["/mnist.npz"] = Answer(MNIST, how)
    (x_train, _), _ = datasets.load_mnist()
    datasets.load_mnist()
    assert len(x_train) == mnist.N_TRAINING_DIGITS
    assert server.requests == ["/mnist.npz"]
    assert datasets.provenance()["mnist"].is_stand_in
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert "STAND-IN, NOT THE REAL DATA" in line
    assert FAILURES[how] in line
    assert listing(cache) == {}


def test_under_policy_real_the_one_error_lists_what_was_tried_and_what_to_do(monkeypatch, cache, server):
    monkeypatch.setenv("COURSE_DATA_POLICY", "real")
    server.answers["/mnist.npz"] = Answer(how="missing")
    with pytest.raises(DataError) as error:
        datasets.load_mnist()
    message = str(error.value)
    for part in (
        "COURSE_DATA: not set",
        str(cache / "mnist"),
        "HTTP status 404",
        "datasets fetch mnist",
        "policy=auto",
    ):
        assert part.lower() in message.lower()
    assert "make" not in message  # there is none on Colab, in the container or where the course is installed
    assert error.value.__suppress_context__ or error.value.__context__ is None


def test_under_policy_stand_in_nothing_is_asked(monkeypatch, cache, server, capsys):
    monkeypatch.setenv("COURSE_DATA_POLICY", "stand-in")
    datasets.load_mnist()
    assert server.requests == []
    assert "because COURSE_DATA_POLICY is stand-in" in capsys.readouterr().out
    assert not cache.exists()


def test_a_large_download_is_left_to_make_data(monkeypatch, server, capsys):
    monkeypatch.setattr(store, "AUTO_LIMIT", 1000)
    datasets.load_mnist()
    assert server.requests == []
    line = capsys.readouterr().out
    assert "a download of 25 kB is not started by itself" in line
    assert "for the real data: python -m utils.datasets fetch mnist" in line
    assert fetch("mnist").source == "download"


def test_a_dead_host_costs_no_second_question(monkeypatch, tmp_path, server):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        asked = []
        connect = download._connect
        monkeypatch.setattr(download, "_connect", lambda *given: (asked.append(given[0]), connect(*given)))
        form = {"mirrors": [dead], "files": [file_entry("mnist.npz", MNIST)]}
        table = {"mirrors": [dead], "files": [file_entry("data.csv", CONCRETE, hashed=False)]}
        use_catalogue(monkeypatch, tmp_path, mnist=[form], concrete=[table])
        for name in PATHS:
            with pytest.raises(DataError, match="not reachable"):
                fetch(name)
    assert len(asked) == 2  # one host, IPv4 and IPv6


def test_a_name_that_never_resolves_costs_only_the_connect_timeout(monkeypatch, tmp_path):
    released = threading.Event()

    def resolve(*_arguments):
        released.wait(30)
        raise OSError("too late")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(download, "CONNECT_TIMEOUT", 0.2)
    form = {
        "mirrors": ["https://one.invalid/", "https://two.invalid/"],
        "files": [file_entry("m.npz", MNIST)],
    }
    use_catalogue(monkeypatch, tmp_path, mnist=[form])
    started = time.monotonic()
    with pytest.raises(DataError, match=r"one\.invalid: no answer within 0\.2 s"):
        fetch("mnist")
    released.set()
    assert time.monotonic() - started < 2


@pytest.mark.parametrize("load", [datasets.load_mnist, lambda: fetch("mnist")])
def test_a_full_disk_leaves_nothing_behind(monkeypatch, cache, capsys, load):
    monkeypatch.setenv("COURSE_DATA_POLICY", "real")
    write = download._Limited.write

    def full(self, chunk):
        write(self, chunk[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(download._Limited, "write", full)
    with pytest.raises(DataError, match=r"cannot write to the cache .*No space left.*COURSE_CACHE"):
        load()
    assert listing(cache) == {}


def test_what_a_killed_process_left_is_swept_away(cache):
    litter = cache / ".staging-mnist-this-host-4711"
    litter.mkdir(parents=True)
    (litter / "mnist.npz").write_bytes(MNIST[:10])
    fetch("mnist")
    assert listing(cache) == {"mnist": b"", "mnist/mnist.npz": MNIST}


def test_who_waits_for_another_process_is_told_for_whom(monkeypatch, cache, server, capsys):
    monkeypatch.setattr(storage, "LOCK_PATIENCE", 0.1)
    monkeypatch.setattr(download, "READ_TIMEOUT", 10)
    server.answers["/mnist.npz"] = Answer(MNIST, delay=0.4)
    first = threading.Thread(target=fetch, args=("mnist",))
    first.start()
    deadline = time.monotonic() + 10
    while not list(cache.glob(".staging-mnist-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert fetch("mnist").source == "cache"
    first.join()
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "waiting" in line]
    assert f"data: waiting for process {os.getpid()} of " in line
    assert f" on {platform.node()}, which fetches or prepares mnist in {cache}" in line


def test_two_processes_fetch_once(tmp_path, cache, server):
    server.answers["/mnist.npz"] = Answer(MNIST, delay=0.5)
    script = textwrap.dedent("""
        import sys
        from pathlib import Path
        from utils import datasets
        from utils.datasets import catalogue
        catalogue.SOURCE = Path(sys.argv[1])
        datasets.load_mnist()
        print(datasets.provenance()["mnist"].source)
    """)
    command = [sys.executable, "-c", script, str(tmp_path / "catalogue.toml")]
    root = Path(__file__).resolve().parents[1]
    pair = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in pair]
    assert [process.returncode for process in pair] == [0, 0]
    assert sorted(output.split()[-1] for output in outputs) == ["cache", "download"]
    assert server.requests == ["/mnist.npz"]
    assert listing(cache) == {"mnist": b"", "mnist/mnist.npz": MNIST}


class TestRelease:
    """What no publisher offers in a small file comes from a release of this repository."""

    PATH = "/owner/course/releases/download/data-1/mnist.npz"

    @pytest.fixture(autouse=True)
    def checkout(self, monkeypatch, tmp_path, server):
        self.pyproject = tmp_path / "pyproject.toml"
        self.pyproject.write_text(
            f'[project]\n[project.urls]\nRepository = "{server.url}/owner/course.git"\n', encoding="utf-8"
        )
        monkeypatch.setattr(catalogue, "PYPROJECT", self.pyproject)
        release = {"mirrors": ["release:data-1/"], "files": [file_entry("mnist.npz", MNIST)]}
        published = {
            "mirrors": ["https://faraway.invalid/"],
            "files": [{"name": "all.zip", "bytes": 1_200_000_000}],
        }
        use_catalogue(monkeypatch, tmp_path, mnist=[release, published])

    def test_a_load_fetches_it_by_itself(self, server):
        server.answers[self.PATH] = Answer(how="redirects", location="/asset")
        server.answers["/asset"] = Answer(MNIST)
        (x_train, _), _ = datasets.load_mnist()
        assert len(x_train) == 20
        assert server.requests == [self.PATH, "/asset"]
        assert datasets.provenance()["mnist"].source == "download"

    def test_one_that_is_not_there_yet_is_told_at_once_and_a_stand_in_taken(self, server, capsys):
        started = time.monotonic()
        datasets.load_mnist()
        assert time.monotonic() - started < 2
        line = capsys.readouterr().out
        assert (
            f"STAND-IN, NOT THE REAL DATA: toys: 1,500 + 297 images | because release data-1 of"
            f" {server.url[7:]}/owner/course: it is not there (HTTP status 404); a download of 1.2 GB is not"
            " started by itself | for the real data: python -m utils.datasets fetch mnist"
        ) in line

    def test_installed_from_a_wheel_the_address_is_the_wheels(self, monkeypatch):
        self.pyproject.unlink()
        metadata = email.message_from_string(
            "Project-URL: Docs, https://x\nProject-URL: Repository, https://h/o/r"
        )
        monkeypatch.setattr("importlib.metadata.metadata", lambda name: metadata)
        assert catalogue.address("release:data-1/") == "https://h/o/r/releases/download/data-1/"

    def test_where_the_address_is_not_known_a_load_says_so(self, monkeypatch, capsys):
        def missing(name):
            raise importlib.metadata.PackageNotFoundError(name)

        self.pyproject.unlink()
        monkeypatch.setattr("importlib.metadata.metadata", missing)
        datasets.load_mnist()
        assert "where the repository is, is not known here" in capsys.readouterr().out


class TestDataGovSg:
    """HDB's file comes by poll-download: ask for it, ask until it has an address, fetch that."""

    @pytest.fixture(autouse=True)
    def publisher(self, monkeypatch, tmp_path, server):
        monkeypatch.setattr(download, "POLL_PAUSES", (0.0, 0.0))
        self.csv = hdb.flats().to_csv(index=False).encode()
        server.answers = {
            "/d_1/initiate-download": answer({"message": "Download successfully initiated"}),
            "/d_1/poll-download": [
                answer({"status": "PENDING"}),
                answer({"status": "DOWNLOAD_SUCCESS", "url": f"{server.url}/signed/file.csv?token=1"}),
            ],
            "/signed/file.csv?token=1": Answer(self.csv),
        }
        form = {
            "mirrors": [f"poll+{server.url}/d_1"],
            "files": [file_entry("resale.csv", self.csv, hashed=False)],
            "expect": {"sales": 12_000},
        }
        use_catalogue(monkeypatch, tmp_path, hdb_resale=[form])

    def test_the_file_is_asked_for_polled_and_fetched(self, cache, server):
        sales = datasets.load_hdb()
        assert len(sales) == 12_000
        assert datasets.provenance()["hdb_resale"].source == "download"
        assert [path.split("/")[-1] for path in server.requests] == [
            "initiate-download",
            "poll-download",
            "poll-download",
            "file.csv?token=1",
        ]
        assert listing(cache)["hdb_resale/resale.csv"] == self.csv

    def test_a_file_never_ready_is_given_up(self, cache, server):
        server.answers["/d_1/poll-download"] = answer({"status": "PENDING"})
        with pytest.raises(DataError, match="still preparing"):
            fetch("hdb_resale")
        assert listing(cache) == {}

    @pytest.mark.parametrize("step", ["initiate-download", "poll-download"])
    @pytest.mark.parametrize(
        ("how", "message"),
        [("a page of HTML", "did not answer in JSON"), ("missing", "404"), ("disconnects", "broke off")],
    )
    def test_a_publisher_that_fails_is_named(self, cache, server, step, how, message):
        server.answers[f"/d_1/{step}"] = Answer(how=how)
        with pytest.raises(DataError, match=message):
            fetch("hdb_resale")
        assert listing(cache) == {}

    def test_a_file_with_every_month_but_too_few_sales_is_refused(self, cache, server):
        header, *rows = self.csv.splitlines(keepends=True)
        server.answers["/signed/file.csv?token=1"] = Answer(header + b"".join(rows[::2]))
        with pytest.raises(DataError, match="not complete: 6,000 sales instead of 12,000"):
            fetch("hdb_resale")
        assert listing(cache) == {}

    def test_a_file_cut_short_is_refused_for_the_months_it_lacks(self, cache, server):
        at_a_line_end = self.csv[: self.csv.rindex(b"\n", 0, len(self.csv) // 2) + 1]
        server.answers["/signed/file.csv?token=1"] = Answer(at_a_line_end)
        with pytest.raises(DataError, match="of the window 2017-01 to 2024-06 it lacks"):
            fetch("hdb_resale")
        assert listing(cache) == {}


def answer(data: dict) -> Answer:
    return Answer(json.dumps({"code": 0, "data": data}).encode())
