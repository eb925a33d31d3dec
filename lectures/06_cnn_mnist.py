# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6 · CNN on MNIST: a network that knows its neighbours
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/06_cnn_mnist.ipynb)
#
# Lecture 5 shuffled every pixel, and a dense network lost nothing. That is no strength. It shows that the network never used
# what every eye uses: which pixels lie side by side. What does a network gain when it knows that neighbours matter? We build
# the layer that knows, the convolution, from a sum of three products up to a classifier of digits. Then we take its neighbours
# away and measure what that costs.
#
# **You will**
#
# - compute a convolution by hand, as a matrix, in NumPy and in Keras, with one channel and with three;
# - predict a convolutional layer's size, its weights, its multiplications, and how far it sees;
# - show which layers follow a shift, which ignore it, and which do neither;
# - train a convolutional network (CNN) on MNIST, and compare it fairly with a dense one;
# - measure when its knowledge helps, when it hurts, and what its filters have learned.
#
# **You need** dense layers and Keras (lectures 3 and 5), matrix products, NumPy.
# **It takes** 85 minutes to teach and under 60 seconds to run on 2 CPU cores.
#
# **Figures in bold** were measured. Where chance enters, they are means over many runs (ten seeds, mostly): your own run will differ a little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("06")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 A window that slides
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：$x=(1,2,1,4,1)$，窗口 $w=(1,4,1)$，三个位置各得多少？写成矩阵以后交换两行，还是卷积吗？
#
# 想利用邻居，就透过一个小窗口去看：窗口沿着信号滑动，每到一处，把看见的数乘上一组固定的权重，再加起来。
#
# 画成图，输入和输出之间只剩一部分连线，同一方向的连线共用一个权重。写成矩阵，每条对角线上的数都相同，其余是零：1,000 个输入、宽 3 的窗口，只有 **0.3** % 的元素不为零。上一讲的全连接层可以随意交换行；这里交换两行，对角线就不再是常数，所以卷积层**没有**置换不变性。
#
# 输出比输入短，从 $n$ 变成 $n-k+1$。语音转写要给每一刻一个答案，图像分割要给每个像素一个标签，这时先在两端补零，或者首尾相接（循环填充），长度就不变。
#
# 权重决定窗口看什么。给一条带噪声的轨迹用上逐渐衰减、只看过去的权重（因果滤波器），曲线约慢 **4** 步，噪声的标准差从 1 降到 **0.33**，理论值是 $1/3$。
#
# 数学上的卷积要先把 $w$ 翻转：$(x*w)_i=\sum_j w_j x_{i-j}$。不翻转的叫互相关，深度学习里说的“卷积”其实是它。权重反正是学出来的，翻不翻转，学到的只是同一组数的两种写法。翻转有什么好处，见 ★ 10。
#
# </details>
#
# To use neighbours, look through a small window. Slide it along the signal. At each place, multiply what the window shows by fixed
# weights, and add up. For $x = (1, 2, 1, 4, 1)$ and $w = (1, 4, 1)$ the window fits at three places. Write down the three sums before you run the cell.

# %% tags=["nbval-check-output"]
import numpy as np


def convolve1d(x, w):
    """Return the sum of w times each window of x, an array of shape (len(x) − len(w) + 1,)."""
    return np.array([x[i : i + len(w)] @ w for i in range(len(x) - len(w) + 1)])


x, w = np.array([1, 2, 1, 4, 1]), np.array([1, 4, 1])
convolve1d(x, w), np.correlate(x, w, mode="valid")

# %% [markdown]
# The first window shows $(1, 2, 1)$ and gives $1 + 8 + 1 = 10$, the second $2 + 4 + 4 = 10$, the third $1 + 16 + 1 = 18$. NumPy agrees. The same
# as a network with five inputs and three outputs:

# %% mystnb={"image": {"alt": "Two drawings of five inputs above three outputs. Left, a dense layer: fifteen grey edges, every input joined to every output. Right, a convolution: only nine edges. Each output is joined to the three inputs above it, by a solid, a dashed and a dotted edge; all edges of one style are parallel and carry one weight."}}
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()
circles = [(i, 1, number) for i, number in enumerate(x)]
circles += [(i + 1, 0, number) for i, number in enumerate(convolve1d(x, w))]
fig, axes = plt.subplots(1, 2, figsize=(10, 3.6))
for i in range(3):
    for j in range(5):
        axes[0].plot([j, i + 1], [1, 0], color="0.6", linestyle="-", linewidth=1.5, zorder=1)
    for j in range(3):
        label = f"$w_{j} = {w[j]}$" if i == 0 else None
        axes[1].plot([i + j, i + 1], [1, 0], f"C{j}", linestyle=["-", "--", ":"][j], label=label, zorder=1)
for ax, name in zip(axes, ("dense: 15 edges, 15 weights", "convolution: 9 edges, 3 weights")):
    for place, height, number in circles:
        ax.scatter(place, height, s=700, color="white", edgecolor="black", zorder=2)
        if height == 1 or ax is axes[1]:
            ax.text(place, height, number, ha="center", va="center")
    ax.set_title(name, fontsize=14, fontweight="normal")
    ax.set(xlim=(-0.5, 5.8), ylim=(-0.3, 1.3))
    ax.axis("off")
axes[1].legend(loc="center right")
fig.suptitle("Edges that point the same way share one weight", fontweight="bold")
plt.show()

# %% [markdown]
# In a dense layer each edge has a weight of its own. The convolution keeps nine edges, and those that point the same way share (*tie*) their
# weight. The layer is linear, so it is a matrix as well; as in lecture 5, a row belongs to an input, and the layer computes `x @ W`.


# %% tags=["nbval-check-output"]
def convolution_matrix(w, n):
    """Return W of shape (n, n − len(w) + 1) with x @ W = convolve1d(x, w)."""
    n_outputs = n - len(w) + 1
    return np.stack([np.pad(w, (i, n_outputs - 1 - i)) for i in range(n_outputs)], axis=1)


W = convolution_matrix(w, 5)
print(W)
x @ W

# %% [markdown]
# The diagonals are constant, and all else is zero. In lecture 5 two inputs changed places, and two rows of the matrix with them. Vote: is $W$ with two rows swapped still a convolution?


# %% tags=["nbval-check-output"]
def constant_diagonals(W):
    """Tell whether each diagonal of W holds one number only, as in every convolution's matrix."""
    return all(np.ptp(W.diagonal(k)) == 0 for k in range(1 - len(W), W.shape[1]))


constant_diagonals(W), constant_diagonals(W[[1, 0, 2, 3, 4]])

# %% [markdown]
# No. Lecture 5's trick leads out of this hypothesis space: a convolutional layer is **not** permutation invariant. In exchange it is thrifty. For 1,000 inputs:

# %% tags=["nbval-check-output"]
W = convolution_matrix(w, 1_000)
claims.exact("entries that are not zero", 100 * np.mean(W != 0), "0.3 %")

# %% [markdown]
# Only **0.3 %** of the matrix is not zero, and that is three different numbers.
#
# A window of $k$ fits into $n$ numbers at $n - k + 1$ places. Some tasks need an answer for *every* input: a letter for each moment of a recording, a label for
# each pixel. Then we *pad* the ends first, with zeros, or in a circle (*circular padding*), as if the beginning followed the end:

# %% tags=["nbval-check-output"]
convolve1d(np.pad(x, 1), w), convolve1d(np.pad(x, 1, mode="wrap"), w)

# %% [markdown]
# **What the weights decide.** Here is a runner's position, measured with noise. Our filter looks at the past only (it is *causal*), and trusts old measurements less: $w_j \propto 0.8^j$ for the one $j$ steps ago.

# %%
rng = np.random.default_rng(SEED)
time = np.arange(300)
track = 8 * np.sin(time / 40)
noisy = track + rng.normal(size=300)  # each measurement is off by about a metre

# %%
decay = 0.8 ** np.arange(30)
decay /= decay.sum()  # so that a constant track passes unchanged
smooth = convolve1d(noisy, decay[::-1])  # the window's last entry is the present

# %% mystnb={"image": {"alt": "Position against time. Grey dots, the noisy measurements, scatter around a dashed sine curve, the true track. A solid smooth line runs through them and follows the dashed one a few steps late; an arrow points to the gap between the two: some 4 steps late."}}
plt.plot(time, noisy, ".", color="0.6", markersize=5, label="measured")
plt.plot(time, track, color="C1", linestyle="--", label="true")
plt.plot(time[29:], smooth, color="C0", linestyle="-", label="smoothed")
arrow = dict(arrowstyle="->", linewidth=2)
plt.annotate("some 4 steps late", (128, 0.2), xytext=(150, 3), arrowprops=arrow)
plt.legend(loc="lower left")
plotting.show("Smoothing takes away noise and adds a delay", "time (steps)", "position (m)")

# %% [markdown]
# On average the filter looks back by $\sum_j j\, w_j = 0.8/0.2$ steps. On a track that bends slowly it is late by about as much. Independent noise adds up in squares, so its standard deviation shrinks to
# $\sqrt{\sum_j w_j^2} = \sqrt{(1 - 0.8)/(1 + 0.8)} = 1/3$. Measured on noise alone:

# %% tags=["nbval-check-output"]
claims.exact("delay of the filter", np.arange(30) @ decay, "4 steps")
# Theory: 0.333. The output is correlated over some 5 steps, so 50,000 of them give it to ± 0.0022 (1 sd).
left = np.convolve(rng.normal(size=50_000), decay, mode="valid").std()
claims.check("noise left after smoothing", left, "0.33", band=(0.322, 0.345))

# %% [markdown]
# The price is a delay of **4 steps**; **0.33** of the noise is left.
#
# Note the reversed `[::-1]`. In mathematics, and in `np.convolve`, a convolution *flips* the weights by itself:
#
# $$(x * w)_i = \sum_j w_j\, x_{i-j} \qquad\text{against the cross-correlation}\qquad (x \star w)_i = \sum_j w_j\, x_{i+j}.$$
#
# Our `convolve1d` is the *cross-correlation*. Deep learning leaves the flip out and still says "convolution". So do we: training finds flipped weights as easily. (★ 10 shows what the flip buys.)

