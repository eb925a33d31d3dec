"""Runs a notebook in a fresh kernel of this environment, and says in words how it failed."""

import atexit
import os
import time
from pathlib import Path

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

from tools import ToolError

STARTUP = 300  # seconds that a kernel may need to start: from a network's disk, minutes were seen
OUTPUT = 60  # seconds that an output may come late


def execute(notebook, name, folder, log, **settings):
    """Run a notebook, in place, with a progress bar; return the cells that ran, each with its seconds.

    Parameters
    ----------
    notebook : NotebookNode
        What to run.
    name : str
        What the bar and the errors call it.
    folder : Path
        The kernel's working folder.
    log : Path
        The file to which the claims are appended, as JSON lines.
    **settings
        Environment variables for the kernel, over our own.

    Raises
    ------
    ToolError
        If the kernel does not start, or a cell fails, warns on stderr, or ends it: says which cell, and why.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    bar = tqdm(total=len(code), desc=name, unit="cell")
    running, seconds = [], []

    def begin(cell, cell_index):
        running.append(cell)
        seconds.append(-time.perf_counter())

    def end(cell, cell_index, execute_reply):
        seconds[-1] += time.perf_counter()
        bar.update()

    its_client = client(notebook, on_cell_execute=begin, on_cell_executed=end)

    def failure(cell, reason):  # cells are counted from 1, as in In [1]
        return ToolError(f"{name}, code cell [{code.index(cell) + 1}]:\n\n{cell.source}\n\n{reason}")

    try:
        with bar:
            its_client.execute(cleanup_kc=True, cwd=str(folder), env=environment(log, settings))
    except CellExecutionError as error:
        raise failure(running[-1], f"{error.ename}: {error.evalue}") from None
    except CellTimeoutError:
        raise failure(running[-1], f"its output did not arrive within {OUTPUT} s") from None
    except DeadKernelError:
        raise failure(running[-1], "the kernel died; was memory short?") from None
    except RuntimeError as error:
        if running:
            raise
        atexit.unregister(its_client._cleanup_kernel)  # it would fail once more as we end, with a traceback
        raise ToolError(f"{name}: no kernel started within {STARTUP} s: {error}") from None
    for cell in code:
        for output in cell.outputs:
            if output.get("name") == "stderr" and "Warning:" in output.text:
                raise failure(cell, f"it warns:\n{output.text.strip()}")
    return list(zip(running, seconds, strict=True))


def manager():
    """Return what starts a kernel of this environment, and of no other."""
    return AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))


class Client(NotebookClient):
    """Runs a notebook; starts its kernel once more if it died as it started.

    A kernel's ports are picked before it opens them. If another process takes one meanwhile, it dies.
    """

    async def async_start_new_kernel(self, **kwargs):
        self._started_with = kwargs
        await super().async_start_new_kernel(**kwargs)

    async def async_start_new_kernel_client(self):
        try:
            return await super().async_start_new_kernel_client()
        except RuntimeError as error:
            if "Kernel died" not in str(error):
                raise
        self.km = manager()
        await self.async_start_new_kernel(**self._started_with)
        return await super().async_start_new_kernel_client()


def client(notebook, **options):
    """Return what runs a notebook in a fresh kernel of this environment, with nbclient's further options."""
    made = Client(
        notebook,
        km=manager(),
        extra_arguments=["--log-level=ERROR"],  # ipykernel warns that it talks to us without encryption
        record_timing=False,
        coalesce_streams=True,
        store_widget_state=True,
        startup_timeout=STARTUP,
        iopub_timeout=OUTPUT,
        raise_on_iopub_timeout=True,  # else outputs that come late on a slow machine are lost
        **options,
    )
    # nbclient can play the front end of an Output widget, and then writes to the kernel while waiting for its
    # reply, which it then may never hear. Without that part, what a slider draws is an ordinary output.
    made.widget_registry.clear()
    return made


def environment(log, settings):
    """Return the environment variables for a kernel, which runs in another folder than we do."""
    paths = {name: os.environ[name] for name in ("COURSE_DATA", "COURSE_CACHE") if os.environ.get(name)}
    return {
        "COURSE_SEED": "0",
        **os.environ,
        **{name: str(Path(path).expanduser().absolute()) for name, path in paths.items()},
        "CLAIMS_LOG": str(log),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # a user's own would lose the figures
        **settings,
    }
