# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6 · A network that knows its neighbours
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/06_cnn_mnist.ipynb)
#
# Lecture 5 shuffled every pixel, and a dense network lost nothing. That was no strength. The network had never used the one thing
# that every eye uses: which pixels lie side by side. What does a network gain when it knows that neighbours matter? This
# lecture builds the layer that knows, the convolution, from a sum of three products up to a classifier of digits. Then it makes that
# classifier pay for its knowledge.
#
# **You will**
#
# - compute a convolution by hand, as a matrix, in NumPy and in Keras, and see all of them agree;
# - predict the size, the weights and the multiplications of a convolutional layer;
# - measure which layers follow a shift, which ignore it, and which do neither;
# - train a convolutional network (CNN) beyond 99 % on MNIST, and beat a dense one at equal recipe;
# - show when its knowledge helps, when it hurts, and look inside.
#
# **You need** dense layers and Keras (lectures 3 and 5), matrix products, NumPy.
# **It takes** 90 minutes to teach and under 180 seconds to run on 2 CPU cores.
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
# 想利用邻居，就透过一个小窗口去看：窗口沿着信号滑动，每到一处，把看见的数乘上一组固定的权重，再加起来。$x=(1,2,1,4,1)$，$w=(1,4,1)$，得到 $(10,10,18)$。长度从 $n$ 变成 $n-k+1$。若想保持长度，可以在两端补零，也可以首尾相接（循环填充）。
#
# 权重决定窗口看什么。给一条带噪声的轨迹用上逐渐衰减、只看过去的权重（因果滤波器），噪声的标准差只剩下原来的 **0.33** 倍，理论值是 $1/3$；代价是曲线平均慢 $0.8/0.2=4$ 步。
#
# 数学上的卷积要先把 $w$ 翻转：$(x*w)_i=\sum_j w_j x_{i-j}$。翻转换来对称：$x*w$ 与 $w*x$ 的差是 **0**。不翻转的叫互相关，深度学习里说的“卷积”其实是它。权重反正是学出来的，翻不翻转学到的只是同一组数的两种写法。
#
# 卷积也是矩阵乘法：每条对角线上的数都相同，其余是零。1,000 个输入、宽 3 的窗口，只有 **0.3** % 的元素不为零。上一讲的全连接层可以随意交换行；这里交换两行，对角线就不再是常数，所以卷积层**没有**置换不变性。
#
# </details>
#
# To use neighbours, look through a small window. Slide it along the signal. At each place, multiply what it shows by fixed weights, and
# add up. Take $x = (1, 2, 1, 4, 1)$ and $w = (1, 4, 1)$. The first window shows $(1, 2, 1)$ and gives $1 + 8 + 1 = 10$, the
# second $2 + 4 + 4 = 10$, the third $1 + 16 + 1 = 18$.

# %% tags=["nbval-check-output"]
import numpy as np


def convolve1d(x, w):
    """Return the sum of w times each window of x, an array of shape (len(x) − len(w) + 1,)."""
    return np.array([x[i : i + len(w)] @ w for i in range(len(x) - len(w) + 1)])


x, w = np.array([1, 2, 1, 4, 1]), np.array([1, 4, 1])
convolve1d(x, w), np.correlate(x, w, mode="valid")

# %% [markdown]
# A window of $k$ fits into $n$ numbers at $n - k + 1$ places. To keep the length, *pad* the ends first, with zeros, or in a circle, as if the end
# were followed by the beginning:

# %% tags=["nbval-check-output"]
convolve1d(np.pad(x, 1), w), convolve1d(np.pad(x, 1, mode="wrap"), w)

# %% [markdown]
# The weights decide what the window looks for. Here is a track, say a runner's position, measured with noise. We want to smooth it *as it arrives*: the filter
# may look only at the past (it is *causal*) and trusts old measurements less and less, $w_j \propto 0.8^j$ for the one $j$ steps ago.

# %%
decay = 0.8 ** np.arange(30)
decay /= decay.sum()  # so that a constant track passes unchanged
decay[:4].round(3)

# %% [markdown]
# The runner goes back and forth; each measurement is off by about a metre.

# %%
rng = np.random.default_rng(SEED)
time = np.arange(300)
track = 8 * np.sin(time / 40)
noisy = track + rng.normal(size=300)
smooth = convolve1d(noisy, decay[::-1])  # the window's last entry is the present
smooth.shape

# %% mystnb={"image": {"alt": "Position against time. Grey dots, the noisy measurements, scatter around a dashed sine curve, the true track. A solid smooth line runs through them and follows the dashed one a few steps late."}}
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()
plt.plot(time, noisy, ".", color="0.6", markersize=5, label="measured")
plt.plot(time, track, color="C1", linestyle="--", label="true")
plt.plot(time[29:], smooth, color="C0", label="smoothed")
plt.legend(loc="lower left")
plotting.show("Smoothing buys calm and pays with delay", "time (steps)", "position (m)")

# %% [markdown]
# The line is late because the filter looks back, by $\sum_j j\, w_j = 0.8/0.2 = 4$ steps on average. What do we get for it? Independent noise adds up in squares, so the standard deviation shrinks by $\sqrt{\sum_j w_j^2} =
# \sqrt{(1 - 0.8)/(1 + 0.8)} = 1/3$. Measured on noise alone:

# %% tags=["nbval-check-output"]
# Theory: 0.333. The output is correlated over some 5 steps, so 50,000 of them give it to ± 0.0022 (1 sd).
left = np.convolve(rng.normal(size=50_000), decay, mode="valid").std()
claims.check("noise left after smoothing", left, "0.33", band=(0.322, 0.345))

# %% [markdown]
# **0.33** of it. Note the reversed `[::-1]`. In mathematics, and in `np.convolve`, a convolution *flips* the weights by itself:
#
# $$(x * w)_i = \sum_j w_j\, x_{i-j} \qquad\text{against the cross-correlation}\qquad (x \star w)_i = \sum_j w_j\, x_{i+j}.$$
#
# What we called `convolve1d` is the second one. The flip buys a symmetry, $x * w = w * x$:

# %% tags=["nbval-check-output"]
w = np.array([1, 4, 2])  # not a palindrome, so the flip shows
apart = np.abs(np.convolve(x, w) - np.convolve(w, x)).max()
claims.check("x ∗ w against w ∗ x", apart, "0", band=(0, 0))
np.correlate(x, w, mode="full"), np.correlate(w, x, mode="full")

# %% [markdown]
# Convolutions commute: the difference is **0**. The two correlations below the claim are each other's mirror image. Deep learning leaves the
# flip out and still says "convolution". So do we. The weights will be learned, and training finds the flipped ones as easily.
#
# Last view: a convolution is linear, so it is a matrix. As in lecture 5, a row belongs to an input, and the layer computes `x @ W`.


