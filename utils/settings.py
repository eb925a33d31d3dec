"""What a user's own settings would change in a lecture: where figures go, and how Keras lays out its arrays.

`claims.start` puts these right for its own process and says so; `utils.check` reports them. It also has a GPU
multiply float32 in full, has cells show numbers plainly, and withholds one of TensorFlow's warnings. And what
a user's console cannot show, `printable` replaces.
"""

from __future__ import annotations

import atexit
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

INLINE = "module://matplotlib_inline.backend_inline"
IN_NOTEBOOKS = ("module://", "inline", "ipympl", "nbagg", "notebook", "widget")
ASCII = str.maketrans({"✓": "+", "✗": "x", "→": "->"})
# A GPU would round the factors of a float32 product to 10 bits (TF32). On an H100 three lectures then found
# differences of 2e-3 where they state "below 1e-5". The second name is for JAX's own kernels.
FULL_FLOAT32 = {"NVIDIA_TF32_OVERRIDE": "0", "JAX_DEFAULT_MATMUL_PRECISION": "float32"}
KERAS = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}


def settle() -> Iterator[str]:
    """Put right what would lose a lecture's figures or change its networks, and yield a line on each.

    Only this process and those that it starts are affected. A script keeps the Matplotlib backend that
    MPLBACKEND names; in a notebook it must be one that draws there.
    """
    logging.getLogger("tensorflow").addFilter(_is_news)
    for name, value in FULL_FLOAT32.items():
        os.environ.setdefault(name, value)
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell:
        _show_numbers_plainly(shell)
    if hasattr(shell, "kernel") and (backend := lost_figures()):
        os.environ["MPLBACKEND"] = INLINE
        yield f"MPLBACKEND is {backend!r}, which draws nothing in a notebook: figures come inline instead"
    if other := other_keras():
        ours = {name: KERAS[name] for name in other}
        yield f"{keras_json()} sets {listed(other)}; this lecture sets {listed(ours)}"
        if keras := sys.modules.get("keras"):
            for name in other:
                getattr(keras.config, f"set_{name}")(KERAS[name])
        else:
            home = Path(tempfile.mkdtemp(prefix="course-keras-"))
            atexit.register(shutil.rmtree, home, ignore_errors=True)
            text = json.dumps(_read(keras_json()) | KERAS)
            (home / "keras.json").write_text(text, encoding="utf-8")
            os.environ["KERAS_HOME"] = str(home)


def _show_numbers_plainly(shell) -> None:
    """Let a cell's value read 0.0556695, and not np.float64(0.05566949024796486): six digits, and no type."""
    plain = shell.display_formatter.formatters["text/plain"]
    plain.float_precision = "%.6g"
    for name in ("bool", "uint8", "int32", "int64"):
        plain.for_type_by_name("numpy", name, lambda number, printer, cycle: printer.text(str(number)))
    for name in ("float32", "float64"):
        plain.for_type_by_name("numpy", name, lambda number, printer, cycle: printer.text(f"{number:.6g}"))


def _is_news(record: logging.LogRecord) -> bool:
    """Say whether TensorFlow tells more than that each of a lecture's many small networks is traced anew."""
    return "triggered tf.function retracing" not in record.getMessage()


def lost_figures() -> str | None:
    """Return the value of MPLBACKEND if a notebook's figures would be lost with it, else None."""
    backend = os.environ.get("MPLBACKEND", "")
    return backend if backend and not backend.lower().startswith(IN_NOTEBOOKS) else None


def other_keras() -> dict[str, object]:
    """Return what the user's keras.json sets otherwise than lectures need it: name -> value there."""
    config = _read(keras_json())
    return {name: config[name] for name in KERAS if config.get(name, KERAS[name]) != KERAS[name]}


def keras_json() -> Path:
    """Return where Keras looks for the user's settings. The file need not exist."""
    home = os.environ.get("KERAS_HOME")
    if home is None:
        user = os.path.expanduser("~")
        home = os.path.join(user if os.access(user, os.W_OK) else "/tmp", ".keras")  # as Keras does
    return Path(home).expanduser() / "keras.json"


def _read(path: Path) -> dict:
    """Return a JSON file's settings; none where it is missing or is none that Keras could read."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return config if isinstance(config, dict) else {}


def listed(settings: dict[str, object]) -> str:
    """Return settings in words: "floatx to float16, epsilon to 0.01"."""
    return ", ".join(f"{name} to {value}" for name, value in settings.items())


def printable(line: str) -> str:
    """Return the line with what the console cannot show replaced, such as the marks on Windows."""
    encoding = sys.stdout.encoding or "ascii"
    try:
        line.encode(encoding)
    except UnicodeEncodeError:
        line = line.translate(ASCII).encode(encoding, errors="replace").decode(encoding)
    return line