# %% [markdown] tags=["instructor"]
# 10 minutes. State the noise's 1/3 and leave its formula for home. Let the class compute (10, 10, 18) before the cell runs. Likely question: "is the flip a bug in Keras?" No, a
# convention; it matters when you carry weights to a signal-processing library. Common confusion: padding *adds* places, it never changes the weights.

# %% [markdown]
# ## 2 Two dimensions, three channels
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：3×4 的图里放得下几个 2×2 的窗口？彩色图配两个 3×3 的滤波器，滤波器和结果各是什么形状？3 个通道、8 个 5×5 的滤波器，不算偏置，有多少个权重？
#
# 图像上的窗口是一小块，求和要跑两个下标：$(x\star w)_{ij}=\sum_k\sum_l w_{kl}\,x_{i+k,\,j+l}$。3×4 的图配 2×2 的窗口，有 2×3 个位置。
#
# 彩色图有红、绿、蓝三个通道，摞成一个三维的张量。滤波器的深度跟着变成三层：每一层和对应的通道做二维卷积，三张结果**相加**，得到一张特征图。也可以说，是拿一个 3×3×3 的小长方体去对图像上同样大的一块，27 个数做点积。有几个滤波器，就叠起几张特征图。我们自己算的和 Keras 的 `Conv2D` 相差 **0**。
#
# 通道放在哪里，各家约定不同：Keras 放在最后，PyTorch 放在高和宽的前面。抄别人的权重之前，先看清形状。
#
# 每个方向上有 $\lfloor (n+2p-k)/s\rfloor+1$ 个位置：$p$ 是每边的填充，$s$ 是步幅，也就是每次跳几格。四种情形里和 Keras 不一致的有 **0** 种。要想大小不变，须有 $2p=k-1$，所以窗口（也叫卷积核）的边长多取奇数，而且有一个明确的中心。
#
# 最后一问：5·5·3·8，共 **600** 个，和图像多大没有关系。1×1 的卷积听上去没用，其实是在每个像素上把通道重新混合，相当于逐像素的全连接层。
#
# </details>
#
# On an image the window is a patch, and the sum runs over two indices:
#
# $$(x \star w)_{ij} = \sum_k \sum_l w_{kl}\, x_{i+k,\,j+l}.$$
#
# A 2×2 window fits into a 3×4 image at how many places? NumPy can show us all patches at once.


# %%
def convolve2d(x, w):
    """Return the sum of w times each patch of the image x, both of two dimensions."""
    patches = np.lib.stride_tricks.sliding_window_view(x, w.shape)
    return np.einsum("ijkl,kl->ij", patches, w)


# %% tags=["nbval-check-output"]
x = np.array([[1, 2, 1, 0], [0, 1, 3, 1], [2, 0, 1, 2]])
w = np.array([[1, 2], [0, 1]])
convolve2d(x, w)

# %% [markdown]
# At 2×3 places; the first gives $1 \cdot 1 + 2 \cdot 2 + 0 \cdot 0 + 1 \cdot 1 = 6$.
#
# **Colour.** A colour picture has three *channels*, red, green and blue: a *tensor* of height × width × 3. Then a *filter* is three layers deep as well. Here are a
# picture of 6×6 pixels and two filters of 3×3. What shape has each filter, and what shape the answer?

# %%
picture = rng.integers(0, 4, size=(6, 6, 3))  # height, width, channels
filters = rng.integers(-1, 2, size=(3, 3, 3, 2))  # height, width, channels, filters


def parts(picture, filters, f):
    """Return what each channel contributes to feature map f, and their sum: four pictures."""
    channels = [convolve2d(picture[:, :, c], filters[:, :, c, f]) for c in range(picture.shape[2])]
    return [*channels, sum(channels)]


# %% mystnb={"image": {"alt": "Three rows of small number pictures. First row: the red, green and blue channel of a picture, 6 by 6 numbers each, and the 3 by 3 weights that filter 1 has for red. Second row: three pictures of 4 by 4 numbers, what filter 1 makes of each channel, with plus signs between them, an equals sign, and their sum, feature map 1. Third row: the same for filter 2."}}
rows = [
    [*np.moveaxis(picture, 2, 0), filters[:, :, 0, 0]],
    parts(picture, filters, 0),
    parts(picture, filters, 1),
]
added = ["from red  +", "from green  +", "from blue  ="]
names = [
    ["red", "green", "blue", "filter 1, red layer"],
    [*added, "feature map 1"],
    [*added, "feature map 2"],
]
fig, axes = plt.subplots(3, 4, figsize=(10, 8.4))
for row in range(3):
    for ax, image, name in zip(axes[row], rows[row], names[row]):
        ax.set_title(name, fontsize=14, fontweight="bold" if "map" in name else "normal")
        ax.imshow(image, cmap="gray", vmin=-40, vmax=16, alpha=0.5 if "map" in name else 0.35)
        for (i, j), number in np.ndenumerate(image):
            ax.text(j, i, number, ha="center", va="center", fontsize=12)
        ax.axis("off")
fig.suptitle("A filter answers each channel, and the answers are added", fontweight="bold")
plt.show()

# %% [markdown]
# Each filter is a cuboid of 3×3×3 weights. Channel by channel we convolve as before, then **add** the three answers: one **feature map** for
# each filter, so the answer has the shape 4×4×2. Seen in one step: lay the cuboid on a patch of 3×3×3 numbers, and take the dot product of 27 numbers with 27.


# %% tags=["nbval-check-output"]
def convolve(picture, filters):
    """Return the feature maps (rows, columns, f) of a picture (height, width, c) under filters (k, k, c, f)."""
    patches = np.lib.stride_tricks.sliding_window_view(picture, filters.shape[:2], axis=(0, 1))
    return np.einsum("ijckl,klcf->ijf", patches, filters)


maps = convolve(picture, filters)
picture.shape, filters.shape, maps.shape, np.array_equal(maps[:, :, 1], parts(picture, filters, 1)[-1])

# %% [markdown]
# Now by Keras, which prints what will do the computing. It wants a batch axis in front: `picture[None]`.

# %%
import keras

keras.utils.set_random_seed(SEED)
print(f"Keras on {keras.backend.backend()}, {keras.distribution.list_devices()[0]}")

# %%
layer = keras.layers.Conv2D(2, 3, use_bias=False)
layer.build((None, 6, 6, 3))
layer.set_weights([filters])  # ours, in the place of Keras's random ones
by_keras = keras.ops.convert_to_numpy(layer(picture[None].astype("float32")))[0]

# %% tags=["nbval-check-output"]
# Small whole numbers: exact on a CPU. A GPU may take a road that rounds.
claims.check("by hand against Keras", np.abs(maps - by_keras).max(), "0", band=(0, 1e-3))

# %% [markdown]
# Ours and Keras's differ by **0**. If you know PyTorch, mind the order of the axes:
#
# | | pictures | weights |
# | --- | --- | --- |
# | Keras | n × height × width × channels | height × width × channels × filters |
# | PyTorch | n × channels × height × width | filters × channels × height × width |
#
# **How many places?** Pad by $p$ on both sides, and jump by a *stride* of $s$ pixels. What does not fit at the end is left out:


# %% tags=["nbval-check-output"]
def output_size(n, k, p=0, s=1):
    """Return how many places a window of k has on n numbers, with padding p on both sides and stride s."""
    return (n + 2 * p - k) // s + 1


cases = [(28, 3, 0, 1), (28, 3, 1, 1), (28, 2, 0, 2), (28, 3, 1, 2)]
disagree = 0
for n, k, p, s in cases:
    layer = keras.layers.Conv2D(1, k, strides=s, padding="same" if p else "valid")
    shape = layer.compute_output_shape((1, n, n, 1))
    disagree += shape[1] != output_size(n, k, p, s)
claims.exact("sizes on which Keras disagrees", disagree, "0")
[output_size(*case) for case in cases]

# %% [markdown]
# Keras disagrees on **0** of the four. To keep the size at stride 1 we need $2p = k - 1$ (`padding="same"`). For an even $k$ that is half a pixel on each side; this is why *kernels* (the window's weights) are mostly
# odd. They also have a centre.
#
# Vote: 8 filters of 5×5 on a picture with 3 channels. How many weights, without biases?

# %% tags=["nbval-check-output"]
layer = keras.layers.Conv2D(8, 5, use_bias=False)
layer.build((None, 32, 32, 3))
claims.exact("weights of 8 filters, 5 × 5, on 3 channels", layer.count_params(), "600")

# %% [markdown]
# $5 \cdot 5 \cdot 3 \cdot 8 =$ **600**, however large the picture, and 8 more with a bias for each filter. Even a 1×1 window makes sense: it mixes the channels of one pixel, a dense
# layer applied at each pixel.

# %% [markdown] tags=["instructor"]
# 11 minutes. The table of PyTorch's axes and the 1×1 window are for home. Let the class say both shapes before the picture of numbers appears. The usual wrong vote on the last question is 200: it forgets that a filter is as deep as its input.

# %% [markdown]
# ## 3 Filters are features
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：照片的哪些部分会让竖直边缘的滤波器有反应，哪些不会？
#
# 在让机器去学滤波器之前，人们自己动手设计。拿一张真实的照片：先用 1×1 的“卷积”把三个颜色通道混成灰度；高斯滤波器把每个像素换成周围的加权平均，近的权重大，画面变模糊，模糊多少由宽度 $\sigma$ 决定（这里是 2 个像素）；左右相减的滤波器只在竖直的边缘上有反应；Sobel 用横竖两个滤波器，合成边缘的强度，画出所有的轮廓。
#
# 高斯滤波器的权重之和是 1，平坦处原样通过；边缘滤波器的权重之和是 0，平坦处的回答是零。每个滤波器回答一个局部的问题：“这里有没有某种图样？”卷积网络要做的，就是自己去找该问哪些问题。
#
# </details>
#
# Before filters were learned, people designed them. Take a photograph, and let a 1×1 window mix its three colours to grey.