# %% tags=["nbval-check-output"]
def convolution_matrix(w, n):
    """Return W of shape (n, n − len(w) + 1) with x @ W = convolve1d(x, w)."""
    n_outputs = n - len(w) + 1
    return np.stack([np.pad(w, (i, n_outputs - 1 - i)) for i in range(n_outputs)], axis=1)


W = convolution_matrix(w, 5)
print(W)
x @ W, convolve1d(x, w)

# %% [markdown]
# The diagonals are constant: one weight, used everywhere. All else is zero. Now swap two rows, which a dense layer would not mind.


# %% tags=["nbval-check-output"]
def constant_diagonals(W):
    """Tell whether each diagonal of W holds one number only, as in every convolution's matrix."""
    return all(np.ptp(W.diagonal(k)) == 0 for k in range(1 - len(W), W.shape[1]))


constant_diagonals(W), constant_diagonals(W[[1, 0, 2, 3, 4]])

# %% [markdown]
# The swapped matrix is no convolution. Lecture 5's trick, moving the rows with the pixels, leads out of this hypothesis space. So a
# convolutional layer is **not** permutation invariant. In exchange it is thrifty. For 1,000 inputs:

# %% tags=["nbval-check-output"]
W = convolution_matrix(w, 1_000)
claims.check("entries that are not zero", 100 * np.mean(W != 0), "0.3 %", band=(0.2999, 0.3001))

# %% [markdown]
# Only **0.3 %** of the matrix is not zero, and that is three different numbers.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (15 minutes). Let the class compute (10, 10, 18) before the cell runs. Likely question: "is the flip a bug in Keras?" No, a
# convention; it matters when you carry weights to a signal-processing library. Common confusion: padding *adds* places, it never changes the weights.

# %% [markdown]
# ## 2 Two dimensions, many channels
#
# <details>
# <summary>中文</summary>
#
# 图像上的窗口是一小块。3×4 的图配 2×2 的窗口，得到 2×3 的输出。手算、SciPy、Keras 的 `Conv2D` 三者相差 **0**。
#
# 每个方向上的输出长度是 $\lfloor (n+2p-d(k-1)-1)/s\rfloor+1$：$p$ 是填充，$s$ 是步幅（每次跳几格），$d$ 是空洞率（窗口里相邻两个权重隔几格）。六种组合里和 Keras 不一致的有 **0** 种。窗口的边长多取奇数：两边各补 $(k-1)/2$，大小正好不变，而且有一个明确的中心。
#
# 彩色图有三个通道，窗口就有三层，各层的和加在一起；每个滤波器给出一张特征图，8 个滤波器就有 8 张。5×5 的窗口、3 个输入通道、8 个滤波器，一共 5·5·3·8 = **600** 个权重，和图像多大没有关系。1×1 的卷积听上去没用，其实是在每个像素上把通道重新混合。
#
# </details>
#
# On an image the window is a patch. NumPy can show us all patches at once:

# %% tags=["nbval-check-output"]
x = np.array([[1, 2, 1, 0], [0, 1, 3, 1], [2, 0, 1, 2]])
w = np.array([[1, 2], [0, 1]])
patches = np.lib.stride_tricks.sliding_window_view(x, w.shape)
patches.shape, patches[0, 0]

# %% [markdown]
# A 2×2 window fits into a 3×4 image at 2×3 places. The first patch gives $1 \cdot 1 + 2 \cdot 2 + 0 \cdot 0 + 1 \cdot 1 = 6$.


# %% tags=["nbval-check-output"]
def convolve2d(x, w):
    """Return the sum of w times each patch of the image x, both of two dimensions."""
    patches = np.lib.stride_tricks.sliding_window_view(x, w.shape)
    return np.einsum("ijkl,kl->ij", patches, w)


convolve2d(x, w)

# %% [markdown]
# Then the libraries. The line that it prints says what will do the computing.

# %%
import keras
from scipy.signal import correlate2d

keras.utils.set_random_seed(SEED)
print(f"Keras on {keras.backend.backend()}, {keras.distribution.list_devices()[0]}")

# %% [markdown]
# Keras wants a batch axis in front and a channel axis at the end; `None` in an index adds one. A layer of one filter, with our weights
# put in by hand:

# %%
layer = keras.layers.Conv2D(1, 2, use_bias=False)
layer.build((None, 3, 4, 1))
layer.set_weights([w[..., None, None]])
by_keras = keras.ops.convert_to_numpy(layer(x[None, ..., None].astype("float32")))[0, ..., 0]

# %% [markdown]
# Three roads to the same six numbers. How far apart are they?

# %% tags=["nbval-check-output"]
# Small whole numbers: exact on a CPU. A GPU may take a road that rounds.
answers = np.stack([convolve2d(x, w), correlate2d(x, w, mode="valid"), by_keras])
claims.check("by hand, SciPy and Keras", np.ptp(answers, axis=0).max(), "0", band=(0, 1e-3))

# %% [markdown]
# Three answers, difference **0**. The size needs a formula, since a window may be padded by $p$, jump by a *stride* $s$, or be spread
# out by a *dilation* $d$, which leaves gaps between its weights:


# %% tags=["nbval-check-output"]
def output_size(n, k, p=0, s=1, d=1):
    """Return how many places a window of k has on n numbers: padding p on both sides, stride s, dilation d."""
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


cases = [
    (28, 3, 0, 1, 1),
    (28, 3, 1, 1, 1),
    (28, 5, 2, 1, 1),
    (28, 2, 0, 2, 1),
    (28, 3, 1, 2, 1),
    (28, 3, 2, 1, 2),
]
[output_size(*case) for case in cases]

# %% [markdown]
# Keras can tell the shape of an output without computing it. We hand it images that are padded already.

# %% tags=["nbval-check-output"]
disagree = 0
for n, k, p, s, d in cases:
    layer = keras.layers.Conv2D(1, k, strides=s, dilation_rate=d)
    disagree += layer.compute_output_shape((1, n + 2 * p, n + 2 * p, 1))[1] != output_size(n, k, p, s, d)
claims.check("sizes on which Keras disagrees", disagree, "0", band=(0, 0))

# %% [markdown]
# Keras disagrees on **0** of them. The second and third case show why kernels (another word for the window's weights) have odd sizes: a padding of $(k-1)/2$ keeps
# the size, `padding="same"` in Keras, and the window has a centre.
#
# Colour pictures have three *channels*. Then a window is three layers deep and sums over all of them. One such *filter* makes one output picture, a
# **feature map**. With 8 filters there are 8 maps.

