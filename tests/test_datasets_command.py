"""python -m utils.datasets, the catalogue, and the weight of the import."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from datasets_workbench import file_entry, isolate, tiny_concrete, tiny_mnist, use_catalogue
from misbehaving_server import Answer, MisbehavingServer
from utils import datasets
from utils.datasets import cache as storage
from utils.datasets import catalogue, store
from utils.datasets.__main__ import main

MNIST, CONCRETE = tiny_mnist(), tiny_concrete()


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "time", SimpleNamespace(sleep=lambda seconds: None))
    return isolate(monkeypatch, tmp_path)


@pytest.fixture
def server(monkeypatch, tmp_path, cache):
    with MisbehavingServer() as server:
        server.answers = {"/mnist.npz": Answer(MNIST), "/data.csv": Answer(CONCRETE)}
        form = {"mirrors": [server.url + "/"]}
        use_catalogue(
            monkeypatch,
            tmp_path,
            mnist=[form | {"files": [file_entry("mnist.npz", MNIST)]}],
            concrete=[form | {"files": [file_entry("data.csv", CONCRETE, hashed=False)]}],
        )
        yield server


def test_fetch_brings_every_dataset_and_verify_confirms(server, capsys):
    assert main(["fetch"]) == 0
    assert main(["verify"]) == 0
    output = capsys.readouterr()
    assert output.out.count("fetched to") == output.out.count("verified in") == 2


def test_fetch_brings_only_what_is_missing_but_a_named_file_without_a_hash_anew(server):
    for arguments in (["fetch"], ["fetch"], ["fetch", "mnist"], ["fetch", "concrete"]):
        assert main(arguments) == 0
    assert server.requests == ["/mnist.npz", "/data.csv", "/data.csv"]


def test_fetch_goes_on_after_a_failure_and_reports_it(server, capsys):
    server.answers["/mnist.npz"] = Answer(how="missing")
    assert main(["fetch"]) == 1
    output = capsys.readouterr()
    assert "concrete: fetched to" in output.out
    assert output.err.startswith("mnist: title of mnist could not be fetched.")
    assert "404" in output.err
    assert server.requests.count("/mnist.npz") == 3


def test_verify_tells_missing_and_damaged_files(server, cache, capsys):
    assert main(["verify", "mnist"]) == 1
    assert "not here" in capsys.readouterr().err
    main(["fetch"])
    (cache / "mnist" / "mnist.npz").write_bytes(MNIST[:-1] + b"!")
    assert main(["verify", "mnist"]) == 1
    assert "mnist.npz has the wrong sha256" in capsys.readouterr().err
    (cache / "concrete" / "data.csv").write_bytes(CONCRETE.replace(b"162.0", b"wet", 1))
    assert main(["verify", "concrete"]) == 1
    assert "column Water" in capsys.readouterr().err


def test_list_says_where_each_would_come_from_now(server, monkeypatch, capsys):
    def origins() -> list[str]:
        assert main(["list"]) == 0
        return [line.split("  ")[-1] for line in capsys.readouterr().out.splitlines()[1:]]

    assert origins() == ["download", "download"]
    main(["fetch", "mnist"])
    capsys.readouterr()
    asked = list(server.requests)
    monkeypatch.setattr(store, "AUTO_LIMIT", 10)
    assert origins() == ["cache", "stand-in, until fetched"]
    monkeypatch.setenv("COURSE_DATA_POLICY", "stand-in")
    assert origins() == ["stand-in (by policy)"] * 2
    assert server.requests == asked


def test_where_prints_the_roots_in_order(monkeypatch, tmp_path, cache, capsys):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    assert main(["where"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["COURSE_DATA", str(tmp_path)]
    assert second.split() == ["cache", str(cache), "(not", "there", "yet)"]


def test_a_wrong_setting_is_one_line_and_status_1(monkeypatch, cache, capsys):
    monkeypatch.setenv("COURSE_DATA", "nowhere")
    assert main(["list"]) == 1
    assert (
        capsys.readouterr().err
        == "COURSE_DATA is 'nowhere', which is not a folder: correct it, or unset it\n"
    )


def test_a_command_not_understood_is_status_2(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["fetch", "imagenet"])
    assert stop.value.code == 2


def test_every_dataset_of_the_catalogue_can_be_fetched_and_checked():
    entries = catalogue.catalogue()
    assert set(entries) == set(store.CHECKS)
    for dataset in entries.values():
        # Colab and a laptop get the real thing without being asked.
        assert min(form.bytes for form in dataset.downloads) <= store.AUTO_LIMIT == 60_000_000, dataset.name
        assert callable(getattr(datasets, dataset.loader)), dataset.name
        for form in dataset.forms:
            addresses = [catalogue.address(mirror).removeprefix("poll+") for mirror in form.mirrors]
            assert all(address.startswith("https://") for address in addresses)
            # Several files need names to append to a mirror's address, and hashes to be told apart.
            assert len(form.files) == 1 or all(mirror.endswith("/") for mirror in form.mirrors)
            assert len(form.files) == 1 or form.is_hashed
            assert all(file.hash is None or file.hash.startswith("sha256:") for file in form.files)
            assert form.is_hashed or form.expect, f"{dataset.name}: neither a hash nor counts to check"


def test_the_cache_lies_in_the_checkout_when_there_is_one(monkeypatch):
    monkeypatch.delenv("COURSE_CACHE", raising=False)
    assert storage.root() == Path(__file__).resolve().parents[1] / "data" / "cache"


def test_outside_a_checkout_the_cache_is_the_users(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_CACHE", raising=False)
    monkeypatch.setattr(catalogue, "PYPROJECT", tmp_path / "site-packages" / "pyproject.toml")
    assert "deep-learning-lectures" in str(storage.root())
