"""What the tests of the data layer share: tiny datasets, a catalogue on loopback, a clean process."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from utils.datasets import catalogue, download, store

SETTINGS = ("COURSE_DATA", "COURSE_CACHE", "COURSE_DATA_POLICY")
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def isolate(monkeypatch, tmp_path: Path) -> Path:
    """Give the test its own cache, a process that has loaded nothing, and no network but loopback."""
    for name in (*SETTINGS, *PROXIES):
        monkeypatch.delenv(name, raising=False)
    cache = tmp_path / "cache"
    monkeypatch.setenv("COURSE_CACHE", str(cache))
    monkeypatch.setattr(store, "_provenance", {})
    monkeypatch.setattr(store, "_failed", {})
    monkeypatch.setattr(download, "_hosts", {})
    monkeypatch.setattr(socket, "getaddrinfo", _loopback_only(socket.getaddrinfo))
    return cache


def _loopback_only(getaddrinfo):
    def guarded(host, *arguments, **keywords):
        if host != "127.0.0.1":
            raise AssertionError(f"a test asked the network for {host}")
        return getaddrinfo(host, *arguments, **keywords)

    return guarded


def use_catalogue(monkeypatch, tmp_path: Path, **datasets: list[dict]) -> Path:
    """Let the catalogue hold just these datasets, each a list of forms."""
    lines = []
    for name, forms in datasets.items():
        lines += [
            f"[{name}]",
            *(f'{key} = "{key} of {name}"' for key in ("title", "url", "attribution", "citation")),
        ]
        lines += [
            'licence = "L"',
            f'loader = "load_{name}"',
            'stand_in = "toys"',
            'stand_in_licence = "none"',
            'folder = "' + name + '"',
        ]
        for form in forms:
            lines += [f"[[{name}.forms]]", f"mirrors = {json.dumps(form.get('mirrors', []))}"]
            lines += [f"unpacked = {form.get('unpacked', 10_000_000)}"]
            expect = ", ".join(f'"{key}" = {value}' for key, value in form.get("expect", {}).items())
            lines += [f"expect = {{ {expect} }}"]
            for file in form["files"]:
                lines += [f"[[{name}.forms.files]]", *(f"{k} = {json.dumps(v)}" for k, v in file.items())]
    path = tmp_path / "catalogue.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(catalogue, "SOURCE", path)
    return path


def file_entry(name: str, content: bytes, hashed: bool = True) -> dict:
    """A file as the catalogue describes it."""
    entry = {"name": name, "bytes": len(content)}
    return entry | {"hash": f"sha256:{hashlib.sha256(content).hexdigest()}"} if hashed else entry


def listing(folder: Path) -> dict[str, bytes]:
    """Every file and folder below `folder` with its content, but for the lock files, which may stay."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in folder.rglob("*")
        if ".locks" not in path.parts
    }


def tiny_mnist() -> bytes:
    """An mnist.npz of 20 + 10 noisy digits."""
    rng = np.random.default_rng(0)
    out = io.BytesIO()
    np.savez(
        out,
        x_train=rng.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        y_train=np.arange(20, dtype=np.uint8) % 10,
        x_test=rng.integers(0, 256, (10, 28, 28), dtype=np.uint8),
        y_test=np.arange(10, dtype=np.uint8),
    )
    return out.getvalue()


def tiny_concrete(n: int = 40) -> bytes:
    """A data.csv of UCI's with n mixes."""
    heading = (
        "Cement,Blast Furnace Slag,Fly Ash,Water,Superplasticizer,Coarse Aggregate,Fine Aggregate,Age,"
        "Concrete compressive strength\n"
    )
    rows = "".join(f"{300 + i}.0,0.0,0.0,162.0,2.5,1040.0,676.0,28,{40 + i / 100}\n" for i in range(n))
    return (heading + rows).encode()


def jpeg(size: tuple[int, int] = (50, 40), mode: str = "L") -> bytes:
    """A grey image."""
    out = io.BytesIO()
    Image.new(mode, size, 90 if mode == "L" else (90, 90, 90)).save(out, format="JPEG")
    return out.getvalue()


def zipped(files: dict[str | zipfile.ZipInfo, bytes]) -> bytes:
    """A zip archive of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()