# %%
from sklearn.datasets import load_sample_image

photo = load_sample_image("china.jpg")[60:360:2, 120:620:2] / 255
grey = photo @ [0.299, 0.587, 0.114]
photo.shape, grey.shape

# %% [markdown]
# Three classics. The Gaussian averages, near pixels first; its width σ (here 2 pixels) sets how much is blurred. The edge filter subtracts right from left. Sobel's pair, one filter for each direction, smooths along the edge as well.

# %% tags=["nbval-check-output"]
bell = np.exp(-(np.arange(-4, 5) ** 2) / (2 * 2**2))
gaussian = np.outer(bell, bell) / bell.sum() ** 2
vertical = np.array([[1, 0, -1]] * 3)
sobel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
[float(kernel.sum().round(12)) for kernel in (gaussian, vertical, sobel)]

# %% [markdown]
# The Gaussian's weights add up to 1, so a flat patch passes unchanged. The others' add up to 0: a flat patch gives nothing. Which parts of the photograph will answer the edge filter, and which will not?

# %% mystnb={"image": {"alt": "Four grey pictures of a Chinese pavilion by a lake: the photograph, a blurred copy, the answer of the vertical edge filter, in which upright posts stand out light and dark, and Sobel's edge strength, which draws all outlines."}}
padded = np.pad(grey, 1, mode="edge")
edges = np.hypot(convolve2d(padded, sobel), convolve2d(padded, sobel.T))
pictures = {
    "photograph": grey,
    "Gaussian: average": convolve2d(np.pad(grey, 4, mode="edge"), gaussian),
    "left minus right: vertical edges": convolve2d(padded, vertical),
    "Sobel: strength of an edge": -edges,
}
fig, axes = plt.subplots(2, 2, figsize=(10, 7.2))
for ax, (name, image) in zip(axes.flat, pictures.items()):
    ax.imshow(image, cmap="gray")
    ax.set_title(name, fontsize=14, fontweight="normal")
    ax.axis("off")
fig.suptitle("Each filter asks one question everywhere", fontweight="bold")
plt.show()

# %% [markdown]
# Upright posts answer the edge filter: light where the left side of an edge is brighter, dark where the right side is. Level roof lines hardly answer. Sobel's strength drops the sign and draws every
# outline. The sky answers neither. People chose these questions; a CNN will choose its own.

# %% [markdown] tags=["instructor"]
# 5 minutes. Ask before the picture: what would a filter with ones on a diagonal find? Common confusion: "the edge filter makes edges white". It is signed; grey means zero.

# %% [markdown]
# ## 4 Pooling: was it here, somewhere?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：下图左边的 4×4，每个 2×2 的块取最大，得到什么？取平均呢？
#
# 卷积层问“这里有没有”，**最大池化**把相邻几个回答合成一个，只留最强的。
#
# 像一排并联的探测器：只要有一个响了，就算响了，具体是哪一个不再追究。块里的数随便怎么换位置，最大值都不变，这叫局部不变性。可是图样一旦跨过块的边界，结果就可能变，所以只是“往往”不变。平均池化也是同样的做法，只是弱的回答也算数。
#
# 池化层的参数是 **0** 个，图的边长减半，后面的层因此便宜，也看得更远；除不尽时，Keras 丢掉多余的一行一列。卷积、ReLU、池化合起来常叫一个卷积块。另一种缩小的办法是步幅为 2 的卷积：缩小的方式可以学，代价是多一些权重。
#
# </details>
#
# A feature map says *how strongly* a pattern is here, and *where*. For a digit, "roughly where" will do. **Max pooling** cuts the map into blocks and keeps each block's strongest answer; **average pooling** keeps the
# mean. Compute both for the 4×4 picture below, in blocks of 2×2.

# %%
digits = np.array([[3, 1, 4, 1], [5, 9, 2, 6], [5, 3, 5, 8], [9, 7, 9, 3]])
batch = digits[None, :, :, None].astype("float32")  # one picture, one channel
pooled = {"4 × 4 answers": digits}
for name, pool in (
    ("max pooling", keras.layers.MaxPooling2D(2)),
    ("average pooling", keras.layers.AveragePooling2D(2)),
):
    pooled[name] = keras.ops.convert_to_numpy(pool(batch))[0, :, :, 0]

# %% mystnb={"image": {"alt": "Left, a square of 4 by 4 numbers, divided by thick lines into four blocks of 2 by 2. Middle, max pooling: 9 and 6 above 9 and 9, each the largest of its block. Right, average pooling: 4.5 and 3.25 above 6 and 6.25."}}
fig, axes = plt.subplots(1, 3, figsize=(10, 4.3))
for ax, (name, image) in zip(axes, pooled.items()):
    ax.imshow(image, cmap="Blues", vmin=0, vmax=16)
    for (i, j), number in np.ndenumerate(image):
        ax.text(j, i, f"{number:g}", ha="center", va="center", fontsize=18)
    block = len(image) // 2
    ax.axvline(block - 0.5, color="black")
    ax.axhline(block - 0.5, color="black", linestyle="-")
    ax.set_title(name, fontsize=14, fontweight="normal")
    ax.set(xticks=[], yticks=[])
fig.suptitle("Pooling leaves one number for each block", fontweight="bold")
plt.show()

# %% [markdown]
# Read the maximum as a question: is there a stroke of this kind *somewhere* in the block? Any permutation inside a block leaves the answer as it was. A small move of
# the whole signal is another matter. In one dimension:


# %% tags=["nbval-check-output"]
def max_pool(x, k=2):
    """Return the largest of each k numbers in a row; len(x) must be a multiple of k."""
    return x.reshape(-1, k).max(axis=1)


x = np.array([3, 1, 4, 1, 5, 9])
max_pool(x), max_pool(np.array([1, 3, 1, 4, 9, 5])), max_pool(np.roll(x, 1))

# %% [markdown]
# Swapped inside their blocks, the numbers give the same answer. Moved by one place in a circle, they do not. That is *local* invariance: often, not always.

# %% tags=["nbval-check-output"]
claims.exact("parameters of a pooling layer", keras.layers.MaxPooling2D().count_params(), "0")

# %% [markdown]
# Pooling has **0** parameters, halves both sides (Keras drops a row or column that does not fill a block), and so quarters the work of what follows. Convolution, ReLU and pooling in a row are a *convolutional
# block*. A convolution with stride 2 also shrinks the map: it learns *how*, for the price of its weights. Lecture 7 uses it.

# %% [markdown] tags=["instructor"]
# 5 minutes. The numbers are π's. Likely question: "max or average?" The maximum asks whether a pattern occurs, the average how much of it there is; for sparse maps the average drowns a single strong answer.

# %% [markdown]
# ## 5 What sharing saves, and how far it sees
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：同样把 28×28 的图变成 64 张 28×28 的特征图，全连接层要多少参数？3×3 的卷积层呢？猜个数量级。
#
# 前者是 **39,388,160** 个，后者只有 (3·3·1+1)·64 = **640** 个。参数少六万倍，乘法却只少 **87** 倍，因为同一个权重在每个位置都要用一次。卷积主要省参数，计算量省得少得多。
#
# 窗口小，靠叠看到全局。第 $l$ 层的一个输出能看到的输入宽度叫**感受野**：$r_l=r_{l-1}+(k_l-1)j_{l-1}$，$j_l=j_{l-1}s_l$。卷积 3、池化 2、卷积 3，依次是 3、4、8。顺着连线从一个输出往回数，也恰好是 **8** 个输入。每次池化让间隔 $j$ 加倍。
#
# </details>
#
# Turn one 28×28 picture into 64 maps of the same size. How many parameters does a dense layer need for that, and how many a convolution of 3×3? Guess both orders of magnitude.

# %% tags=["nbval-check-output"]
dense = keras.layers.Dense(28 * 28 * 64)
dense.build((None, 28 * 28))
convolution = keras.layers.Conv2D(64, 3, padding="same")
convolution.build((None, 28, 28, 1))
claims.exact("parameters, dense", dense.count_params(), "39,388,160")
claims.exact("parameters, convolution", convolution.count_params(), "640")

# %% [markdown]
# **39,388,160** against $(3 \cdot 3 \cdot 1 + 1) \cdot 64 =$ **640**. The multiplications are another matter. A dense weight is used once, a shared weight at every place:


# %% tags=["nbval-check-output"]
def multiplications(n, k, c_in, c_out):
    """Return the multiplications of a convolution, for c_out maps of n × n places, with windows k × k × c_in."""
    return n * n * c_out * k * k * c_in


ratio = (28 * 28) * (28 * 28 * 64) / multiplications(28, 3, 1, 64)
claims.exact("multiplications, dense over convolution", ratio, "87 times")
multiplications(28, 3, 1, 64)

# %% [markdown]
# Sixty thousand times fewer parameters, but only **87 times** fewer multiplications.
#
# **How far it sees.** A window of three sees three pixels. To see a digit, *stack* layers, and follow the edges backwards from one output:


# %%
def reached_by(output, layers):
    """Return, from the last layer to the input, the places that reach an output; layers are pairs (k, s)."""
    places = [[output]]
    for k, s in reversed(layers):
        places.append(sorted({s * i + j for i in places[-1] for j in range(k)}))
    return places


layers = [(3, 1), (2, 2), (3, 1)]  # convolution 3, pooling 2, convolution 3
cone = reached_by(1, layers)
cone

