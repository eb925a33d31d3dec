"""Runs lectures under chosen seeds, data and backends, on a Dask cluster; what is done stays done.

A job is one lecture's text with its settings, run in a kernel process of its own. Workers need this
repository with its environment and the data (COURSE_DATA or their own cache), but share no disk: results come
back as rows. They are kept in build/jobs/ by a hash of what the measurements depend on. Prose, comments and
what a claim states and allows are no part of it: kept rows are judged by today's bands.
"""

import ast
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import jupytext
import psutil
from nbformat.v4 import new_code_cell
from tqdm import tqdm

from tools import ROOT, THREADS, ToolError, build, replace_files
from utils.claims import within

RESULTS = "build/jobs"
MEMORY_PER_JOB = 3e9  # bytes: the most that a lecture may take


@dataclass(frozen=True)
class Job:
    """One run of a lecture's text, which `lecture` names. `source` is "real" or "stand-in"."""

    lecture: str
    text: str
    seed: int
    source: str
    backend: str

    def __str__(self):
        return f"{self.lecture}, seed {self.seed}, {self.source}, {self.backend}"

    def key(self, root: Path) -> str:
        """Return a hash of everything that the measurements depend on."""
        what_runs, _ = _without_bands(self.text)
        settings = json.dumps(asdict(self) | {"text": what_runs}, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(f"{settings}\n{_code_hash(root)}".encode()).hexdigest()


@dataclass(frozen=True)
class Result:
    """The rows of a job's claims log, and the errors of its cells."""

    rows: list[dict]
    errors: list[str]


def run(job: Job, threads: int) -> Result:
    """Run a job with that many threads.

    A missed claim has its row in the log and ends nothing; a cell that fails otherwise is passed over.
    """
    notebook = jupytext.reads(job.text, "py:percent", config=build.jupytext_config(ROOT))
    notebook.cells.insert(0, new_code_cell("import utils.claims\nutils.claims.check = utils.claims.record"))
    settings = {"COURSE_SEED": str(job.seed), "COURSE_DATA_POLICY": job.source, "KERAS_BACKEND": job.backend}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "claims.jsonl")
        environment = build.kernel_environment(log, settings | dict.fromkeys(THREADS, str(threads)))
        build.kernel_client(notebook, allow_errors=True).execute(cleanup_kc=True, cwd=folder, env=environment)
        rows = build.read_claims(log)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return Result(rows, [f"{one.ename}: {one.evalue}" for one in outputs if one.output_type == "error"])


def run_all(jobs: Iterable[Job], scheduler: str | None, root: Path = ROOT) -> Iterator[tuple[Job, Result]]:
    """Yield each job with its result: those known from before at once, then the others as they end.

    A job whose worker dies is run again. Only results without errors are kept for the next time.

    Parameters
    ----------
    jobs
        What to run.
    scheduler
        The address of a Dask scheduler; None starts workers here, as many as cores and memory allow.
    root
        The repository, which keeps the results.

    Raises
    ------
    ToolError
        At the end, if jobs could not be run at all: says which and why.
    """
    from distributed import Client, LocalCluster, as_completed

    kept = {job: root / RESULTS / f"{job.key(root)}.json" for job in jobs}
    for job, path in kept.items():
        if path.exists():
            yield job, Result(judged(json.loads(path.read_text(encoding="utf-8")), job.text), [])
    waiting = [job for job, path in kept.items() if not path.exists()]
    if not waiting:
        return
    failed, threads = [], 1
    with ExitStack() as stack:
        if scheduler is None:
            workers = min(local_workers(), len(waiting))
            threads = max(1, (os.cpu_count() or 1) // workers)
            options = {"threads_per_worker": 1, "memory_limit": 0, "dashboard_address": ":0"}
            scheduler = stack.enter_context(LocalCluster(n_workers=workers, **options))
        client = stack.enter_context(Client(scheduler))
        bar = stack.enter_context(tqdm(total=len(waiting), unit="job"))
        futures = {client.submit(run, job, threads, key=job.key(root), retries=1): job for job in waiting}
        for future in as_completed(futures):
            job = futures[future]
            bar.update()
            if future.status != "finished":
                failed.append(f"{job}: {future.exception()!r}")
                continue
            result = future.result()
            if not result.errors:
                replace_files({kept[job]: json.dumps(result.rows, ensure_ascii=False)})
            yield job, result
    if failed:
        raise ToolError("these jobs could not be run:\n  " + "\n  ".join(failed))


def local_workers() -> int:
    """Return how many jobs this machine runs at once: as many as it has cores, and memory for."""
    return max(1, min(os.cpu_count() or 1, int(psutil.virtual_memory().available // MEMORY_PER_JOB)))


def judged(rows: list[dict], text: str) -> list[dict]:
    """Return a job's rows with what the claims of a lecture's text state and allow now."""
    _, claims = _without_bands(text)
    return [row | _verdict(row, claims[row["claim"]]) if row["claim"] in claims else row for row in rows]


def _verdict(row, claim):
    """Return what changes in a row if this is what its claim states and allows."""
    on_stand_in = row["source"] == "stand-in" and "stand_in" in claim
    allowed = claim["stand_in" if on_stand_in else "band"]
    low, high = allowed or (None, None)
    return {
        "stated": claim["stated"],
        "low": low,
        "high": high,
        "asserted": allowed is not None,
        "ok": within(row["measured"], low, high),
    }


@cache
def _without_bands(text: str) -> tuple[str, dict[str, dict]]:
    """Return a lecture's code without what its claims state and allow, and that apart, by claim.

    Only literals are set apart: a band that the lecture computes is part of its code.
    """
    notebook = jupytext.reads(text, "py:percent")
    cells = [ast.parse(cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    claims = {}
    for call in (node for cell in cells for node in ast.walk(cell) if isinstance(node, ast.Call)):
        if ast.unparse(call.func) != "claims.check":
            continue
        bands = [keyword for keyword in call.keywords if keyword.arg in ("band", "stand_in")]
        try:
            name, stated = ast.literal_eval(call.args[0]), ast.literal_eval(call.args[2])
            allowed = {keyword.arg: ast.literal_eval(keyword.value) for keyword in bands}
        except ValueError:  # a name, not a literal
            continue
        claims[name] = {"stated": stated, **allowed}
        del call.args[2]
        call.keywords = [keyword for keyword in call.keywords if keyword not in bands]
    return "\n".join(map(ast.unparse, cells)), claims


@cache
def _code_hash(root: Path) -> str:
    """Return a hash of what every lecture runs on: utils/ and the lock."""
    files = [path for path in (root / "utils").rglob("*") if path.suffix in (".py", ".toml", ".mplstyle")]
    digest = hashlib.sha256()
    for path in [*sorted(files), root / "requirements.txt"]:
        digest.update(f"{path.relative_to(root).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()
