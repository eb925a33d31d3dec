"""Peak memory of streaming the images of lecture 07, at 1× and 4× their number.

Each figure is the largest resident memory of a fresh process that imports TensorFlow, streams one epoch at
128 × 128 in batches of 16, and drops every batch: through the lecture's `stream` (`tf.data`), and through
`ImageDataGenerator`. Medians of three processes; the sizes take turns. To show that the measure would notice,
the same is done once more with all batches *kept*: there four times the images must cost memory.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from tools import ROOT
from utils.datasets import load_chest_xray

WAYS = ("tf.data", "generator", "all kept")
CHILD = """
import sys
from tests.lecture_source import definitions
from utils import claims

way, folder = sys.argv[1:]
from tensorflow.keras.preprocessing.image import ImageDataGenerator

settings = {"target_size": (128, 128), "color_mode": "grayscale", "batch_size": 16}
flow = ImageDataGenerator().flow_from_directory(folder, **settings)
[stream] = definitions("07", "stream")
batches = (flow[k] for k in range(len(flow))) if way == "generator" else stream(flow.filepaths, flow.classes)
kept = [batch for batch in batches if way == "all kept"]
print(claims.peak_mb())
"""


def measure():
    """Yield each way's peak memory for a quarter of the training images and for all, and the ratio."""
    files = sorted((load_chest_xray() / "train").glob("*/*.jpeg"))
    with tempfile.TemporaryDirectory() as scratch:
        quarter, whole = (
            copies(files[::step], Path(scratch, name)) for name, step in (("quarter", 4), ("whole", 1))
        )
        for way in WAYS:
            peaks = [(peak_mb(way, quarter), peak_mb(way, whole)) for _ in range(3)]
            few, many = map(statistics.median, zip(*peaks, strict=True))
            low, high = (1.2, None) if way == "all kept" else (0.9, 1.1)
            yield f"{way}: {len(files[::4]):,} images", few, "MB", None, None
            yield f"{way}: {len(files):,} images", many, "MB", None, None
            yield f"{way}: 4× the images / 1×", many / few, "", low, high


def copies(files, folder):
    """Copy files into folders named after their classes; return the folder that holds these."""
    for file in files:
        copy = folder / file.parent.name / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return folder


def peak_mb(way, folder):
    """Return the peak memory, in MB, of a fresh process that streams a folder in this way."""
    command = [sys.executable, "-c", CHILD, way, str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])