# %% tags=["nbval-check-output"]
layer = keras.layers.Conv2D(8, 5, use_bias=False)
layer.build((None, 32, 32, 3))
claims.check("weights of 8 filters, 5 × 5, on 3 channels", layer.count_params(), "600", band=(600, 600))
layer.get_weights()[0].shape

# %% [markdown]
# $5 \cdot 5 \cdot 3 \cdot 8 =$ **600** weights, however large the picture. Even a 1×1 window makes sense: it sees one pixel, and mixes its channels. It is a dense layer, applied
# at each place.

# %% [markdown]
# ## 3 Filters are features
#
# <details>
# <summary>中文</summary>
#
# 在学到滤波器之前，人们先手工设计了几十年。拿一张真实的照片：先用 1×1 的“卷积”把三个颜色通道混成灰度；高斯滤波器把每个像素换成周围的加权平均，画面变柔；左右相减的滤波器只在竖直的边缘上有反应；Sobel 把横竖两个方向合成边缘的强度，轮廓就出来了。
#
# 高斯滤波器的权重之和是 1，平坦处原样通过；边缘滤波器的权重之和是 0，平坦处的回答是 **0**。每个滤波器回答一个局部的问题：“这里有没有某种图样？”卷积网络要做的，就是自己去找该问哪些问题。
#
# </details>
#
# Before filters were learned, they were designed. Each asks the same small question at every place. Take a photograph (scikit-learn ships two), and let a 1×1 window mix
# its colours to grey, with the weights of old television.

# %%
from sklearn.datasets import load_sample_image

photo = load_sample_image("china.jpg")[60:360:2, 120:620:2] / 255
grey = photo @ [0.299, 0.587, 0.114]
photo.shape, grey.shape

# %% [markdown]
# Three classics. The Gaussian averages, near pixels first. The edge filter subtracts right from left. Sobel's pair, one for each direction, smooths along the edge as well.

# %% tags=["nbval-check-output"]
bell = np.exp(-(np.arange(-4, 5) ** 2) / 8)
gaussian = np.outer(bell, bell) / bell.sum() ** 2
vertical = np.array([[1, 0, -1]] * 3)
sobel = np.array([[1, 0, -1], [2, 0, -2], [1, 0, -1]])
flat = np.full((9, 9), 0.7)
claims.check("edge filter where nothing changes", np.abs(convolve2d(flat, vertical)).max(), "0", band=(0, 0))
[float(kernel.sum().round(12)) for kernel in (gaussian, vertical, sobel)]

# %% [markdown]
# The Gaussian's weights add up to 1, so a flat patch passes unchanged. The others' add up to 0, and a flat patch gives **0**. On the photograph:

# %% mystnb={"image": {"alt": "Four grey pictures of a Chinese pavilion by a lake: the photograph, a blurred copy, the answer of the vertical edge filter, in which upright posts stand out light and dark, and Sobel's edge strength, which draws all outlines."}}
edges = np.hypot(convolve2d(grey, sobel), convolve2d(grey, sobel.T))
pictures = {
    "photograph": grey,
    "Gaussian: average": convolve2d(grey, gaussian),
    "left minus right: vertical edges": convolve2d(grey, vertical),
    "Sobel: strength of an edge": -edges,
}
fig, axes = plt.subplots(2, 2, figsize=(10, 6.9))
for ax, (name, picture) in zip(axes.flat, pictures.items()):
    ax.imshow(picture, cmap="gray")
    ax.set_title(name, fontsize=14)
    ax.axis("off")
fig.suptitle("Each filter asks one question everywhere", fontweight="bold")
plt.show()

# %% [markdown]
# The upright posts answer the third filter, the level lines of the roofs hardly do. Light and dark say which side of an edge is brighter; Sobel's strength forgets that and draws every outline. The sky answers nothing.
# Nobody trained anything here: people chose these questions. A CNN will choose its own.

# %% [markdown]
# ## 4 Keep the strongest answer
#
# <details>
# <summary>中文</summary>
#
# 卷积层问“这里有没有”，**最大池化**把相邻几个回答合成一个，只留最强的：$(3,1,4,1,5,9)$ 每两个取一个最大的，得 $(3,4,9)$。像一排探测器并联：只要有一个响了，就算响了，具体是哪一个不再追究。图样挪动一点点，最大值往往不变，这叫局部不变性；但只是“往往”。池化层的参数是 **0** 个，图的边长减半，后面的层因此便宜，也看得更远。
#
# </details>
#
# A feature map says *how strongly* and *where*. For a digit, "roughly where" will do. **Max pooling** keeps the strongest of each two answers:


# %% tags=["nbval-check-output"]
def max_pool(x, k=2):
    """Return the largest of each k numbers in a row; len(x) must be a multiple of k."""
    return x.reshape(-1, k).max(axis=1)


x = np.array([3, 1, 4, 1, 5, 9])
max_pool(x), max_pool(np.roll(x, 1))

# %% [markdown]
# Read it as detectors wired together: if one of two fires, the pair fires. The right-hand answer belongs to the same numbers moved by one place, in a circle. The 4 stayed where it was, as if nothing had moved, and the others
# did not. That is *local* invariance: often, not always. In Keras:

# %% tags=["nbval-check-output"]
layer = keras.layers.MaxPooling1D(2)
by_keras = layer(x[None, :, None].astype("float32"))
claims.check("parameters of a pooling layer", layer.count_params(), "0", band=(0, 0))
keras.ops.convert_to_numpy(by_keras)[0, :, 0]

# %% [markdown]
# It has **0** parameters. In two dimensions it halves both sides, and so quarters the work of what follows.

# %% [markdown]
# ## 5 What sharing costs, and how far it sees
#
# <details>
# <summary>中文</summary>
#
# 同样把 28×28 的图变成 64 张 28×28 的特征图：全连接层要 **39,388,160** 个参数，3×3 的卷积层只要 (3·3·1+1)·64 = **640** 个。参数少六万倍，乘法却只少 **87** 倍，因为同一个权重在每个位置都要用一次。卷积省的是参数，不是同等地省计算。
#
# 窗口小，怎么看到全局？靠叠。第 $l$ 层的一个输出能看到的输入宽度叫**感受野**：$r_l=r_{l-1}+(k_l-1)j_{l-1}$，$j_l=j_{l-1}s_l$。卷积 3、池化 2、卷积 3，依次是 3、4、8。逐个拨动输入，恰好有 **8** 个会影响某个输出。
#
# </details>
#
# Turn one 28×28 picture into 64 maps of the same size. A dense layer needs a weight for each pair of an input and an output; a convolution, 3·3 weights and a bias for each filter.

