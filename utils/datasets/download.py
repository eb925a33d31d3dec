"""Fetching one file over HTTP.

pooch streams it and checks its hash. This adds what pooch leaves to others: hosts and proxies that do not
answer, a limit on size, data.gov.sg's way of serving a file, and a few words for each way to fail.
"""

from __future__ import annotations

import errno
import os
import queue
import re
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from utils.datasets.catalogue import File

CONNECT_TIMEOUT = 2.0  # seconds to resolve a host's name and connect to it
READ_TIMEOUT = 15.0  # seconds of silence in the middle of an answer
# Seconds before each poll of data.gov.sg: with the first request five in all, its quota per minute.
POLL_PAUSES = (1.0, 3.0, 6.0, 15.0)
GROWTH = 3  # a file without a hash may have grown to this many times its size in the catalogue

# What says that this machine cannot ask in this way (IPv6 where there is none), not that a host is down.
_NO_WAY = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.ENETUNREACH}
_PORTS = {"http": 80, "https": 443}  # the others are kinds of SOCKS
# Whether a host answered in this process, by (host, port): None if it did, otherwise why not.
_hosts: dict[tuple[str, int], str | None] = {}


class DownloadError(Exception):
    """One mirror could not deliver a file; the message says why in a few words."""


def fetch(url: str, file: File, folder: Path) -> None:
    """Fetch `url` to `folder / file.name`: verified if the file has a hash, or not there at all.

    Raises
    ------
    DownloadError
        If the host does not answer, the transfer fails, the file is too large or its hash is wrong.
    OSError
        If the file cannot be written.
    """
    import logging

    import pooch
    import requests

    pooch.get_logger().setLevel(logging.WARNING)
    try:
        if url.startswith("poll+"):
            url = _poll(url.removeprefix("poll+"))
        _reach(url)
        pooch.retrieve(url, known_hash=file.hash, fname=file.name, path=folder, downloader=_stream(file))
    except requests.HTTPError as error:
        raise DownloadError(_status(error.response.status_code)) from None
    except requests.RequestException as error:
        _hosts[_address(url)] = _reason(error)
        raise DownloadError(_reason(error)) from None
    except ValueError as error:
        if "hash" not in str(error):  # pooch's word for what was served
            raise DownloadError(str(error)) from None
        algorithm = (file.hash or "").partition(":")[0]
        raise DownloadError(f"what it serves as {file.name} has the wrong {algorithm}") from None


def probe(urls: list[str]) -> None:
    """Find out at once which of the hosts of `urls` answer, in at most CONNECT_TIMEOUT seconds.

    A timeout on connecting bounds neither the resolution of a name nor a host with many addresses; a thread
    that nobody waits for bounds both.

    Raises
    ------
    DownloadError
        If the proxy that is set is not an address.
    """
    families = (socket.AF_INET, socket.AF_INET6)  # at once: where IPv6 leads nowhere, IPv4 may do
    waiting = {_address(url): [] for url in urls if _address(url) not in _hosts}
    _hosts.update(dict.fromkeys(waiting, f"no answer within {CONNECT_TIMEOUT:g} s"))
    answers: queue.Queue = queue.Queue()
    for host in waiting:
        for family in families:
            threading.Thread(target=_connect, args=(host, family, answers), daemon=True).start()
    deadline = time.monotonic() + CONNECT_TIMEOUT
    while waiting:
        try:
            host, problem = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return
        if host in waiting:
            waiting[host].append(problem)
            if problem is None or len(waiting[host]) == len(families):
                _hosts[host] = problem and _telling(waiting[host])
                del waiting[host]


def forget_hosts() -> None:
    """Ask every host afresh."""
    _hosts.clear()


def host_of(url: str) -> str:
    """The host that `url` names, as a person would say it."""
    return urlsplit(url).netloc


def _address(url: str) -> tuple[str, int]:
    """Host and port to connect to for `url`: those of the proxy where one is set."""
    proxy = _proxy(url)
    try:
        parts = urlsplit(proxy or url.removeprefix("poll+"))
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if proxy and not host:
        names = [name for name, value in os.environ.items() if value and proxy.endswith(value)]
        settings = " and ".join(name for name in names if name.lower().endswith("_proxy"))
        raise DownloadError(f"the proxy {_shown(proxy)} is not an address: correct {settings or 'it'}")
    return host or "", port or _PORTS.get(parts.scheme, 1080)


