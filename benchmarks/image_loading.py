"""Lecture 07's ways to load images, against decoding alone.

- *Decoding alone*: the same JPEG files, already read into memory, decoded to grey and dropped. Pillow and
  TensorFlow's decoder each get a pool of threads, one for each core, since both decode outside of Python's
  lock. Nothing is read, resized, batched or kept. What is promised is promised on the originals, where
  decoding is nearly all the work; on the small copies, reading and resizing show.
- *Loading*: the lecture's `stream` (`tf.data`) and its `ImageDataGenerator`, from files on disk (which the
  operating system may hold in its own cache) to batches of 16 at 128 × 128. A pass of `stream` without a
  cache starts its threads anew and decodes every file, so each is a first pass. Before anything is timed, one
  pass of each fills the operating system's cache.
- *Cached*: later passes over `stream(…).cache()`, against the images a second that the lecture's network
  takes in when it trains at 128 × 128 on an array in memory: far above, loading limits nothing.

All sides take turns, and each figure is the median of five turns.
"""

import contextlib
import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

from tests.lecture_source import definitions
from tools.bench import median_seconds
from utils import machine
from utils.datasets import load_chest_xray, load_chest_xray_originals

BATCH, SIZE, PASSES = 16, 128, 20


def measure():
    """Yield images per second of each way on originals and on the prepared copies, and their ratios."""
    stream, build = definitions("07", "stream", "build")
    for name, folder in (
        ("originals", load_chest_xray_originals() / "train"),
        ("copies at 224", load_chest_xray() / "train"),
    ):
        rates = images_per_second(folder, stream)
        for way, rate in rates.items():
            yield f"{name}: {way}", rate, "images/s", None, None
        decoding = max(rates["decoding alone, Pillow"], rates["decoding alone, TensorFlow"])
        loading = max(rates["generator"], rates["tf.data, first pass"])
        low = 0.8 if name == "originals" else None
        yield f"{name}: best first pass / faster decoder", loading / decoding, "", low, None
    training = training_rate(build)
    yield "training the lecture's network", training, "images/s", None, None
    yield "copies at 224: cached / training", rates["tf.data, cached, later passes"] / training, "", 5, None


def images_per_second(folder, stream):
    """Return images per second by way of loading, for the files of a folder with one folder per class."""
    import tensorflow as tf
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    settings = {"target_size": (SIZE, SIZE), "color_mode": "grayscale", "class_mode": "binary"}
    with contextlib.redirect_stdout(io.StringIO()):  # it prints how many files it found
        flow = ImageDataGenerator().flow_from_directory(folder, batch_size=BATCH, **settings)
    contents = [Path(path).read_bytes() for path in flow.filepaths]
    tf.get_logger().setLevel("ERROR")  # it warns that it finds no file with the source of `stream`
    cold = stream(flow.filepaths, flow.classes, SIZE, BATCH)
    cached = cold.cache()

    def pillow(content):
        Image.open(io.BytesIO(content)).convert("L").load()

    def tensorflow(content):
        tf.io.decode_jpeg(content, channels=1)

    def use_up(batches):
        for _ in batches:
            pass

    with ThreadPoolExecutor(machine.cores()) as pool:
        ways = {
            "decoding alone, Pillow": lambda: use_up(pool.map(pillow, contents)),
            "decoding alone, TensorFlow": lambda: use_up(pool.map(tensorflow, contents)),
            "generator": lambda: use_up(flow[k] for k in range(len(flow))),
            "tf.data, first pass": lambda: use_up(cold),
            "tf.data, cached, later passes": lambda: use_up(cached.repeat(PASSES)),
        }
        for warm_up in ways.values():
            warm_up()
        seconds = dict(zip(ways, median_seconds(*ways.values(), repeats=5), strict=True))
    seconds["tf.data, cached, later passes"] /= PASSES
    return {way: len(contents) / own for way, own in seconds.items()}


def training_rate(build, n=1_600):
    """Return how many images a second the lecture's network takes in when it trains on an array in memory."""
    rng = np.random.default_rng(0)
    X, y = rng.uniform(0, 255, (n, SIZE, SIZE, 1)).astype("float32"), rng.integers(0, 2, n)
    model = build(SIZE, n_steps=1_000)

    def epoch():
        model.fit(X, y, batch_size=BATCH, verbose=0)

    epoch()  # compiles
    return n / median_seconds(epoch)[0]
