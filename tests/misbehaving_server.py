"""A web server on loopback that fails in all the ways that servers fail."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HTML = b"<!DOCTYPE html><html><body>Please sign in to this network.</body></html>"


@dataclass
class Answer:
    """What is sent for one path. `how` is one of the words in `_Handler.do_GET`."""

    body: bytes = b""
    how: str = "whole"
    location: str = ""
    delay: float = 0.0  # seconds before the answer


class MisbehavingServer:
    """Serves `answers[path]`, an Answer or a list of them (the last is repeated); notes the requests."""

    def __init__(self):
        self.answers: dict[str, Answer | list[Answer]] = {}
        self.requests: list[str] = []
        self.tunnel_status = 407  # the answer to those who take the server for a proxy to https
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.owner = self
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> MisbehavingServer:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_exception) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()

    def next_answer(self, path: str) -> Answer:
        self.requests.append(path)
        answer = self.answers.get(path, Answer(how="missing"))
        if isinstance(answer, list):
            return answer.pop(0) if len(answer) > 1 else answer[0]
        return answer


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        owner = self.server.owner
        answer = owner.next_answer(self.path)
        owner.closing.wait(answer.delay)
        half = answer.body[: len(answer.body) // 2]
        match answer.how:
            case "whole":
                self._send(200, answer.body, {"Content-Length": len(answer.body)})
            case "truncated":
                self._send(200, half, {"Content-Length": len(answer.body)})
            case "truncated without a length":
                self._send(200, half, {})
            case "wrong bytes":
                self._send(200, half + half, {"Content-Length": 2 * len(half)})
            case "too many bytes":
                self._send(200, 4 * answer.body, {})
            case "a page of HTML":
                self._send(200, HTML, {"Content-Type": "text/html", "Content-Length": len(HTML)})
            case "missing":
                self._send(404, b"", {"Content-Length": 0})
            case "wants a password":
                self._send(407, b"", {"Content-Length": 0})
            case "redirects":
                self._send(302, b"", {"Location": answer.location, "Content-Length": 0})
            case "stalls":
                self._send(200, half, {"Content-Length": len(answer.body)})
                owner.closing.wait()
            case "disconnects":
                pass
            case other:
                raise ValueError(f"the server cannot misbehave like this: {other}")
        self.close_connection = True

    def do_CONNECT(self) -> None:
        """What a proxy is asked before an address that begins with https."""
        self.server.owner.requests.append(f"CONNECT {self.path}")
        self._send(self.server.owner.tunnel_status, b"", {"Content-Length": 0})
        self.close_connection = True

    def _send(self, status: int, body: bytes, headers: dict) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_arguments) -> None:
        """Keep quiet."""