def _proxy(url: str) -> str | None:
    """The proxy that is set for `url`, or None."""
    from requests.utils import get_environ_proxies, select_proxy

    url = url.removeprefix("poll+")
    proxy = select_proxy(url, get_environ_proxies(url))
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def _shown(proxy: str) -> str:
    """A proxy without the password that it may hold."""
    return repr(proxy.rpartition("@")[2] if "@" in proxy else proxy)


def _connect(host: tuple[str, int], family: int, answers: queue.Queue) -> None:
    problem = None
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(CONNECT_TIMEOUT)
            connection.connect(socket.getaddrinfo(*host, family, socket.SOCK_STREAM)[0][-1])
    except (OSError, UnicodeError) as error:
        problem = error
    answers.put((host, problem))


def _telling(problems: list[Exception]) -> str:
    """In words why a host does not answer, if it answers neither over IPv4 nor over IPv6."""

    def says_little(problem: Exception) -> bool:
        return isinstance(problem, socket.gaierror) or getattr(problem, "errno", None) in _NO_WAY

    problem = min(problems, key=says_little)
    return f"not reachable ({getattr(problem, 'strerror', None) or problem})"


def _reach(url: str) -> None:
    """Raise DownloadError unless the host, or the proxy before it, answers and can be believed."""
    probe([url])
    if problem := _hosts[_address(url)]:
        proxy = _proxy(url)
        raise DownloadError(f"the proxy {_shown(proxy)}: {problem}" if proxy else problem)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        bundle = os.environ.get(name)
        if bundle and url.startswith("https") and not os.path.exists(bundle):
            raise DownloadError(f"{name} names no file: {bundle!r}; correct it, or unset it")


def _stream(file: File):
    """A downloader for pooch that limits the size and shows progress once a download takes over a second."""
    from pooch import HTTPDownloader
    from tqdm import tqdm

    limit = file.bytes if file.hash else GROWTH * file.bytes

    def download(url: str, output: str, _pooch) -> None:
        with (
            tqdm(total=file.bytes, desc=file.name, unit="B", unit_scale=True, delay=1, leave=False) as bar,
            open(output, "wb") as out,
        ):
            timeout = (CONNECT_TIMEOUT, READ_TIMEOUT)
            stream = HTTPDownloader(progressbar=bar, chunk_size=1 << 16, timeout=timeout)
            stream(url, _Limited(out, limit), None)

    return download


class _Limited:
    """A file opened for writing that takes at most `limit` bytes."""

    def __init__(self, out, limit: int):
        self.out = out
        self.limit = limit

    def write(self, chunk: bytes) -> int:
        if self.out.tell() + len(chunk) > self.limit:
            raise DownloadError(f"it sends more than the {self.limit:,} bytes allowed")
        return self.out.write(chunk)

    def flush(self) -> None:
        self.out.flush()


def _poll(dataset_url: str) -> str:
    """The address of a file that data.gov.sg prepares on request.

    Source: https://guide.data.gov.sg/developer-guide/dataset-apis/download-dataset
    """
    _reach(dataset_url)
    _json(f"{dataset_url}/initiate-download")
    for pause in POLL_PAUSES:
        time.sleep(pause)
        data = _json(f"{dataset_url}/poll-download").get("data") or {}
        if data.get("url"):
            return data["url"]
    raise DownloadError("the publisher is still preparing the file: try again in a few minutes")


def _json(url: str) -> dict:
    import requests

    response = requests.get(url, timeout=(CONNECT_TIMEOUT, READ_TIMEOUT))
    response.raise_for_status()
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise DownloadError(f"{urlsplit(url).path.rsplit('/')[-1]} did not answer in JSON")
    return answer


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
        return f"its certificate is not trusted {f'by {bundle}' if bundle else 'here'}"
    if isinstance(error, requests.exceptions.ProxyError):
        refusal = re.search(r"Tunnel connection failed: (\d+)", str(error))
        if refusal and refusal[1] != "407":
            return f"the proxy does not let it through (HTTP status {refusal[1]})"
        return _status(407) if refusal else "the proxy broke off the connection"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"silent for {READ_TIMEOUT:g} s"
    if isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return "the connection broke off"
    return str(error)


def _status(code: int) -> str:
    meaning = {404: "it is not there", 407: "the proxy wants a name and a password"}.get(code)
    return f"{meaning} (HTTP status {code})" if meaning else f"HTTP status {code}"