# %% tags=["nbval-check-output"]
dense = keras.layers.Dense(28 * 28 * 64)
dense.build((None, 28 * 28))
claims.check("parameters, dense", dense.count_params(), "39,388,160", band=(39_388_160, 39_388_160))

# %% [markdown]
# And the convolution:

# %% tags=["nbval-check-output"]
convolution = keras.layers.Conv2D(64, 3, padding="same")
convolution.build((None, 28, 28, 1))
claims.check("parameters, convolution", convolution.count_params(), "640", band=(640, 640))

# %% [markdown]
# **39,388,160** against $(3 \cdot 3 \cdot 1 + 1) \cdot 64 =$ **640**. The multiplications are another matter. A dense weight is used once, a shared weight at every place:


# %% tags=["nbval-check-output"]
def multiplications(n, k, c_in, c_out):
    """Return the multiplications of a convolution, for c_out maps of n × n places, with windows k × k × c_in."""
    return n * n * c_out * k * k * c_in


ratio = (28 * 28) * (28 * 28 * 64) / multiplications(28, 3, 1, 64)
claims.check("multiplications, dense over convolution", ratio, "87 times", band=(87, 87.2))
multiplications(28, 3, 1, 64)

# %% [markdown]
# Sixty thousand times fewer parameters, but only **87** times fewer multiplications. CNNs are small and still keep a processor busy.
#
# A window of three sees three pixels. To see a digit, *stack*. The **receptive field** $r$ is the width of input that one output can see, the jump $j$ the distance between the inputs
# of two neighbouring outputs:
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


receptive_fields([(3, 1), (2, 2), (3, 1)])  # convolution 3, pooling 2, convolution 3

# %% [markdown]
# Formulas can be wrong, so poke. Raise one input after the other, and count those that change the first output.


# %% tags=["nbval-check-output"]
def stack(x):
    """Return convolution 3, pooling 2 and convolution 3 of x, all weights one."""
    ones = np.ones(3)
    return convolve1d(max_pool(convolve1d(x, ones)), ones)


reached = sum(stack(poke)[0] != 0 for poke in np.eye(12))
claims.check("inputs that reach one output", reached, "8", band=(8, 8))

# %% [markdown]
# **8**, as computed. Each pooling doubles the jump, so depth widens the view fast.

# %% [markdown]
# ## 6 Equivariant, invariant, neither
#
# <details>
# <summary>中文</summary>
#
# 设 $g$ 是对输入的一种变换，比如平移。$f(gx)=g\,f(x)$ 叫**等变**：输入怎么动，输出跟着怎么动。$f(gx)=f(x)$ 叫**不变**：输入动，输出不动。ReLU 对正数缩放等变，范数对旋转不变，求和对平移不变。
#
# 用数字验证。循环卷积和 ReLU 对平移等变，相差不到 **1e-12**；补零的卷积只在边界上不等变，内部相差 **0**；步幅为 2 的池化只对偶数步的平移等变，差 **0**，平移一步则不行；最后做全局池化，整个网络就不变了，相差不到 **1e-12**。等变层叠在一起还是等变，末尾接一个不变层，整体就不变。
#
# 这就是**先验**，写在结构里的信念。其实有两条：要紧的东西是**局部**的，所以小窗口就够；它在哪儿都一样，所以权重可以共享。信念若是对的，假设空间小了许多，真相却还留在里面，同样多的数据就更够用。可是旋转和缩放不在其中：图像转 90 度，卷积的结果并不跟着转。要么做数据增强，要么用可转向（steerable）CNN。
#
# </details>
#
# Why share weights at all? Because a stroke is a stroke wherever it stands. Two words make that precise. Let $g$ move the input. Then
#
# $$\begin{aligned} f(g\,x) &= g\,f(x) &&\text{(equivariant: the answer moves along)}, \\ f(g\,x) &= f(x) &&\text{(invariant: it stays)}. \end{aligned}$$
#
# You know examples. ReLU is equivariant to scaling by a positive number. The norm of a vector is invariant to rotation, a sum to any shift. Now for our layers. We move a random signal by one or two
# places, in a circle, and see how far $f(g\,x)$ is from $g\,f(x)$.

# %%
import pandas as pd

w = rng.normal(size=3)
layers = {
    "circular convolution": lambda x: convolve1d(np.pad(x, 1, mode="wrap"), w),
    "ReLU": lambda x: np.maximum(x, 0),
    "zero-padded convolution": lambda x: convolve1d(np.pad(x, 1), w),
    "pooling, stride 2": max_pool,
    "global pooling": lambda x: x.max(keepdims=True),
}

# %% [markdown]
# Behind a stride of 2, a move by two is a move by one. That is why the output's move is the input's divided by the stride.