# %% mystnb={"image": {"alt": "Four rows of circles, from top to bottom: 12 inputs, 10 outputs of a convolution of three, 5 outputs of a pooling of two, 3 outputs of a second convolution. The middle circle of the last row is filled, and so is everything it depends on: 3, then 6, then 8 circles, joined by edges that widen upwards like a cone."}}
names = ["8 inputs of 12", "6 after convolution 3", "3 after pooling 2", "1 after convolution 3"]
sizes, jumps = [12, 10, 5, 3], [1, 1, 2, 2]
centres = [0, 1, 1.5, 3.5]  # where each row's first window is centred above the inputs
plt.figure(figsize=(10, 4.6))
for row, (size, jump, start) in enumerate(zip(sizes, jumps, centres)):
    filled = cone[::-1][row]
    colours = ["C0" if i in filled else "white" for i in range(size)]
    plt.scatter(start + jump * np.arange(size), [-row] * size, s=330, c=colours, edgecolor="black", zorder=2)
    plt.text(12, -row, names[row], va="center")
    if row:
        k, s = layers[row - 1]
        for i in filled:
            for j in range(s * i, s * i + k):
                above = centres[row - 1] + jumps[row - 1] * j
                plt.plot(
                    [start + jump * i, above],
                    [-row, 1 - row],
                    color="C0",
                    linestyle="-",
                    linewidth=1.5,
                    zorder=1,
                )
plt.xlim(-0.6, 16.5)
plt.axis("off")
plt.title("Three small layers: one output sees eight inputs")
plt.show()

# %% [markdown]
# The **receptive field** $r$ is the width of input that one output sees; the jump $j$ is the distance, at the input, between two neighbouring outputs. A window of $k$ adds $k - 1$ jumps, and a stride multiplies the jump:
#
# $$r_l = r_{l-1} + (k_l - 1)\, j_{l-1}, \qquad j_l = j_{l-1}\, s_l, \qquad r_0 = j_0 = 1.$$


# %% tags=["nbval-check-output"]
def receptive_fields(layers):
    """Return the receptive field after each layer, given as pairs of a kernel size and a stride."""
    r, j, fields = 1, 1, []
    for k, s in layers:
        r, j = r + (k - 1) * j, j * s
        fields.append(r)
    return fields


claims.exact("inputs that reach one output", len(cone[-1]), "8")
receptive_fields(layers)

# %% [markdown]
# **8**, as drawn and as the formula says. Each pooling doubles the jump, so a few more blocks see a whole digit.

# %% [markdown] tags=["instructor"]
# 6 minutes. Likely question: "does pooling not save the parameters?" It saves none inside a convolution, whose weights do not depend on the picture's size. It saves them behind `Flatten`: without the two poolings of section 7 the last layer would have
# 1,003,530 parameters in place of 62,730.

# %% [markdown]
# ## 6 Equivariant, invariant, neither
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：下面有几组数，左边是先移动再计算，右边是先计算再移动。循环卷积的两边一样吗？补零的卷积呢？步幅为 2 的池化，移动两格呢，一格呢？
#
# 设 $g$ 是对输入的一种变换，比如平移。$f(gx)=g\,f(x)$ 叫**等变**：输入怎么动，输出跟着怎么动。$f(gx)=f(x)$ 叫**不变**：输入动，输出不动。ReLU 对正数缩放等变，求和对平移不变，范数对旋转不变。
#
# 量一量：循环卷积两边一样，相差不到 **1e-12**；补零的卷积内部相差 **0**，边界上却不等变，例子里最多差 **12**；步幅为 2 的池化，移动偶数步时等变，差 **0**，移动奇数步则不行，例子里移动一步，最多差 **4**。
#
# 等变的 $f$ 后面接一个不变的 $F$，整体就不变，证明只有一行：$F(f(gx))=F(g\,f(x))=F(f(x))$。循环卷积、ReLU、全局平均池化连起来，移动输入，输出的变化不到 **1e-12**。
#
# 这就是**先验**，写在结构里的信念。其实有两条：要紧的东西是**局部**的，所以小窗口就够；它在哪儿都一样，所以权重可以共享。设 $f^*$ 是真正的答案。足够宽的全连接网络，假设空间 $H$ 很大，卷积网络的 $H'\subset H$ 小得多；只要 $f^*$ 在 $H'$ 里，或者离它很近，在小得多的 $H'$ 里找就损失不大，同样多的数据应该更够用。
#
# 卷积只相信平移：图像转了，结果并不跟着转。对付旋转和缩放，要么做数据增强，要么用可转向（steerable）CNN。
#
# </details>
#
# Why share weights at all? Because a stroke is a stroke wherever it stands. Two words make that precise. Let $g$ move the input. Then
#
# $$\begin{aligned} f(g\,x) &= g\,f(x) &&\text{(equivariant: the answer moves along)}, \\ f(g\,x) &= f(x) &&\text{(invariant: it stays)}. \end{aligned}$$
#
# ReLU is equivariant to scaling by a positive number, a sum is invariant to any shift, a norm to any rotation. Now a shift: take eight numbers in a circle. In each line, left is the answer to the moved signal, right the moved answer. Which lines will agree?

# %% tags=["nbval-check-output"]
x = np.array([3, 1, 4, 1, 5, 9, 2, 6])


def circular(x, w=(1, 4, 2)):
    """Return the convolution of a ring of numbers with three weights."""
    return convolve1d(np.pad(x, 1, mode="wrap"), w)


def zero_padded(x, w=(1, 4, 2)):
    """Return the convolution of a row of numbers with three weights, zeros at both ends."""
    return convolve1d(np.pad(x, 1), w)


print(circular(np.roll(x, 1)), np.roll(circular(x), 1))
print(zero_padded(np.roll(x, 1)), np.roll(zero_padded(x), 1))

# %% [markdown]
# With circular padding they are the same. With zeros they differ at the two ends only. And pooling with stride 2? Behind it the signal is half as long, so a move by two becomes a move by one. Will a move by two agree? By one?

# %% tags=["nbval-check-output"]
print(max_pool(np.roll(x, 2)), np.roll(max_pool(x), 1))
print(max_pool(np.roll(x, 1)), max_pool(x), np.roll(max_pool(x), 1))

# %% [markdown]
# By two, yes. By one, the answer is neither the old one nor the old one moved. One example proves nothing, so take a random signal and the largest difference.


