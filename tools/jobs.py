"""Runs lectures under chosen seeds, data and backends, on a Dask cluster; what is done stays done.

A job is one lecture's text with its settings, run in a kernel process of its own. Workers need this
repository with its environment and the data (COURSE_DATA or their own cache), but share no disk: results come
back as rows. They are kept in build/jobs/ by a hash of what the figures depend on. Prose, comments and what a
claim states and allows are no part of it: kept rows are judged by today's bands.
"""

import hashlib
import json
import platform
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from nbformat.v4 import new_code_cell
from tqdm import tqdm

from tools import ROOT, THREADS, ToolError, depends, forms, kernels, lectures, measured, replace_files
from utils import machine
from utils.claims import within

RESULTS = "build/jobs"
MEMORY_PER_JOB = 3e9  # bytes: the most that a lecture may take
# Dask has glibc return its workers' memory at once, and a kernel that loops over arrays takes it anew at each
# step: a lecture of small networks took three times as long.
KEEPS_MEMORY = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), str(2**28))
# A missed claim ends nothing, and exact arithmetic is nothing to measure.
RECORDING = """\
import utils.claims
utils.claims.check = utils.claims.record
utils.claims.exact = lambda *_, **__: None"""


@dataclass(frozen=True)
class Job:
    """One run of a lecture's text, which `lecture` names. `source` is "real" or "stand-in"."""

    lecture: str
    text: str
    seed: int
    source: str
    backend: str
    datasets: tuple[str, ...] = ()
    falsehood: str = ""

    def __str__(self):
        told = f" ({self.falsehood})" if self.falsehood else ""
        return f"{self.lecture}{told}, seed {self.seed}, {self.source}, {self.backend}"

    def parts(self, root: Path) -> dict[str, str]:
        """Return what the figures depend on beside the settings, by what it is called.

        Raises
        ------
        ToolError
            If the data are real and not on this machine.
        """
        return {
            "the lecture's code": depends.code_hash(self.lecture, self.text),
            "modules of utils": depends.modules_hash(self.text, self.datasets, root),
            "versions of packages": depends.versions(),
            "data": depends.data(self.datasets) if self.source == "real" else "",
        }

    def key(self, root: Path) -> str:
        """Return a hash of everything that the figures depend on."""
        settings = [self.lecture[:2], self.seed, self.source, self.backend, self.parts(root)]
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Result:
    """The rows of a job's claims log, and the errors of its cells."""

    rows: list[dict]
    errors: list[str]


def run(job: Job, threads: int, parts: dict[str, str] | None = None) -> Result:
    """Run a job with that many threads.

    A missed claim has its row in the log and ends nothing; a cell that fails otherwise is passed over.

    Raises
    ------
    ToolError
        If `parts`, the job's on the machine that asks, are not what they are on this one: says which.
    """
    here = job.parts(ROOT) if parts else {}
    if other := [part for part, value in here.items() if value != parts[part]]:
        raise ToolError(f"the worker on {platform.node()} has other {' and other '.join(other)}")
    notebook = forms.notebook_of(lectures.Lecture(job.lecture, job.text), ROOT)
    notebook.cells.insert(0, new_code_cell(RECORDING))
    settings = {"COURSE_SEED": str(job.seed), "COURSE_DATA_POLICY": job.source, "KERAS_BACKEND": job.backend}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "claims.jsonl")
        settings |= dict.fromkeys(THREADS, str(threads)) | KEEPS_MEMORY
        environment = kernels.environment(log, settings)
        client = kernels.client(notebook, allow_errors=True)
        client.execute(cleanup_kc=True, cwd=folder, env=environment)
        rows = measured.read_log(log)
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

    keys = {job: job.key(root) for job in jobs}
    kept = {job: root / RESULTS / f"{key}.json" for job, key in keys.items()}
    for job, path in kept.items():
        if path.exists():
            rows = json.loads(path.read_text(encoding="utf-8"))
            yield job, Result(judged(rows, lectures.Lecture(job.lecture, job.text).claims), [])
    waiting = [job for job, path in kept.items() if not path.exists()]
    if not waiting:
        return
    failed, threads = [], 1
    with ExitStack() as stack:
        if scheduler is None:
            workers = min(local_workers(), len(waiting))
            threads = max(1, machine.cores() // workers)
            # On loopback and without a dashboard: nobody else on the network has business with these workers.
            options = {
                "threads_per_worker": 1,
                "memory_limit": 0,
                "host": "127.0.0.1",
                "dashboard_address": None,
            }
            options["scheduler_kwargs"] = {"dashboard_address": "127.0.0.1:0"}  # of its health alone
            scheduler = stack.enter_context(LocalCluster(n_workers=workers, **options))
        client = stack.enter_context(Client(scheduler))
        bar = stack.enter_context(tqdm(total=len(waiting), unit="job"))
        futures = {
            client.submit(run, job, threads, job.parts(root), key=keys[job], retries=1): job
            for job in waiting
        }
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
    return max(1, min(machine.cores(), int(machine.memory().available // MEMORY_PER_JOB)))


def judged(rows: list[dict], claims: list[lectures.Claim]) -> list[dict]:
    """Return a job's rows with what a lecture's claims state and allow now, without those that it lacks."""
    by_name = {claim.name: claim for claim in claims if not claim.exact}
    return [row | _verdict(row, by_name[row["claim"]]) for row in rows if row["claim"] in by_name]


def _verdict(row, claim):
    """Return what changes in a row if this is what its claim states and allows."""
    allowed = claim.allowed(row["source"])
    low, high = allowed or (None, None)
    return {
        "stated": claim.stated,
        "low": low,
        "high": high,
        "asserted": allowed is not None,
        "ok": within(row["measured"], low, high),
    }