# %%
def defect(f, x, move):
    """Return |f(g x) − g f(x)| at each place of the output, where g moves by so many places in a circle."""
    stride = len(x) // len(f(x))
    return np.abs(f(np.roll(x, move)) - np.roll(f(x), move // stride))


x = rng.normal(size=32)
rows = {name: [defect(f, x, move).max() for move in (1, 2)] for name, f in layers.items()}
pd.DataFrame(rows, index=["moved by 1", "moved by 2"]).T.round(3)

# %% [markdown]
# Zero means: equivariant. Where does the zero-padded one fail? And does a whole chain inherit the property?


# %% tags=["nbval-check-output"]
def network(x):
    """Return circular convolution, ReLU, and then the largest value: a small invariant network."""
    return layers["global pooling"](layers["ReLU"](layers["circular convolution"](x)))


inside = defect(layers["zero-padded convolution"], x, 1)[2:-2].max()
claims.check(
    "circular convolution, defect", rows["circular convolution"][0], "below 1e-12", band=(None, 1e-12)
)
claims.check("zero padding, defect away from the border", inside, "0", band=(0, 1e-12))
claims.check("pooling, defect after a move by 2", rows["pooling, stride 2"][1], "0", band=(0, 0))
claims.check("network, change after a move by 1", defect(network, x, 1)[0], "below 1e-12", band=(None, 1e-12))

# %% [markdown]
# The circular convolution follows to within **1e-12**, rounding. Zero padding breaks it *at the border*; inside, the defect is **0**. Pooling with stride 2 follows even moves, with
# defect **0**, and no odd ones. Global pooling forgets the place and is invariant. Composition works: equivariant layers
# stay equivariant in a row, and one invariant layer at the end makes the whole network invariant, again to **1e-12**.
#
# This is a **prior**: a belief put into the architecture. There are two beliefs, in fact. What matters is *local*, so a small window will do. And it is the same *everywhere*, so the weights may be shared. The hypothesis space becomes far
# smaller, and, if the beliefs are right, it still holds the truth. With fewer functions to choose from, the same data go further: lecture 1's generalisation gap, closed from the other side.
#
# Convolutions believe in shifts and in nothing else. Turn the picture, and the answer does not turn along:

# %%
image = rng.normal(size=(6, 6))
turned = np.abs(convolve2d(np.rot90(image), sobel) - np.rot90(convolve2d(image, sobel))).max()
print(f"{turned:.2f} is the largest difference after a quarter turn")

# %% [markdown]
# For rotations and sizes we train on turned and zoomed copies (*augmentation*), or build the symmetry in, as *steerable* CNNs do.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (20 minutes, sections 4 to 6). Act it out: a student walks along the board, the shadow follows (equivariant), the student's name stays (invariant). Likely question: "is max pooling invariant?" To
# small moves, often; to all moves, only if it is global. Common confusion: equivariance is a property of the layer *before* training; no data is needed.

# %% [markdown]
# ## 7 The network
#
# <details>
# <summary>中文</summary>
#
# 两段“卷积、池化”，再接一个全连接层。特征图从 28×28×64、14×14×64、14×14×128 到 7×7×128：通道越来越多，图越来越小，用分辨率换抽象，从边缘到形状，更深的网络再到物体。到了最后，7·7·128 个数各看过 10×10 的一小块，合起来已经是“哪儿有什么”的清单，次序只是约定，正好交给全连接层（上一讲的“稠密特征”）。全部参数 **137,226** 个，比上一讲的全连接网络少一半。
#
# 测试准确率：讲义说 **99.3** %，我们只训练两轮，量到 **99.1** %。多训练几轮会怎样，自己试试看。上一讲的全连接网络是 98.4 %，犯的错多出将近一倍。
#
# </details>
#
# Time to build. Two rounds of convolution and pooling, then one dense layer for ten answers. Dropout, which silences a random quarter of that layer's inputs at each step of training, keeps it from leaning on a few of them.

# %%
from utils.datasets import load_mnist

MNIST = ("mnist",)  # the data that our claims rest on
(x_train, y_train), (x_test, y_test) = load_mnist()
x_train.shape, str(x_train.dtype)

# %% [markdown]
# `Lambda` divides by 255 inside the model, as in lecture 5. `Reshape` adds the channel axis that a convolution expects.


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
# Adam takes the steps, and the rate ε falls to zero along half a cosine, as in lecture 5, here from 0.003. We train for two epochs in
# batches of 64, and stop there because your time is limited, not because the network has nothing left to learn.


# %%
def build(layers, n_steps):
    """Return an untrained network of these layers, whose learning rate falls to zero over so many steps."""
    model = keras.Sequential([keras.Input((28, 28)), *layers])
    model.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(3e-3, n_steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=10,  # hand over 10 batches at a time: the same steps, less overhead
    )
    return model


batch_size = 64
steps_per_epoch = int(np.ceil(len(x_train) / batch_size))
n_epochs = max(2, 9_000 // len(x_train))  # two; more on a stand-in, which has few digits
cnn = build(cnn_layers(64, 128), n_epochs * steps_per_epoch)

# %% [markdown]
# Predict each shape and each number of parameters before you run this.

# %% tags=["nbval-check-output"]
for layer in cnn.layers:
    print(f"{type(layer).__name__:13} {layer.output.shape[1:]!s:14} {layer.count_params():7,}")

# %% [markdown]
# The last column, added up:

# %% tags=["nbval-check-output"]
claims.check("parameters of the CNN", cnn.count_params(), "137,226", band=(137_226, 137_226))

# %% [markdown]
# Read the shapes from top to bottom: the maps shrink, and the channels grow. *Where* is traded for *what*, resolution for abstraction: edges, then shapes, then, in deeper networks, objects. In the end 7·7·128 numbers say what was found, and roughly
# where. Each of them has seen a patch of 10 × 10 pixels (section 5's formula, with one more pooling). That list is lecture 5's dense features: its order is a convention, and a dense layer may read it. All in all **137,226** parameters, half of lecture 5's network.

# %%
from tqdm import tqdm
from tqdm.keras import TqdmCallback


def train(model, x, name, epochs):
    """Train the model on images x and their labels, with a plain-text bar."""
    bar = TqdmCallback(verbose=0, tqdm_class=tqdm, desc=name)
    model.fit(x, y_train, epochs=epochs, batch_size=batch_size, verbose=0, callbacks=[bar])


train(cnn, x_train, "CNN 64/128", n_epochs)

# %% [markdown]
# The measure is accuracy on the test digits, and we keep the answers for section 9.

# %%
answers = cnn.predict(x_test, batch_size=500, verbose=0)
wrong = np.flatnonzero(answers.argmax(axis=1) != y_test)
len(wrong), len(y_test)

# %% tags=["nbval-check-output"]
accuracy = 100 * (1 - len(wrong) / len(y_test))
claims.check(
    "CNN 64/128, test accuracy",
    accuracy,
    "99.1 % (slide: 99.3 %)",
    band=(98.98, 99.3),
    stand_in=(96, None),
    data=MNIST,
)

# %% [markdown]
# The slide says **99.3 %**; ours, after two epochs, **99.1 %**. Give it three or four, and see how far it gets. Lecture 5's network, with twice the parameters, made nearly twice the mistakes.

# %% [markdown]
# ## 8 A prior that fits, and one that does not
#
# <details>
# <summary>中文</summary>
#
# 要比较，配方就得一样。四次训练：小一号的 CNN（32/64 个滤波器）和上一讲的全连接网络，分别用原样的和打乱像素的数字，都只训练一轮，其余一字不差。原样的数字上，CNN **98.6** %，全连接 **97.4** %，相差 **1.3** 个百分点，错误少了将近一半。打乱以后，全连接 **97.4** %，一点没丢；CNN 掉到 **94.9** %，反而输给它 **2.5** 个百分点。信息并没有丢，全连接网络就是证明。先验是一个赌注：押对了省一半的错，押错了要付钱。
#
# 再看平移。把测试数字向右移几个像素，不重新训练。移两格：CNN 还有 **95** %，全连接剩 **77** %；移四格：CNN **63** %，全连接 **32** %。CNN 强得多，但绝不是平移不变：末尾的 Flatten 和 Dense 认的是固定的位置。
#
# </details>
#
# Was it the convolution, or the recipe? Compare at *equal* recipe: a smaller CNN with 32 and 64 filters, and lecture 5's dense network. One epoch each, the same batches, rate and optimiser, and not one hyperparameter tuned for either. And both again on shuffled
# digits, one order of the pixels for all images.


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


# %% [markdown]
# Four trainings:

# %%
order = rng.permutation(784)
short = max(1, 9_000 // len(x_train))  # one epoch; more on a stand-in
models, scores = {}, {}
for shape, layers in (("CNN", lambda: cnn_layers(32, 64)), ("dense", dense_layers)):
    for digits, pixels in (("plain", np.arange(784)), ("shuffled", order)):
        model = build(layers(), short * steps_per_epoch)
        train(model, shuffle(x_train, pixels), f"{shape}, {digits}", short)
        scores[shape, digits] = (
            100 * model.evaluate(shuffle(x_test, pixels), y_test, batch_size=500, verbose=0)[1]
        )
        models[shape, digits] = model
{" on ".join(key): round(score, 2) for key, score in scores.items()}

# %% [markdown]
# Errors say more than accuracies near 100 %. So here is what each network gets wrong:

# %% mystnb={"image": {"alt": "Bars of test error in per cent for two networks, on plain digits and on shuffled digits. On plain digits the CNN errs least. On shuffled digits the dense network errs as before, and the CNN errs most."}}
places = np.arange(2)
for offset, shape, hatch in ((-0.2, "CNN", ""), (0.2, "dense", "//")):
    errors = [100 - scores[shape, digits] for digits in ("plain", "shuffled")]
    bars = plt.bar(places + offset, errors, width=0.38, hatch=hatch, edgecolor="white", label=shape)
    plt.bar_label(bars, fmt="%.1f %%", padding=3)
plt.xticks(places, ["plain digits", "shuffled digits"])
plt.grid(axis="x", visible=False)
plt.ylim(0, 1.35 * (100 - min(scores.values())))
plt.legend(loc="upper left")
costs = [scores[shape, "plain"] - scores[shape, "shuffled"] for shape in ("CNN", "dense")]
plotting.show(
    "Shuffling costs the CNN {:.1f} points, the dense network {:.1f}".format(*costs), "", "test error (%)"
)

# %% tags=["nbval-check-output"]
claims.check(
    "CNN on plain digits",
    scores["CNN", "plain"],
    "98.6 %",
    band=(98.35, 98.95),
    stand_in=(94.5, 99.3),
    data=MNIST,
)
claims.check(
    "dense on plain digits",
    scores["dense", "plain"],
    "97.4 %",
    band=(96.7, 98.05),
    stand_in=(96, 99.8),
    data=MNIST,
)

# %% [markdown]
# On plain digits the CNN reaches **98.6 %** and the dense network **97.4 %**. And on shuffled ones?

# %% tags=["nbval-check-output"]
# By lecture 5 the dense network's accuracy has one distribution on both, hence one band: from the pooled spread.
claims.check(
    "dense on shuffled digits",
    scores["dense", "shuffled"],
    "97.4 %",
    band=(96.7, 98.05),
    stand_in=(95.5, 99.9),
    data=MNIST,
)
claims.check(
    "CNN on shuffled digits",
    scores["CNN", "shuffled"],
    "94.9 %",
    band=(93.8, 96),
    stand_in=(94.5, 100),
    data=MNIST,
)

# %% [markdown]
# The dense network reaches **97.4 %** again, as lecture 5 proved it must. The CNN falls to **94.9 %**. How large are the
# two steps?

# %% tags=["nbval-check-output"]
# On a stand-in's 297 test digits, once drawn on 8 × 8 pixels, the CNN is behind by three digits, shuffled or not:
# too few to say anything about priors, so nothing is asserted there.
gain = scores["CNN", "plain"] - scores["dense", "plain"]
loss = scores["dense", "shuffled"] - scores["CNN", "shuffled"]
claims.check("what a right prior gains", gain, "1.3 points", band=(0.5, 2.1), stand_in=None, data=MNIST)
claims.check("what a wrong prior costs", loss, "2.5 points", band=(1.3, 3.7), stand_in=None, data=MNIST)

# %% [markdown]
# Where neighbours mean something, knowing it is worth **1.3 points**, nearly half of the errors. Where they mean nothing, the same knowledge costs **2.5 points**. Nothing is
# lost in the data: the dense network proves it. A prior is a bet.
#
# The bet was on *shifts*, so shift the test digits to the right, and change nothing else. MNIST's digits have a blank margin of about four pixels, so hardly any ink is lost.

# %%
pixels = np.arange(5)
shifted = {
    shape: [
        100
        * models[shape, "plain"].evaluate(np.roll(x_test, k, axis=2), y_test, batch_size=500, verbose=0)[1]
        for k in pixels
    ]
    for shape in ("CNN", "dense")
}
pd.DataFrame(shifted, index=pixels).T.round(1)

# %% mystnb={"image": {"alt": "Test accuracy against the shift in pixels, 0 to 4. Both networks start above 96 per cent; the dense one falls steeply to about a third, the CNN stays high for two pixels and then falls as well."}}
plt.plot(pixels, shifted["CNN"], marker="o", label="CNN")
plt.plot(pixels, shifted["dense"], marker="s", label="dense")
plt.ylim(0, 102)
plt.xticks(pixels)
plt.legend(loc="lower left")
plotting.show(
    "The CNN bears a shift better, and not for ever", "shift to the right (pixels)", "test accuracy (%)"
)

# %% tags=["nbval-check-output"]
claims.check(
    "CNN, digits shifted by 2", shifted["CNN"][2], "95 %", band=(93, 97.6), stand_in=(65, 86), data=MNIST
)
claims.check(
    "dense, digits shifted by 2",
    shifted["dense"][2],
    "77 %",
    band=(69, 85.5),
    stand_in=(58.5, 79),
    data=MNIST,
)
claims.check(
    "CNN, digits shifted by 4", shifted["CNN"][4], "63 %", band=(51, 75), stand_in=(21, 40), data=MNIST
)
claims.check(
    "dense, digits shifted by 4",
    shifted["dense"][4],
    "32 %",
    band=(27, 38),
    stand_in=(12.5, 38),
    data=MNIST,
)

# %% [markdown]
# By two pixels: **95 %** for the CNN, **77 %** for the dense network. By four: **63 %** against **32 %** (means over ten seeds; a single pair wobbles by a few points). So a CNN is much better at shifts, and *not* invariant. Section 6
# says why: its convolutions are equivariant, its pooling nearly, but then come Flatten and Dense, and a dense layer knows each place by its own weight.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (25 minutes, sections 7 and 8). Vote before the bars: will the CNN lose on shuffled digits, and against whom? Likely question: "could a CNN with a window of 28×28 unshuffle?" Yes, it is then a dense layer:
# the prior *is* the small window. Common confusion: "shuffled pixels destroy information". They destroy none.

# %% [markdown]
# ## 9 Look inside
#
# <details>
# <summary>中文</summary>
#
# 第一层有 64 个 3×3 的滤波器，没有人教过，许多却长成了各个方向的边缘，和第 3 节手工设计的很像；也有一些说不出是什么。一个 5 经过第一层，有的图留下整个笔画，有的只留某一侧的边；经过第二层，图更小、更稀疏，一处亮点代表“这里有某种形状”。
#
# 再看它认错的数字。有些谁也说不清是几，有些却一目了然；认对的数字上，它的平均信心是 **99.3** %；可是大约有 **19** 个错误，它的信心也超过九成。
#
# 这不止是数字的故事。ImageNet 竞赛（120 万张图，1,000 类）的 top-5 错误率，2011 年是 26 %；2012 年 AlexNet 用卷积网络降到 16 %；2015 年 ResNet 低于 4 %，而受过训练的人大约是 5 %。
#
# </details>
#
# What did it learn? The first layer's filters are small enough to look at.

# %% mystnb={"image": {"alt": "Sixty-four small squares of three by three pixels, the first layer's learned filters. Many are light on one side and dark on the other, in all directions: edge detectors. Some are blobs."}}
filters = cnn.layers[2].get_weights()[0][:, :, 0]
strongest = np.abs(filters).max()
fig, axes = plt.subplots(4, 16, figsize=(10, 3.4))
for ax, kernel in zip(axes.flat, np.moveaxis(filters, 2, 0)):
    ax.imshow(kernel, cmap="gray", vmin=-strongest, vmax=strongest)
    ax.axis("off")
fig.suptitle("Nobody asked for edges: the 64 learned filters", fontweight="bold")
plt.show()

# %% [markdown]
# Many are light on one side and dark on the other: edges, in all directions, as in section 3. Others are hard to name, and we will not pretend otherwise. And what do they answer to a five? Every layer's output is there for the asking.

# %%
inside = keras.Model(cnn.inputs[0], [cnn.layers[2].output, cnn.layers[4].output])
five = x_test[np.argmax(y_test == 5)]
first, second = (
    np.asarray(keras.ops.convert_to_numpy(maps))[0] for maps in inside(five[None].astype("float32"))
)
first.shape, second.shape

# %% [markdown]
# We sort each layer's maps by how strongly they answer, and show eight of them, evenly spaced.

# %% mystnb={"image": {"alt": "Two rows of eight feature maps of a handwritten five. In the upper row, from the first layer, some maps keep the whole stroke, others only one side of it. In the lower row, from the second layer, the maps are coarser and mostly dark with a few bright spots."}}
fig, axes = plt.subplots(2, 8, figsize=(10, 3.4))
for row, maps in zip(axes, (first, second)):
    for ax, k in zip(row, np.argsort(-maps.std(axis=(0, 1)))[:: maps.shape[2] // 8]):
        ax.imshow(maps[:, :, k], cmap="magma")
        ax.axis("off")
fig.suptitle("A five after layer one: strokes. After layer two: where its parts are", fontweight="bold")
plt.show()

# %% [markdown]
# Last, digits that it gets wrong. "8 for a 1" means that it answered 8 and the label says 1.

# %% mystnb={"image": {"alt": "Sixteen handwritten digits that the network names wrongly, each with its answer and the true label. Some are ambiguous or barely legible, others are plain to see."}}
fig, axes = plt.subplots(2, 8, figsize=(10, 3.6))
for ax, k in zip(axes.flat, wrong):
    ax.imshow(x_test[k], cmap="gray_r")
    ax.set_title(f"{answers[k].argmax()} for a {y_test[k]}", fontsize=13)
for ax in axes.flat:
    ax.axis("off")
fig.suptitle("Some mistakes are ours to forgive, others are not", fontweight="bold")
plt.show()

# %% tags=["nbval-check-output"]
confidence = 100 * answers.max(axis=1)
claims.check(
    "confidence where it is right",
    np.delete(confidence, wrong).mean(),
    "99.3 %",
    band=(99.15, 99.5),
    stand_in=(95.5, 98.9),
    data=MNIST,
)
sure = np.sum(confidence[wrong] > 90)
claims.check(
    "mistakes made with more than 90 % confidence",
    sure,
    "19 mistakes",
    band=(3, 35),
    stand_in=(None, 5),
    data=MNIST,
)

# %% [markdown]
# Where the network is right, its confidence is **99.3 %** on average. But some **19 mistakes** were made with more than 90 % confidence. Confidence helps to find mistakes, and does not rule them out.
#
# The same idea, larger, changed the field. The ImageNet challenge asks for one of 1,000 classes, with 1.2 million images to learn from; an answer counts if it is among five guesses.
#
# | year | | top-5 error |
# | --- | --- | --- |
# | 2011 | features designed by hand | 26 % |
# | 2012 | AlexNet, a CNN of 8 layers | 16 % |
# | 2015 | ResNet, CNNs of up to 152 layers | below 4 % |
# | | a trained human | about 5 % |
#
# Those figures are published ones, not ours. Next lecture: images that do not fit into memory, and a task where accuracy is the wrong measure.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚量到的值放在一起。凡带随机性的，课文写的是许多次运行的平均，你这一次会略有出入。只要有一个落在允许的范围之外，这个笔记本就会报错停下。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine. Where chance enters, the lecture states the mean
# over many runs, and yours is one more.

# %%
claims.table()

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 卷积是滑动的加权和，也是对角线为常数的稀疏矩阵；深度学习里不翻转。
# - 输出长度 $\lfloor (n+2p-d(k-1)-1)/s\rfloor+1$；权重数与图像大小无关。
# - 共享省的是参数，乘法省得少得多；感受野靠叠层和池化变大。
# - 卷积对平移等变（边界除外），池化只对步幅的整数倍等变，全局池化不变；带 Flatten 的 CNN 不是平移不变的。
# - 先验对了少犯将近一半的错，先验错了要付代价。
#
# </details>
#
# - A convolution is a sliding weighted sum, and a sparse matrix with constant diagonals. Deep learning leaves out the flip.
# - A window has $\lfloor (n + 2p - d(k-1) - 1)/s \rfloor + 1$ places. Its number of weights does not depend on the picture.
# - Sharing saves parameters far more than multiplications. Stacking and pooling widen the receptive field.
# - Convolutions follow shifts, but at the border; pooling follows multiples of its stride; global pooling ignores shifts. A CNN that ends in Flatten and Dense is not invariant.
# - A prior that fits nearly halves the errors. One that does not costs more than it ever gained.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# 1. 本讲的 CNN 以 Flatten 和 Dense 结尾。测试数字整体右移四格，它的回答会变吗？
# 2. 图像从 28×28 换成 56×56。第一层卷积的参数变成几倍？最后的全连接层呢？
# 3. 把所有图的像素按同一个次序打乱，让 CNN 重新训练。它会学成原来的水平吗？
#
# </details>
#
# **A.** Our CNN ends in Flatten and Dense. All test digits move four pixels to the right. Do its answers change?
#
# <details>
# <summary>Answer</summary>
#
# Yes, many. "No, convolutions handle shifts" tempts, because each convolution does: it moves its answer along. The dense layer at the end then finds that answer at a place it has other weights for. Global pooling in place of Flatten
# would make it invariant, but for the borders and the strides.
#
# 会，而且变很多。卷积只是等变：输入挪了，特征图也跟着挪，末尾的全连接层却认死了位置。把 Flatten 换成全局池化，才（除了边界和步幅）不变。
#
# </details>
#
# **B.** Pictures of 56×56 replace those of 28×28. How many times more parameters has the first convolution? And the dense layer at the end?
#
# <details>
# <summary>Answer</summary>
#
# Once, and four times. "Four and four" tempts because there are four times more *multiplications* in both. But a shared weight is counted once, however often it is used.
#
# 卷积层不变，全连接层变成四倍。变成四倍的是乘法次数；共享的权重用多少次都只算一个。
#
# </details>
#
# **C.** All images are shuffled by the same order, and the CNN may train again. Does it do as well as before?
#
# <details>
# <summary>Answer</summary>
#
# No. "Yes" tempts because lecture 5 says so of dense networks, whose hypothesis space contains the network with its rows moved. Ours does not: a convolution with its rows moved is no convolution.
#
# 不会。上一讲的结论说的是全连接网络：行搬一搬，还在同一个假设空间里。卷积的行一搬，就不再是卷积了。
#
# </details>

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
# 3. 带空洞率的感受野。
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. Pooling a picture.* Return the largest number of each k×k block of `x`, whose sides are multiples of k. One `reshape` to four axes is enough.

# %% tags=["nbval-check-output"]
from utils.exercises import attempt


def pool_blocks(x, k):
    return ...


def check_pool_blocks(f):
    x = np.array([[1, 2, 0, 0, 5, 1], [3, 4, 0, 7, 1, 1], [9, 0, 1, 1, 0, 2], [0, 0, 1, 8, 0, 6]])
    result = np.asarray(f(x, 2))
    if result.shape != (2, 3):
        return f"4 × 6 pixels in blocks of 2 × 2 should give shape (2, 3), not {result.shape}"
    if not np.array_equal(result, [[4, 7, 5], [9, 8, 6]]):
        return f"each number should be the largest of one block; the first row is 4, 7, 5 and not {result[0]}"
    if np.shape(f(np.zeros((6, 3)), 3)) != (2, 1):
        return "with k = 3, a picture of 6 × 3 pixels should give shape (2, 1)"


attempt(pool_blocks, check_pool_blocks)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def pool_blocks_solution(x, k):
    height, width = x.shape
    return x.reshape(height // k, k, width // k, k).max(axis=(1, 3))


def pool_blocks_mistake(x, k):  # the right shape, but the axes cut the rows into pieces
    height, width = x.shape
    return x.reshape(height // k, width // k, k, k).max(axis=(2, 3))


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
    result = np.asarray(f(spot, w, convolve2d))
    if result.shape != (3, 3):
        return f"a 3 × 3 window in a picture of 5 × 5 should give shape (3, 3), not {result.shape}"
    if not np.array_equal(result, w):
        return f"a single bright spot should come back as w itself, upright; its first row became {result[0]}"


attempt(true_convolution, check_true_convolution)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def true_convolution_solution(x, w, correlate):
    return correlate(x, w[::-1, ::-1])


def true_convolution_mistake(x, w, correlate):  # flipped in one direction only
    return correlate(x, w[::-1])


assert check_true_convolution(true_convolution_solution) is None

# %% [markdown]
# *3. Receptive field with dilation.* Given layers as triples (k, s, d) of kernel size, stride and dilation, return the receptive field after the last one.


# %% tags=["nbval-check-output"]
def dilated_field(layers):
    return ...


def check_dilated_field(f):
    cases = {
        ((3, 1, 1), (2, 2, 1), (3, 1, 1)): (8, "without dilation it should be that of section 5"),
        ((3, 1, 1), (3, 1, 2), (3, 1, 4)): (15, "dilations of 1, 2 and 4 should see 1 + 2 + 4 + 8"),
        ((3, 2, 1),): (3, "a stride tells on the layers behind it, not on its own"),
        ((2, 2, 1), (3, 1, 2)): (10, "behind a stride of 2, a gap of 2 is 4 inputs wide"),
    }
    for layers, (expected, why) in cases.items():
        if (r := f(list(layers))) != expected:
            return f"{layers} should give {expected}, not {r}: {why}"


attempt(dilated_field, check_dilated_field)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def dilated_field_solution(layers):
    r, j = 1, 1
    for k, s, d in layers:
        r, j = r + d * (k - 1) * j, j * s
    return r


def dilated_field_mistake(layers):  # the stride counts too early
    r, j = 1, 1
    for k, s, d in layers:
        j *= s
        r += d * (k - 1) * j
    return r


assert check_dilated_field(dilated_field_solution) is None

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：LeCun 等人 1998 年的论文是卷积网络和 MNIST 的出处；Dumoulin 与 Visin 用图讲清填充、步幅和空洞的算术；Cohen 与 Welling 把等变性推广到旋转；Zhang 说明池化的步幅怎样破坏平移等变，又怎样补救；AlexNet 和 ResNet 的原文也都好读。
#
# </details>
#
# - Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition", *Proceedings of the IEEE* 86 (1998).
# - V. Dumoulin, F. Visin, [A guide to convolution arithmetic for deep learning](https://arxiv.org/abs/1603.07285), 2016.
# - T. Cohen, M. Welling, [Steerable CNNs](https://arxiv.org/abs/1612.08498), ICLR 2017.
# - R. Zhang, [Making convolutional networks shift-invariant again](https://arxiv.org/abs/1904.11486), ICML 2019: what strides break, and how to mend it.
# - A. Krizhevsky, I. Sutskever, G. Hinton, "ImageNet classification with deep convolutional neural networks", NeurIPS 2012: AlexNet.
# - K. He, X. Zhang, S. Ren, J. Sun, [Deep residual learning for image recognition](https://arxiv.org/abs/1512.03385), CVPR 2016: ResNet.
