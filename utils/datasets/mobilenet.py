"""MobileNet: a small network that was trained on the photographs of ImageNet."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np

from utils.datasets import store
from utils.datasets.catalogue import DataError
from utils.datasets.folders import Found

WIDTHS = (8, 16, 32, 32, 64, 64, *[128] * 6, 256, 256)  # maps after the first layer and after each block
N_CLASSES = 1_001  # the first one is "background"
# Each layer's kernel as Keras stores it. In a depthwise one, each map has one filter of its own.
KERNELS = {
    "conv_0": (3, 3, 3, WIDTHS[0]),
    **{
        name: shape
        for k, (c_in, c_out) in enumerate(pairwise(WIDTHS), 1)
        for name, shape in (
            (f"depthwise_{k}", (3, 3, c_in, 1)),
            (f"pointwise_{k}", (1, 1, c_in, c_out)),
        )
    },
    "logits": (WIDTHS[-1], N_CLASSES),
}


def load_mobilenet() -> dict[str, np.ndarray]:
    """Load the weights of MobileNet v1, a quarter as wide as published, for images of 128 by 128 pixels.

    Trained on ImageNet by its publisher, its batch normalisation folded into the weights, which were stored
    in 8 bits each. Inputs are RGB from −1 to 1, and each layer but the last is followed by min(max(x, 0), 6).

    Returns
    -------
    dict
        "conv_0/kernel" (3, 3, 3, 8) and "conv_0/bias" (8,); for each block k from 1 to 13
        "depthwise_k/kernel" (3, 3, c, 1) and "pointwise_k/kernel" (1, 1, c, c'), with their biases;
        "logits/kernel" (256, 1001) and "logits/bias" (1001,): all float32, in Keras's order of axes.
        "labels": the name of each class, (1001,), str. In the stand-in no weight is trained.

    Raises
    ------
    DataError
        If the files are broken, or missing while COURSE_DATA_POLICY is real.
    """
    return store.load("mobilenet", read=_read, stand_in=untrained, summarise=_summarise)


@store.checks("mobilenet")
def check(found: Found) -> None:
    """Raise DataError unless the files hold every layer in its shape and a name for every class."""
    _read(found)


def _summarise(arrays: dict[str, np.ndarray]) -> str:
    return f"{sum(array.size for name, array in arrays.items() if name != 'labels'):,} numbers"


def _read(found: Found) -> dict[str, np.ndarray]:
    weights, names = found.paths
    lines = names.read_text(encoding="utf-8", errors="replace").splitlines()
    labels = np.array([line.strip() for line in lines if line.strip()])
    if labels.shape != (N_CLASSES,):
        raise DataError(f"{names.name} names {len(labels):,} classes instead of {N_CLASSES:,}")
    return _layers(weights) | {"labels": labels}


def _layers(path: Path) -> dict[str, np.ndarray]:
    """Each layer's kernel and bias, from a file of TensorFlow Lite."""
    import tensorflow as tf

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tf.lite says that it will move to a package of its own
            interpreter = tf.lite.Interpreter(
                model_content=path.read_bytes(),
                experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
            )
        interpreter.allocate_tensors()
        tensors = {one["index"]: one for one in interpreter.get_tensor_details()}
        layers = [
            [_real(interpreter, tensors[index]) for index in one["inputs"][1:3]]
            for one in interpreter._get_ops_details()
            if one["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D")
        ]
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise DataError(f"{path.name} cannot be read: {error}") from None
    if len(layers) != len(KERNELS):
        raise DataError(f"{path.name} has {len(layers)} layers with weights instead of {len(KERNELS)}")
    arrays = {}
    for (name, shape), (kernel, bias) in zip(KERNELS.items(), layers, strict=True):
        # TensorFlow Lite: (filters, height, width, channels), or (1, height, width, channels) if depthwise.
        kernel = np.moveaxis(kernel, 0, -1)
        if kernel.size != np.prod(shape) or bias.shape != (_n_maps(name),):
            raise DataError(
                f"{path.name}: {name} has a kernel of {kernel.shape} and a bias of {bias.shape}, "
                "so this is not MobileNet v1 of a quarter's width"
            )
        arrays |= {f"{name}/kernel": kernel.reshape(shape), f"{name}/bias": bias}
    return arrays


def _n_maps(name: str) -> int:
    """How many maps a layer makes: one for each filter."""
    return KERNELS[name][2 if name.startswith("depthwise") else -1]


def _real(interpreter, tensor: dict) -> np.ndarray:
    """The numbers that a tensor of 8-bit or 32-bit whole numbers stands for: scale times (q − zero point)."""
    [scale], [zero] = (tensor["quantization_parameters"][key] for key in ("scales", "zero_points"))
    return (scale * (interpreter.get_tensor(tensor["index"]).astype(np.float64) - zero)).astype(np.float32)


def untrained() -> dict[str, np.ndarray]:
    """Weights in the shapes of the real ones that were never trained.

    The first layer looks for edges and spots, as trained ones do: six Gabor patches and two blobs, alike in
    three colours. All others are drawn from a normal distribution of variance 2 / (inputs of a unit), with
    biases of zero (K. He et al., Delving deep into rectifiers, ICCV 2015).

    Returns
    -------
    dict
        As `load_mobilenet`; the labels are "class 0" to "class 1000".
    """
    rng = np.random.default_rng(0)
    y, x = np.mgrid[-1:2, -1:2]
    bell = np.exp(-(x**2 + y**2) / 2)
    angles = np.arange(6) * np.pi / 6
    patches = [bell * np.sin(np.pi / 2 * (x * np.cos(a) + y * np.sin(a))) for a in angles]
    patches += [bell - bell.mean(), bell.mean() - bell]
    first = np.stack([patch / np.linalg.norm(patch) for patch in patches], axis=-1)
    arrays = {}
    for name, shape in KERNELS.items():
        n_inputs = 9 if name.startswith("depthwise") else np.prod(shape[:-1])
        kernel = rng.normal(0, np.sqrt(2 / n_inputs), shape)
        if name == "conv_0":
            kernel = np.repeat(first[:, :, None] / 3, 3, axis=2)
        bias = np.zeros(_n_maps(name), dtype=np.float32)
        arrays |= {f"{name}/kernel": kernel.astype(np.float32), f"{name}/bias": bias}
    return arrays | {"labels": np.array([f"class {k}" for k in range(N_CLASSES)])}
