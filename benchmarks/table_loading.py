"""Processor time of `load_hdb` on HDB's file of sales.

Each is a fresh process's, and so charged with importing pandas as well as with reading, checking and cutting
out the course's window. The median of five.
"""

import statistics
import subprocess
import sys

from tools import ROOT

CHILD = """
import time
from utils.datasets import load_hdb

started = time.process_time()
load_hdb()
print(time.process_time() - started)
"""


def measure():
    """Yield the processor seconds."""
    command = [sys.executable, "-c", CHILD]
    runs = [subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True) for _ in range(5)]
    seconds = [float(run.stdout.splitlines()[-1]) for run in runs]
    yield "load_hdb", statistics.median(seconds), "s", None, 0.7