# %%
def defect(f, x, move):
    """Return |f(g x) − g f(x)| at each place, where g moves by `move` places in a circle.

    Behind a stride the answer is shorter, and moves by so much less: by `move` divided by the stride.
    """
    stride = len(x) // len(f(x))
    return np.abs(f(np.roll(x, move)) - np.roll(f(x), move // stride))


example, x = x, rng.normal(size=32)
of_pooling = [defect(max_pool, x, move).max() for move in (1, 2, 3, 4)]
np.round(of_pooling, 2)

# %% tags=["nbval-check-output"]
claims.check("circular convolution, defect", defect(circular, x, 1).max(), "1e-12", band=(None, 1e-12))
inside = defect(zero_padded, x, 1)[2:-2].max()
claims.check("zero padding, defect away from the border", inside, "0", band=(0, 1e-12))
claims.exact("zero padding, defect at the border, example", defect(zero_padded, example, 1).max(), "12")
claims.check("pooling, defect after an even move", max(of_pooling[1::2]), "0", band=(0, 0))
claims.exact("pooling, defect after a move by 1, example", defect(max_pool, example, 1).max(), "4")

# %% [markdown]
# The circular convolution follows to within **1e-12**, which is rounding. With zero padding the defect is **0** inside; *at the border* it is not: in the example above, up to **12**. Pooling with stride 2 follows even moves, with a defect of **0**, but not odd ones: in the example, up to **4** after a move by one.
#
# Equivariant layers in a row are equivariant: each passes the move on. And an invariant $F$ behind an equivariant $f$ makes everything invariant. The proof is one line:
#
# $$F(f(g\,x)) = F(g\,f(x)) = F(f(x)).$$
#
# For $F$ take *global average pooling*, the mean over all places:


# %% tags=["nbval-check-output"]
def network(x, convolution=circular):
    """Return convolution, ReLU and global average pooling of x: one number."""
    return np.maximum(convolution(x), 0).mean()


change = max(abs(network(np.roll(x, move)) - network(x)) for move in range(32))
claims.check("network, change after any move", change, "1e-12", band=(None, 1e-12))

# %% [markdown]
# Below **1e-12** for every move.
#
# This is a **prior**, a belief put into the architecture. In fact there are two. What matters is *local*, so a small window will do. And it is the same *everywhere*, so weights may be shared. Let $f^*$ be the true answer (the "oracle"), $H$ the dense networks (wide enough to do what any convolution does), and $H' \subset H$ those with convolutions. If $f^*$ lies in $H'$, or close to it, we lose little by searching the much smaller $H'$, and the same data should go further.
#
# Convolutions believe in shifts alone. If the picture turns, the answer does not turn along. For rotations and sizes we train on turned and zoomed copies (*data augmentation*), or build the symmetry in, as *steerable* CNNs do.

# %% [markdown] tags=["instructor"]
# 10 minutes. Act it out: a student walks along the board, the shadow follows (equivariant), the student's name stays (invariant). Likely question: "is max pooling invariant?" To
# small moves, often; to all moves, only if it is global. Common confusion: equivariance is a property of the layer *before* training; no data is needed.

# %% [markdown]
# ## 7 The network
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：两个卷积块，再接一个全连接层，每一层输出的形状是什么？各有多少参数？
#
# 特征图从 28×28×64、14×14×64、14×14×128 到 7×7×128：图越来越小，通道越来越多，用分辨率换抽象。通常的说法是：十几二十种边缘，拼得出几百种形状，所以越深的层通道越多（我们没有检验）；而认出一个物体，不需要那么细的位置。最后的 7·7·128 个数各看过 10×10 的一小块，说的是“找到了什么，大概在哪儿”，交给全连接层正合适，因为画面已经所剩无几。全部参数 **137,226** 个，约为上一讲全连接网络的一半。全连接层前面有 dropout：训练的每一步，随机关掉它四分之一的输入。
#
# 为了省时间，我们只用四分之一的训练数字，每个只看一遍：测试准确率 **98.0** %（讲义：**99.3** %）。上一讲的全连接网络把全部数字看了八遍（第 5 讲：98.4 %）。省时间的代价大约是一个百分点：同一个 CNN 把六万个数字看两遍，可到 99.1 % 至 99.2 %（见 `benchmarks/README.md` 的 `cnn_training`），要看的数字是这里的八倍。更多的数字能带来什么，见 ★ 11。
#
# </details>
#
# Time to build: two convolutional blocks, then one dense layer for ten answers. `Lambda` divides by 255 inside the model, as in lecture 5; `Reshape` adds the channel axis. Dropout silences a random
# quarter of the dense layer's inputs at each step of training, so that it does not lean on a few of them.


# %%
def cnn_layers(first, second):
    """Return the layers of a CNN with so many filters in its two convolutions: images of shape (n, 28, 28) in."""
    return [
        keras.layers.Lambda(lambda x: x / 255),
        keras.layers.Reshape((28, 28, 1)),
        keras.layers.Conv2D(first, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(second, 3, padding="same", activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dropout(0.25),
        keras.layers.Dense(10, activation="softmax"),
    ]


# %% [markdown]
# Adam takes the steps, and the rate ε falls to zero along half a cosine, as in lecture 5, here from 0.003.


# %%
def build(layers, n_steps, rate=3e-3):
    """Return an untrained network of these layers; its learning rate falls to zero over so many steps."""
    model = keras.Sequential([keras.Input((28, 28)), *layers])
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, n_steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=10,  # hand over 10 batches at a time: the same steps, less overhead
    )
    return model


# %% [markdown]
# Predict each shape and each number of parameters before you run this.

# %% tags=["nbval-check-output"]
cnn = build(cnn_layers(64, 128), n_steps=1)
for layer in cnn.layers:
    print(f"{type(layer).__name__:13} {layer.output.shape[1:]!s:14} {layer.count_params():7,}")
claims.exact("parameters of the CNN", cnn.count_params(), "137,226")

# %% mystnb={"image": {"alt": "The network as a row of drawings, from left to right: one sheet, the picture of 28 by 28; a thick stack of sheets of the same size, 28 by 28 by 64; the same stack at half the side, 14 by 14 by 64; a stack twice as thick, 14 by 14 by 128; a stack of small sheets, 7 by 7 by 128; a tall thin column, 6,272 numbers; and a short column of 10 answers."}}
stacks = [
    ("picture", 28, 1),
    ("convolution", 28, 64),
    ("pooling", 14, 64),
    ("convolution", 14, 128),
    ("pooling", 7, 128),
]
fig, ax = plt.subplots(figsize=(10, 3.6))
left = 0
for name, n, channels in stacks:
    n_sheets = 1 + channels // 10
    for k in range(n_sheets):
        corner = (left + 1.2 * k, 0.6 * (k - n_sheets / 2) - n / 2)
        ax.add_patch(plt.Rectangle(corner, n, n, facecolor="white", edgecolor="C0"))
    ax.text(left + (n + 1.2 * n_sheets) / 2, -25, f"{name}\n{n} × {n} × {channels}", ha="center", va="top")
    left += n + 1.2 * n_sheets + 10
for name, height in (("flatten\n6,272", 44), ("dense\n10", 8)):
    ax.add_patch(plt.Rectangle((left + 4, -height / 2), 2, height, facecolor="0.85", edgecolor="C1"))
    ax.text(left + 5, -25, name, ha="center", va="top")
    left += 18
ax.set(xlim=(-2, left), ylim=(-38, 24), aspect="equal")
ax.axis("off")
ax.set_title("The maps shrink, and there are more of them")
plt.show()

# %% [markdown]
# From left to right, *where* is traded for *what*. The usual reasoning: ten or twenty kinds of edges combine into hundreds of shapes, so deeper layers get more channels. (We did not test it.) And to know that there is a loop, we need not know
# to the pixel where. In the end 7·7·128 numbers say what was found, and roughly where; each has seen a patch of 10 × 10 pixels (section 5's formula, with one more pooling). A dense layer may read them, because little of the picture is left.
# That makes **137,226** parameters, about half of lecture 5's network.

# %%
from utils.datasets import load_mnist

MNIST = ("mnist",)  # the data that our claims rest on
(x_all, y_all), (x_test, y_test) = load_mnist()
n_train = min(15_000, len(x_all) // 2)  # a stand-in has fewer
x_train, y_train = x_all[:n_train], y_all[:n_train]
x_train.shape, x_test.shape, str(x_train.dtype)

# %% [markdown]
# We show a quarter of the digits, each once, in batches of 32, because your time is limited.

# %%
from tqdm import tqdm

n_epochs = max(1, 3_000 // n_train)  # one; more on a stand-in, which has few digits


# %%
def train(layers, x, y, name, epochs=n_epochs, batch_size=32, rate=3e-3):
    """Return a network of these layers, trained on the images x and their labels y; a bar counts its batches."""
    n_steps = epochs * int(np.ceil(len(x) / batch_size))
    model = build(layers, n_steps, rate)
    with tqdm(total=n_steps, desc=name, unit=" batches", mininterval=1) as bar:
        step = keras.callbacks.LambdaCallback(  # called after every ten batches
            on_train_batch_end=lambda batch, logs: bar.update(min(10, n_steps - bar.n))
        )
        model.fit(x, y, epochs=epochs, batch_size=batch_size, verbose=0, callbacks=[step])
    return model


cnn = train(cnn_layers(64, 128), x_train, y_train, "CNN 64/128")

# %% [markdown]
# The measure is accuracy on the test digits, which it has never seen. We keep its answers for section 9.

# %% tags=["nbval-check-output"]
answers = cnn.predict(x_test, batch_size=500, verbose=0)
wrong = np.flatnonzero(answers.argmax(axis=1) != y_test)
claims.check(
    "CNN 64/128, test accuracy",
    100 * (1 - len(wrong) / len(y_test)),
    "98.0 % (slide: 99.3 %)",
    band=(97.5, 98.5),
    stand_in=(88, None),
    data=MNIST,
)

# %% [markdown]
# With a quarter of the digits, each once, **98.0 %** (the slide: **99.3 %**). Lecture 5's dense network saw all of them, eight times over (lecture 5: 98.4 %). What does our haste cost? About one point: on all 60,000, twice over in batches of 64, the same
# CNN names 99.1 to 99.2 % (our benchmark `cnn_training`), and looks at eight times as many digits.

# %% [markdown] tags=["instructor"]
# 9 minutes. A quarter of a minute is training. Hide the table of shapes and let the class fill it in. The usual mistake is 9·128 + 128 for the second convolution: it forgets that each filter is 64 channels deep. Likely question: "why not more passes?" Time; ★ 11 measures one more.

# %% [markdown]
# ## 8 A prior that fits, and one that does not
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：用同一个配方训练四次，小一号的 CNN（32/64 个滤波器）和上一讲的全连接网络，分别用原样的和打乱像素的数字。哪一个最好，哪一个最差？把测试数字移动几格，CNN 会察觉吗？
#
# 是卷积的功劳，还是训练配方的功劳？原样的数字上，CNN 做到 **97.4** %，比全连接高 **2.1** 个百分点，错误少了将近一半。打乱以后，全连接的变化是 **0.0** 个百分点，没有丢什么；CNN 却输给它 **3.8** 个百分点，比自己原来低 **5.9** 个百分点，丢的比先前赢的还多。信息并没有少，全连接网络就是证明。先验是一个赌注：押对了少错，押错了要付出代价（至少只练一遍时是这样；练得久些，也许能补回一部分）。
#
# 这样比公平吗？不完全：配方是照着 CNN 选的，dropout 也只有 CNN 有。换上全连接网络自己的配方（同第 5 讲：八轮，每批 256，学习率从 0.004 降起），差距缩小到 **0.5** 个百分点。不过这一回吃亏的是 CNN：它只看了一遍，参数不到对方的五分之一，对方看了八遍。（★ 11：同样的数字再看一遍，CNN 还能多对 0.8 个百分点。）
#
# 再看平移。把测试数字向右移几个像素（首尾相接），不重新训练。移两格：CNN 还有 **91** %，全连接剩 **72** %；移四格：CNN **55** %，全连接 **28** %。CNN 强得多，但绝不是平移不变。移四格的时候，卷积和两次池化都跟得上（边界除外），所以是末尾的全连接层认死了位置；移两格的时候，连第二次池化也跟不上。
#
# </details>
#
# Was it the convolution, or the recipe? Train a smaller CNN, with 32 and 64 filters, and lecture 5's dense network by *one* recipe, section 7's. Then train both on shuffled
# digits, one order of the pixels for all images. Which of the four will be best, and which worst?


# %%
def dense_layers():
    """Return the layers of lecture 5's dense network."""
    return [
        keras.layers.Lambda(lambda x: x / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]


def shuffle(x, order):
    """Return images of shape (n, 28, 28) with every image's pixels in the given order."""
    return x.reshape(-1, 784)[:, order].reshape(-1, 28, 28)


def score(model, x, y):
    """Return the accuracy in per cent of a network on the images x and their labels y."""
    return 100 * model.evaluate(x, y, batch_size=500, verbose=0)[1]


# %%
orders = {"plain": np.arange(784), "shuffled": rng.permutation(784)}
models, scores = {}, {}
for digits, order in orders.items():
    for name, layers in (("CNN", cnn_layers(32, 64)), ("dense", dense_layers())):
        model = train(layers, shuffle(x_train, order), y_train, f"{name}, {digits}")
        models[name, digits] = model
        scores[name, digits] = score(model, shuffle(x_test, order), y_test)
{" on ".join(key): round(score, 2) for key, score in scores.items()}

# %% [markdown]
# Near 100 %, errors say more than accuracies:

# %% mystnb={"image": {"alt": "Bars of test error in per cent for two networks, on plain digits and on shuffled digits. On plain digits the CNN errs about half as often as the dense network. On shuffled digits the dense network errs as before, and the CNN errs most of all."}}
for offset, name, hatch in ((-0.2, "CNN", ""), (0.2, "dense", "//")):
    errors = [100 - scores[name, digits] for digits in orders]
    bars = plt.bar(np.arange(2) + offset, errors, width=0.38, hatch=hatch, edgecolor="white", label=name)
    plt.bar_label(bars, fmt="%.1f %%", padding=3)
plt.xticks(np.arange(2), ["plain digits", "shuffled digits"])
plt.grid(axis="x", visible=False)
plt.ylim(0, 1.25 * (100 - min(scores.values())))
plt.legend(loc="upper left")
costs = [scores[name, "plain"] - scores[name, "shuffled"] for name in ("CNN", "dense")]
plotting.show(
    "This run: shuffling costs the CNN {:.1f} points, the dense network {:.1f}".format(*costs),
    "",
    "test error (%)",
)

# %% tags=["nbval-check-output"]
gain = scores["CNN", "plain"] - scores["dense", "plain"]
claims.check(
    "CNN on plain digits",
    scores["CNN", "plain"],
    "97.4 %",
    band=(97.0, 97.85),
    stand_in=(88, 100),
    data=MNIST,
)
claims.check(
    "what a right prior gains",
    gain,
    "2.1 points",
    band=(1.4, 2.8),
    stand_in=None,  # its 297 test digits are too few to tell a point
    data=MNIST,
)
claims.check(
    "dense, shuffled minus plain", -costs[1], "0.0 points", band=(-0.7, 0.7), stand_in=(-4, 4), data=MNIST
)

# %% tags=["nbval-check-output"]
claims.check(
    "CNN behind dense on shuffled digits",
    scores["dense", "shuffled"] - scores["CNN", "shuffled"],
    "3.8 points",
    band=(1.6, 6),
    stand_in=None,  # its digits, enlarged from 8 × 8 pixels, are too easy
    data=MNIST,
)
claims.check(
    "what shuffling costs the CNN",
    costs[0],
    "5.9 points",
    band=(3.7, 8.1),
    stand_in=None,  # its digits, enlarged from 8 × 8 pixels, are too easy
    data=MNIST,
)

# %% [markdown]
# On plain digits the CNN reaches **97.4 %**, and knowing the neighbours is worth **2.1 points** to it: almost half of the dense network's errors. Shuffling changes the dense network by **0.0 points**, as lecture 5 leads us to expect. The CNN
# falls **3.8 points** behind it, and **5.9 points** below itself: more than it had gained. Nothing is missing in the shuffled data: the dense network proves it. Where the belief is wrong, it costs, at least after one pass; longer training may win some of that back. A prior is a bet.
#
# **Is that fair?** Not quite: the recipe was chosen for the CNN, and only the CNN has dropout. So give the dense network its own, as in lecture 5: eight epochs in batches of 256, from a rate of 0.004.

# %%
recipe = {"epochs": 8 * n_epochs, "batch_size": 256, "rate": 4e-3}
own = train(dense_layers(), x_train, y_train, "dense, its own recipe", **recipe)
own_score = score(own, x_test, y_test)

# %% tags=["nbval-check-output"]
fair = scores["CNN", "plain"] - own_score
claims.check(
    "right prior, against a dense network trained eight times as long",
    fair,
    "0.5 points",
    band=(0.03, 1),
    stand_in=None,  # as above
    data=MNIST,
)

# %% [markdown]
# The gain shrinks to **0.5 points**. But now it is the CNN that has a disadvantage: it has less than a fifth of the parameters and has seen every digit once, the dense network eight times. (★ 11: a second pass over the same digits gives the CNN 0.8 points more.)
#
# **Move the digits.** The bet was on shifts, so shift the test digits to the right, in a circle, and train nothing anew: mostly blank paper comes back at the left. Will the CNN notice?

# %%
shifts = np.arange(5)
moved = {
    name: [
        scores[name, "plain"],
        *(score(models[name, "plain"], np.roll(x_test, k, axis=2), y_test) for k in shifts[1:]),
    ]
    for name in ("CNN", "dense")
}
{name: np.round(values, 1).tolist() for name, values in moved.items()}

# %% mystnb={"image": {"alt": "Test accuracy against the shift in pixels, 0 to 4. Both networks start above 95 per cent; the dense one falls steeply to less than a third, the CNN stays near 90 up to two pixels and then falls to somewhat more than half."}}
plt.plot(shifts, moved["CNN"], marker="o", label="CNN")
plt.plot(shifts, moved["dense"], marker="s", label="dense")
plt.ylim(0, 102)
plt.xticks(shifts)
plt.legend(loc="lower left")
plotting.show(
    "The CNN tolerates small shifts, not large ones", "shift to the right (pixels)", "test accuracy (%)"
)

# %% tags=["nbval-check-output"]
claims.check(
    "CNN, digits shifted by 2", moved["CNN"][2], "91 %", band=(87, 95), stand_in=(58, 78), data=MNIST
)
claims.check(
    "dense, digits shifted by 2", moved["dense"][2], "72 %", band=(66.5, 76.5), stand_in=(50, 75), data=MNIST
)
claims.check(
    "CNN, digits shifted by 4", moved["CNN"][4], "55 %", band=(46, 64.5), stand_in=(10, 45), data=MNIST
)
claims.check(
    "dense, digits shifted by 4", moved["dense"][4], "28 %", band=(23, 33.5), stand_in=(2, 40), data=MNIST
)

# %% [markdown]
# By two pixels: **91 %** for the CNN, **72 %** for the dense network. By four: **55 %** against **28 %**. A CNN is much better at shifts, and *not* invariant. Section 6 says why. The convolutions and both poolings follow a move by four, except at the border.
# So there the loss comes from the dense layer, which has its own weight for each place. A move by two is too small for the second pooling, which does not follow it.

# %% [markdown] tags=["instructor"]
# 15 minutes. Start the dense network's own recipe before you discuss the bars, so that nobody waits for it. Vote before the bars: will the CNN lose on shuffled digits, and against whom? Likely question: "could a CNN with a window of 28×28 unshuffle?" With padding "valid", yes: it has one place, so it is a dense layer, and neither belief is left. Common confusion:
# "shuffled pixels destroy information". They destroy none.

# %% [markdown]
# ## 9 Look inside
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：从原样的数字学来的滤波器、从打乱的数字学来的、没训练过的，哪一组更像边缘？
#
# 第一层的滤波器只有 3×3，没有人教过，会长成什么样？小心：随便一个 3×3 的随机滤波器，看上去都有点像边缘。所以要有一个数，还要有学不到边缘的滤波器来比：能量里“一边亮、一边暗”的成分占多少？
#
# 从原样的数字学来的，平均占 **0.49**；从打乱的数字学来的，只有 **0.28**，少了 **0.21**，比没训练过的 **0.22** 高不了多少（3×3 的滤波器由九种图样合成，斜坡占其中两种，所以理论值是 2/9）。没有人要求过边缘：有邻居可学，才学得到。一个 5 经过第一层，有的图留下整个笔画，有的只留某一侧的边；经过第二层，图更小、更稀疏，一处亮点代表“这里有某种形状”。
#
# 再看它认错的数字：有些情有可原，有些却一目了然。
#
# 这不止是数字的故事。ImageNet 竞赛（120 万张图，1,000 类；讲义上的两万类说的是整个 ImageNet）的 top-5 错误率，2011 年是 26 %；2012 年 AlexNet 用卷积网络降到 16 %；2015 年带跳跃连接的 ResNet 低于 4 %，而受过训练的人大约是 5 %。
#
# </details>
#
# What did it learn? The filters of the first layer are small enough to look at. But any random 3×3 filter looks a bit like an edge, light on one side and dark on the other. So we need a number, and filters to compare with. A slope from light to dark, in any direction, is a mixture of two patterns, left-right and
# top-bottom. Which share of a filter's energy (its sum of squares) do these two hold? A 3×3 filter has nine numbers, so it is a mixture of nine patterns: these two and seven others. If none is preferred, the two hold 2/9 = 0.22 on average.


# %%
def edge_share(filters):
    """Return the share of energy in a straight slope, 0 to 1, for each of the filters of shape (3, 3, n)."""
    slope = np.array([[1, 0, -1]] * 3) / np.sqrt(6)  # energy 1
    found = [np.einsum("ij,ijf->f", pattern, filters) for pattern in (slope, slope.T)]
    return np.square(found).sum(axis=0) / np.square(filters).sum(axis=(0, 1))


# %% [markdown]
# Three banks of 32 filters: section 8's small CNN after plain digits, after shuffled ones, and untrained. Which lean towards edges? Sorted by their share, every second one, each in its own scale:

# %% mystnb={"image": {"alt": "Three blocks of sixteen squares of three by three grey pixels, each block sorted by its share of edges. Left, filters learned from plain digits: the upper rows are light on one side and dark on the other, in several directions. Middle, from shuffled digits, and right, untrained: a few at the top look so, the others are irregular."}}
models["CNN", "untrained"] = build(cnn_layers(32, 64), n_steps=1)
banks = {
    taught: models["CNN", taught].layers[2].get_weights()[0][:, :, 0]
    for taught in ("plain", "shuffled", "untrained")
}
share = {taught: edge_share(bank) for taught, bank in banks.items()}
figure = plt.figure(figsize=(10, 4.6))
figure.suptitle("Plain digits make filters lean towards edges, shuffled ones far less", fontweight="bold")
for block, (taught, bank) in zip(figure.subfigures(1, 3, wspace=0.03), banks.items()):
    block.set_facecolor("lightsteelblue")
    block.suptitle(f"{taught}: {share[taught].mean():.2f} in slopes", fontsize=14)
    for ax, k in zip(block.subplots(4, 4).flat, np.argsort(-share[taught])[::2]):
        scale = np.abs(bank[:, :, k]).max()
        ax.imshow(bank[:, :, k], cmap="gray", vmin=-scale, vmax=scale)
        ax.axis("off")
plt.show()

# %% tags=["nbval-check-output"]
claims.check(
    "edge share, plain digits",
    share["plain"].mean(),
    "0.49",
    band=(0.34, 0.66),
    stand_in=(0.14, 0.51),
    data=MNIST,
)
claims.check(
    "edge share, shuffled digits",
    share["shuffled"].mean(),
    "0.28",
    band=(0.09, 0.48),
    stand_in=(0.07, 0.42),
    data=MNIST,
)
claims.check(
    "edge share, plain minus shuffled",
    share["plain"].mean() - share["shuffled"].mean(),
    "0.21",
    band=(0, 0.43),  # at 0 plain digits would make filters lean no more than shuffled ones
    stand_in=None,  # the difference is hardly larger than its spread there
    data=MNIST,
)
claims.check("edge share, untrained", share["untrained"].mean(), "0.22", band=(0.07, 0.37))

# %% [markdown]
# On average, slopes hold **0.49** of the energy after plain digits. After shuffled digits it is only **0.28**, less by **0.21**, and not far above an untrained filter's **0.22**. Nobody asked for edges: the CNN found them where neighbours mean something.
#
# What does section 7's larger CNN answer to a five? Any layer's output can be read.

# %%
inside = keras.Model(cnn.inputs[0], [cnn.layers[2].output, cnn.layers[4].output])
five = x_test[np.argmax(y_test == 5)]
first, second = (keras.ops.convert_to_numpy(maps)[0] for maps in inside(five[None].astype("float32")))
first.shape, second.shape

# %% mystnb={"image": {"alt": "Two rows of eight feature maps of a handwritten five, each row in one scale of brightness. In the upper row, after layer 1, some maps keep the whole stroke, others only one side of it. In the lower row, after layer 2, the maps are coarser and mostly dark with a few bright spots."}}
figure = plt.figure(figsize=(10, 3.9))
figure.suptitle("Layer 1 keeps strokes and their sides, layer 2 marks coarser parts", fontweight="bold")
titles = ("after layer 1: 28 × 28", "after layer 2: 14 × 14")
for row, maps, title in zip(figure.subfigures(2, 1), (first, second), titles):
    row.suptitle(title, fontsize=14)
    ranked = np.argsort(-maps.std(axis=(0, 1)))[: maps.shape[2] // 2 : maps.shape[2] // 16]
    for ax, k in zip(row.subplots(1, 8), ranked):
        ax.imshow(maps[:, :, k], cmap="magma", vmin=0, vmax=maps.max())
        ax.axis("off")
plt.show()

# %% [markdown]
# These are eight of the stronger half of each layer's maps; each row has one scale. Last, digits that the network gets wrong. "8 for a 1" means that it answered 8 and the label says 1.

# %% mystnb={"image": {"alt": "Sixteen handwritten digits that the network names wrongly, each with its answer and the true label. Some are ambiguous or barely legible, others are plain to see."}}
fig, axes = plt.subplots(2, 8, figsize=(10, 3.6))
for ax, k in zip(axes.flat, wrong):
    ax.imshow(x_test[k], cmap="gray_r")
    ax.set_title(f"{answers[k].argmax()} for a {y_test[k]}", fontsize=13, fontweight="normal")
for ax in axes.flat:
    ax.axis("off")
fig.suptitle("Some mistakes are forgivable, others are not", fontweight="bold")
plt.show()

# %% [markdown]
# The same idea, larger, changed the field. The ImageNet challenge has 1.2 million training images of 1,000 classes (the slide's 20,000 are the classes of all of ImageNet); an answer counts if it is among five guesses.
#
# | year | | top-5 error |
# | --- | --- | --- |
# | 2011 | features designed by hand | 26 % |
# | 2012 | AlexNet, a CNN of 8 layers | 16 % |
# | 2015 | ResNet, CNNs of up to 152 layers, with skip connections that let gradients through | below 4 % |
# | | a trained human | about 5 % |
#
# These figures are published ones, not ours.

# %% [markdown] tags=["instructor"]
# 7 minutes. ImageNet's table is for home. Cover the words above the filters and vote. Common confusion: a bright feature map is not a "correct" one; the layer behind may weigh it negatively.

# %% [markdown]
# ## ★ 10 What the flip buys
#
# <details>
# <summary>中文</summary>
#
# 数学家为什么要翻转？为了对称：$x*w=w*x$，信号和滤波器可以互换。验证的时候别用 `np.convolve`：它遇到较长的第二个参数，会自己先把两个参数对调，两次算的其实是同一件事，什么也证明不了。我们自己补零、自己翻转，量到 $x*w$ 与 $w*x$ 的差是 **0**；去掉翻转，两个结果互为镜像。
#
# 权重左右对称的时候，翻不翻转没有区别，高斯滤波器就是这样。
#
# 时间若是连续的，求和就变成积分：$(x*w)(t)=\int x(a)\,w(t-a)\,da$，$w(t-a)$ 是对 $a$ 时刻那次测量的信任。教科书的例子是用激光跟踪飞船，我们的跑步者就是它的离散版本。
#
# </details>
#
# Mathematicians flip because it makes a convolution symmetric, $x * w = w * x$: signal and filter change places. NumPy cannot show this, for `np.convolve` swaps its arguments by itself when the second is longer, and then does
# the same computation twice. So we pad until every overlap counts, and flip by hand:


# %%
def full_convolution(x, w):
    """Return the mathematicians' x ∗ w: w flipped, and every place where x and w overlap."""
    return convolve1d(np.pad(x, len(w) - 1), w[::-1])


# %% tags=["nbval-check-output"]
x, w = np.array([1, 2, 1, 4, 1]), np.array([1, 4, 2])  # not a palindrome, so the flip shows
difference = np.abs(full_convolution(x, w) - full_convolution(w, x)).max()
claims.exact("x ∗ w against w ∗ x", difference, "0")
full_convolution(x, w), np.convolve(x, w)

# %% [markdown]
# Convolutions commute: the difference is **0**, and NumPy agrees. And without the flip?

# %% tags=["nbval-check-output"]
np.correlate(x, w, mode="full"), np.correlate(w, x, mode="full")

# %% [markdown]
# Two mirror images. For symmetric weights, such as the Gaussian's, flipping changes nothing.
#
# If time has no steps, the sum becomes an integral, $(x * w)(t) = \int x(a)\, w(t - a)\, da$: $w(t - a)$ is the trust in the measurement of time $a$. The textbook's example is a laser that tracks a spaceship; our runner is the same in steps.

# %% [markdown]
# ## ★ 11 What more digits would bring
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：让第 8 节的小 CNN 接着学。再来同样多的新数字，和把旧的数字再学一遍，哪一样带来的更多？
#
# 两次都从第 8 节的权重出发，配方不变，只是数字不同。学新的，多对 **0.8** 个百分点；学旧的，多对 **0.8** 个百分点；相差 **0.0** 个百分点。
#
# 所以在这个阶段，有用的是多练，而不是数字新：旧的数字它还没有学透。练过许多遍以后，新数字值多少，这里看不出来。
#
# </details>
#
# Section 7 stopped at a quarter of the digits. What would as many digits again bring? Section 8's small CNN goes on by the same recipe, once with new digits and once with the old ones. The second is the control: it trains as long, and sees nothing new. Which gains more?

# %%
small = models["CNN", "plain"]
learned, gains = small.get_weights(), {}
for digits, part in {"new": slice(n_train, 2 * n_train), "old": slice(0, n_train)}.items():
    more = train(small.layers, x_all[part], y_all[part], f"CNN, {digits} digits")  # goes on from its weights
    gains[digits] = score(more, x_test, y_test) - scores["CNN", "plain"]
    small.set_weights(learned)  # back to where section 8 left it
{digits: round(gain, 2) for digits, gain in gains.items()}

# %% tags=["nbval-check-output"]
claims.check(
    "gain from new digits", gains["new"], "0.8 points", band=(0.3, 1.25), stand_in=(-1, 8), data=MNIST
)
claims.check(
    "gain from old digits", gains["old"], "0.8 points", band=(0.3, 1.25), stand_in=(-1, 8), data=MNIST
)
claims.check(
    "new digits over old ones",
    gains["new"] - gains["old"],
    "0.0 points",
    band=(-0.4, 0.4),
    stand_in=(-4, 4),
    data=MNIST,
)

# %% [markdown]
# New digits add **0.8 points**, and the old ones, a second time, **0.8 points**. The difference is **0.0 points**. So at this stage it is the training that helps, and not the novelty: the CNN had not yet learned all from the digits that it knew. What new digits are worth after many passes, this does not tell.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚在你的机器上量到的值放在一起，一行一个。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine.

# %%
claims.table()

# %% [markdown] tags=["instructor"]
# 1 minute. Pick one line where this run differs from the stated mean, and ask why that is no mistake.

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 卷积是滑动的加权和，也是对角线为常数的稀疏矩阵；深度学习里不翻转。
# - 多通道时，滤波器和输入一样深，各通道的回答相加；一个滤波器，一张特征图。
# - 共享省的主要是参数，乘法省得少得多；感受野靠叠层和池化变大。
# - 卷积对平移等变（边界除外），池化只对步幅的整数倍等变，全局池化不变；带 Flatten 的 CNN 不是平移不变的。
# - 先验对了，都只看一遍，错误少了将近一半；让全连接网络看八遍，CNN 仍少大约六分之一。先验错了，赔的比省的多。
#
# </details>
#
# - A convolution is a sliding weighted sum, and a sparse matrix with constant diagonals. Deep learning leaves out the flip.
# - A filter is as deep as its input, and adds up the channels' answers. Each filter makes one feature map.
# - Sharing saves parameters far more than multiplications. Stacking and pooling widen the receptive field.
# - Convolutions follow shifts, except at the border; pooling follows multiples of its stride; global pooling ignores shifts. A CNN that ends in Flatten and Dense is not invariant.
# - A prior that fits saved almost half of the errors after one pass, and still a sixth against a dense network that saw the digits eight times. One that does not fit cost more than it had saved.

# %% [markdown] tags=["instructor"]
# 1 minute. Let the class say the last line before you show it.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# A. 把第 7 节网络里的 Flatten 换成全局平均池化，最后的全连接层还剩多少参数？
#
# B. 图像从 28×28 换成 56×56。第一层卷积的参数变成几倍？最后的全连接层呢？
#
# C. 训练和测试的图统统转 90 度，让 CNN 重新训练。它会学成原来的水平吗？
#
# </details>
#
# **A.** In section 7's network, global average pooling takes the place of Flatten. How many parameters has the dense layer then?
#
# <details>
# <summary>Answer</summary>
#
# $128 \cdot 10 + 10 = 1{,}290$ in place of 62,730: each of the 128 maps is one number now. "As many as before" tempts because no convolution has changed. But the dense layer had a weight for each place of each map. (It no longer asks where a pattern stands, either.)
#
# 128·10+10＝1,290 个，原来是 62,730 个：每张特征图只剩一个数。“和原来一样”是因为卷积没有动；可是全连接层原来对每张图的每个位置都有一个权重。（它也不再过问图样在哪里。）
#
# </details>
#
# **B.** Pictures of 56×56 replace those of 28×28. How many times as many parameters has the first convolution? And the dense layer at the end?
#
# <details>
# <summary>Answer</summary>
#
# The convolution has as many as before, the dense layer four times as many (62,730 become 250,890). "Four times in both" tempts because there are four times as many *multiplications* in both. But a shared weight is counted once, however often it is used.
#
# 卷积层不变，全连接层变成四倍（62,730 变成 250,890）。两处都变成四倍的是乘法次数；共享的权重用多少次都只算一个。
#
# </details>
#
# **C.** All images, for training and for testing, are turned by a quarter turn, and the CNN trains again. Will it do as well as before?
#
# <details>
# <summary>Answer</summary>
#
# Yes, apart from chance. "No, a CNN is not equivariant to rotations" tempts, and so does the memory of the shuffled digits: a turn moves nearly every pixel, too. But neighbours stay neighbours. Turn each filter along, and the dense layer's rows as well, and the new network gives the old answers; training can find it as easily.
#
# 会，只差一点运气。想到“卷积对旋转不等变”，或者想到打乱的数字，都容易答“不会”：转动同样搬走了几乎所有的像素。可是邻居还是邻居：把滤波器一起转，全连接层的行也跟着换，新网络就给出原来的回答，训练起来一样容易。
#
# </details>

# %% [markdown] tags=["instructor"]
# 5 minutes. Vote on all three before any answer is unfolded.

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行检查的那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 二维的最大池化，一行 `reshape` 就够，小心轴的次序。
# 2. 数学家的二维卷积：两个方向都要翻转。
# 3. 先预测，再看结果：把测试数字左右镜像，不重新训练，哪四个数字 CNN 多半还认得？（最差的一个也比其余六个中最好的高出约 **24** 个百分点。）
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. Pooling a picture.* Return the largest number of each k×k block of `x`, whose sides are multiples of k. One `reshape` to four axes is enough.

# %% tags=["nbval-check-output"]
from utils.exercises import attempt, misshapen


def pool_blocks(x, k):
    return ...


def check_pool_blocks(f):
    x = np.array([[1, 2, 0, 0, 5, 1], [3, 4, 0, 7, 1, 1], [9, 0, 1, 1, 0, 2], [0, 0, 1, 8, 0, 6]])
    result = f(x, 2)
    if reason := misshapen(result, (2, 3)):
        return f"4 × 6 numbers have 2 × 3 blocks of 2 × 2, but {reason}"
    tempting = {
        "cut the rows into pieces of four instead of blocks": x.reshape(2, 3, 2, 2).max(axis=(2, 3)),
        "took the mean of each block, not the largest": x.reshape(2, 2, 3, 2).mean(axis=(1, 3)),
        "took one corner of each block": x[::2, ::2],
    }
    for said, wrong in tempting.items():
        if np.array_equal(result, wrong):
            return f"you {said}: the first block is 1, 2 above 3, 4, and its largest is 4"
    if not np.array_equal(result, [[4, 7, 5], [9, 8, 6]]):
        return f"each number should be the largest of one block: the first row is 4, 7, 5 and not {np.asarray(result)[0]}"
    result = f(np.arange(18).reshape(6, 3) - 20, 3)
    if reason := misshapen(result, (2, 1)):
        return f"with k = 3, 6 × 3 numbers have 2 × 1 blocks, but {reason}"
    if not np.array_equal(result, [[-12], [-3]]):
        return f"right for k = 2; with k = 3, of −20 … −12 the largest is −12 and of −11 … −3 it is −3, not {np.ravel(result)} (a search must not start at 0)"


attempt(pool_blocks, check_pool_blocks)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def pool_blocks_solution(x, k):
    height, width = x.shape
    return x.reshape(height // k, k, width // k, k).max(axis=(1, 3))


assert check_pool_blocks(pool_blocks_solution) is None

# %% [markdown]
# *2. The mathematicians' convolution.* Given our `convolve2d` as `correlate`, return the true convolution of x and w, of the same size: the one with the flip.


# %% tags=["nbval-check-output"]
def true_convolution(x, w, correlate):
    return ...


def check_true_convolution(f):
    spot = np.zeros((5, 5))
    spot[2, 2] = 1
    w = np.arange(9.0).reshape(3, 3)
    result = f(spot, w, convolve2d)
    if reason := misshapen(result, (3, 3)):
        return f"a 3 × 3 window fits into 5 × 5 pixels at 3 × 3 places, but {reason}"
    became = {
        "turned by half a turn: there was no flip at all": w[::-1, ::-1],
        "mirrored left to right: the columns must be flipped as well": w[:, ::-1],
        "upside down: the rows must be flipped as well": w[::-1],
        "transposed: flip w, do not transpose it": w.T,
        "transposed and turned: a flip is not a transpose": w[::-1, ::-1].T,
    }
    for said, wrong in became.items():
        if np.array_equal(result, wrong):
            return f"a single bright spot should come back as w itself; it came back {said}"
    if not np.array_equal(result, w):
        return f"a single bright spot should come back as w itself, upright; its first row became {np.asarray(result)[0]}"
    x, w = np.arange(12.0).reshape(3, 4), w[:2, :2]
    if not np.array_equal(f(x, w, convolve2d), convolve2d(x, w[::-1, ::-1])):
        return "for a spot it is right, for another picture it is not: flip the weights, and nothing else"


attempt(true_convolution, check_true_convolution)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def true_convolution_solution(x, w, correlate):
    return correlate(x, w[::-1, ::-1])


assert check_true_convolution(true_convolution_solution) is None

# %% [markdown]
# *3. Predict, then look.* All test digits are mirrored left to right, and nothing is trained anew. Four of the ten digits are still named right in most cases by section 8's small CNN. Which four? Return them as a list.


# %% tags=["nbval-check-output"]
def surviving_digits():
    return ...


def check_surviving_digits(f):
    guess = f()
    guess = guess if isinstance(guess, np.ndarray) else list(guess)
    if reason := misshapen(guess, (4,)):
        return f"name four digits, such as [2, 3, 5, 7]; {reason}"
    digits = set(np.asarray(guess).tolist())
    if len(digits) < 4 or not digits <= set(range(10)):
        return f"name four different whole numbers from 0 to 9, not {sorted(digits)}"
    looks = {
        2: "like an S, and is often read as one of the other digits",
        3: "like an epsilon; it is upside down that a 3 stays a 3",
        5: "much like a 2",
        6: "with its tail on the wrong side; half a turn, not a mirror, makes it a 9",
        7: "with its stem on the wrong side",
        9: "with its stem on the wrong side",
    }
    for digit in sorted(digits & looks.keys()):
        return f"{digit} is not among the four: mirrored, it looks {looks[digit]}"


attempt(surviving_digits, check_surviving_digits)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def surviving_digits_solution():
    return [0, 1, 4, 8]  # the 4 is easily forgotten: closed at the top, it has a stem on either side


assert check_surviving_digits(surviving_digits_solution) is None

# %% [markdown]
# Write your four down before you run this: the share of each mirrored digit that the CNN names right, and by how much the worst of the four leads the best of the other six.

# %%
mirrored = x_test[:, :, ::-1]
right = models["CNN", "plain"].predict(mirrored, batch_size=500, verbose=0).argmax(axis=1) == y_test
by_digit = np.array([100 * right[y_test == digit].mean() for digit in range(10)])
dict(enumerate(by_digit.round().astype(int).tolist()))

# %% tags=["nbval-check-output"]
survivors = [0, 1, 4, 8]
lead = by_digit[survivors].min() - np.delete(by_digit, survivors).max()
# A stand-in has some thirty test digits of each kind, drawn on 8 × 8 pixels: there the order is chance.
# The lower edge is where the four stop leading.
claims.check("mirrored, lead of the four", lead, "24 points", band=(0, 54), stand_in=None, data=MNIST)

# %% [markdown]
# The lead is about **24 points**. A mirror is no shift, so nothing in the CNN's architecture helps: a digit survives if its mirror image happens to look like itself.

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：LeCun 等人 1998 年的论文是 LeNet-5 和 MNIST 的出处（卷积网络的想法更早，见 Fukushima 1980 年的 Neocognitron）；Dumoulin 与 Visin 用图讲清填充、步幅和空洞的算术；Cohen 与 Welling 把等变性推广到旋转；Zhang 说明池化的步幅怎样破坏平移等变，又怎样补救；AlexNet 和 ResNet 的原文也都好读。
#
# </details>
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", *Proceedings of the IEEE* 86 (1998): LeNet-5 and MNIST. The idea is older: K. Fukushima, "Neocognitron", *Biological Cybernetics* 36 (1980).
# - V. Dumoulin, F. Visin, [A guide to convolution arithmetic for deep learning](https://arxiv.org/abs/1603.07285), 2016: padding and stride in pictures, and *dilation*, which spreads the window out.
# - T. Cohen, M. Welling, [Steerable CNNs](https://arxiv.org/abs/1612.08498), ICLR 2017.
# - R. Zhang, [Making convolutional networks shift-invariant again](https://arxiv.org/abs/1904.11486), ICML 2019: what strides break, and how to mend it.
# - A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional neural networks", NeurIPS 2012: AlexNet.
# - K. He, X. Zhang, S. Ren, J. Sun, [Deep residual learning for image recognition](https://arxiv.org/abs/1512.03385), CVPR 2016: ResNet.
