# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3 · XOR: four points that no line can separate
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/03_xor.ipynb)
#
# A light on a staircase has two switches, one at each end. Flip either and the light changes. So it is on when exactly one
# switch is up: the *exclusive or*, XOR.
#
# This lecture asks two questions. The first: what is the smallest rule of on/off switches that a linear model cannot do, and what does
# one hidden layer change? XOR has four examples, so we can follow every number by hand. The second: how does a model answer
# with a *name*, such as "six", when all that it computes are numbers?
#
# **You will**
#
# - prove at your desk that no linear model computes XOR, and find out whether stacking two helps;
# - build a network of two ReLU units that does, and see in a picture why it works;
# - train 500 starts at once, and explain how they end;
# - train a softmax regression on digits, and say what the labels and what the loss contribute;
# - choose an output and a loss for a classifier, and say why.
#
# **You need** the chain rule, matrix products, NumPy, and least squares from lecture 1.
# **It takes** 82 minutes to teach and under 60 seconds to run on 2 CPU cores. Sections marked ★ go deeper: read them at home.
#
# **Figures in bold** were measured or computed as the notebook ran. Where chance enters, they are means over many runs (ten seeds, mostly): your own run will differ a little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("03")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 Can a line switch this light?
#
# <details>
# <summary>中文</summary>
#
# 楼梯上下各有一个开关，拨动任何一个，灯都会变。恰好有一个开关朝上时灯亮，这就是**异或**（XOR）。
#
# 先动笔，再往下读：为什么找不到 $w_1,w_2,b$，使 $f(x)=w_1x_1+w_2x_2+b$ 在灯亮时大于 ½，灯灭时小于 ½？提示：从 00 出发拨动开关 2，$f$ 该升还是该降？再从 10 出发，拨动同一个开关。
#
# 从 00 到 01，灯亮了，$f$ 要升，所以 $w_2>0$；从 10 到 11，灯灭了，$f$ 要降，所以 $w_2<0$。可是对线性函数来说，不论开关 1 在哪一边，拨动开关 2 的变化都是同一个 $w_2$。矛盾：这四个点**线性不可分**。换什么损失、什么优化器、多少数据都没有用，毛病出在假设空间。
#
# 最小二乘怎么答？权重全是零，截距是 **0.5**：不论开关怎样，一律回答“一半”，经验风险 **0.25**，和完全不看输入时一样。这也可以由对称性直接看出来。把开关 1 的上下两端改个名字，四个答案 $y$ 全部变成 $1-y$，最好的直线只有一条，所以 $f(1-x_1,x_2)=1-f(x_1,x_2)$。比较两边 $x_2$ 的系数，$w_2=-w_2$，只能是零；同理 $w_1=0$；剩下 $b=1-b$。
#
# 从图上看，两条对角线交于同一个中点，直线不可能让这个点同时落在两侧。
#
# </details>
#
# Two switches, four cases, one light: the *exclusive or*, XOR. That is all the data there is.

# %% tags=["nbval-check-output"]
import numpy as np

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])  # the two switches
y = np.array([0.0, 1.0, 1.0, 0.0])  # the light
X.shape, y.shape

# %% [markdown]
# **At your desk**, before you read on: why are there no $w_1, w_2, b$ such that $f(x) = w_1x_1 + w_2x_2 + b$ is above ½ where the light is on and below ½
# where it is off? A hint: start at 00 and flip switch 2. Must $f$ rise or fall? Then start at 10 and flip the same switch.
#
# From 00 to 01 the light goes on. So $f$ must rise, and $w_2 > 0$. From 10 to 11 the light goes off. So $f$ must fall, and $w_2 < 0$. But
# a linear function changes by the same $w_2$ in both cases, wherever switch 1 is. That is a contradiction: the four points are **not linearly separable**. No other loss, no optimiser and no
# amount of data will help. The fault is in the hypothesis space.
#
# What does least squares answer? Lecture 1's recipe is a column of ones, then `lstsq`. scikit-learn should say the same.

# %% tags=["nbval-check-output"]
from sklearn.linear_model import LinearRegression

b, *w = np.linalg.lstsq(np.column_stack([np.ones(4), X]), y, rcond=None)[0]
model = LinearRegression().fit(X, y)
bool(np.allclose([b, *w], [model.intercept_, *model.coef_], atol=1e-12) and np.allclose(w, 0, atol=1e-12))

# %% tags=["nbval-check-output"]
claims.exact("intercept of the best line", b, "0.5")
claims.exact("empirical risk of the best line", np.mean((X @ w + b - y) ** 2), "0.25")

# %% [markdown]
# Both weights are zero, and the intercept is **0.5**. Whatever the switches say, the best line answers "half". Its risk, **0.25**, is what we
# would get without looking at the input.
#
# **Symmetry** gives the same answer without a computer. Rename the two ends of switch 1: "up" is now "down". In all four cases $y$ becomes $1 - y$. There is only one best
# line, so renaming must turn it into one minus itself: $f(1 - x_1, x_2) = 1 - f(x_1, x_2)$. Compare the factors of $x_2$ on both sides: $w_2 = -w_2$, so $w_2 = 0$. The same
# with switch 2 gives $w_1 = 0$. What is left is $b = 1 - b$.
#
# Now a picture. The diagonals join the cases of one kind.

# %%
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()


def draw_cases(ax, points, names):
    """Draw the four cases at these points, (4, 2), with their names: squares where the light is on, circles where it is off."""
    for point, name, lit in zip(points, names, y):
        ax.scatter(*point, s=220, marker="s" if lit else "o", color="C1" if lit else "C0")
        offset = (12 if point[0] > 0.5 else -12, 13 if point[1] > 0.5 else -25)  # outside the square
        ax.annotate(name, point, xytext=offset, textcoords="offset points", ha="center", fontsize=13)


# %% mystnb={"image": {"alt": "The four corners of the unit square. The cases 00 and 11, circles marked off, are joined by a dashed diagonal; 01 and 10, squares marked on, by a solid one. Both diagonals cross in the centre of the square."}}
draw_cases(plt.gca(), X, ["00: off", "01: on", "10: on", "11: off"])
plt.plot([0, 1], [0, 1], color="C0", linestyle="--", zorder=0)
plt.plot([0, 1], [1, 0], color="C1", zorder=0)
plt.gca().set(aspect="equal", xticks=[0, 1], yticks=[0, 1], xlim=(-0.3, 1.3), ylim=(-0.3, 1.3))
plotting.show("Both diagonals meet in the middle", "switch $x_1$", "switch $x_2$")

# %% [markdown]
# A line that separates the classes has one diagonal on each side. But the diagonals share their midpoint, and that point
# would have to be on both sides.

# %% [markdown] tags=["instructor"]
# 7 minutes. The symmetry argument is reading. Two minutes are for the desk, in pairs; let somebody try to draw the line on the board first. Likely question: "why
# not a curve?" Exactly: a hidden layer gives us one, and that is this lecture. Common confusion: least squares has not failed; it has found the best of a set that holds nothing better.

# %% [markdown]
# ## 2 Would two linear layers do?
#
# <details>
# <summary>中文</summary>
#
# 一层不够，叠两层行不行：先由输入算出 $h$，再由 $h$ 算出答案？先表态，再往下读。$h$ 的每个分量叫一个**隐藏单元**，单元的个数叫**宽度**。
#
# 把式子乘开：$(XW_1+c_1)W_2+c_2=X(W_1W_2)+(c_1W_2+c_2)$，两层线性合起来还是一层线性。宽度 64 的两层网络有 257 个参数，和合并后的 3 个参数在一千个输入上的差别不到 **1e-12**，只是舍入。所以：中间不加非线性，两层做不出一层做不到的事。
#
# </details>
#
# One layer is not enough. Would two do: some numbers $h$ computed from the input, then the answer from $h$? **Vote first.** The entries of $h$ are **hidden
# units**, because no data set tells us what they should be. Their number is the **width**.

# %% [markdown]
# Multiply it out, with examples in rows:
#
# $$(X W_1 + c_1)\,W_2 + c_2 \;=\; X\,(W_1 W_2) + (c_1 W_2 + c_2).$$


# %% tags=["nbval-check-output"]
def merge(W_1, c_1, W_2, c_2):
    """Return the one linear layer (W, c) that does what two do one after the other."""
    return W_1 @ W_2, c_1 @ W_2 + c_2


merge(np.array([[1, 1], [1, 1]]), np.array([0, -1]), np.array([[1], [-2]]), np.array([0]))

# %% [markdown]
# Check it in your head: both weights are $1 - 2 = -1$, the bias is $0 \cdot 1 + (-1)(-2) = 2$. Remember these matrices; section 3 uses them again.
# Now at width 64, with random weights, on a thousand inputs:

# %%
rng = np.random.default_rng(SEED)
W_1, c_1 = rng.normal(size=(2, 64)), rng.normal(size=64)
W_2, c_2 = rng.normal(size=(64, 1)), rng.normal(size=1)
W, c = merge(W_1, c_1, W_2, c_2)
inputs = rng.normal(size=(1_000, 2))
difference = np.abs((inputs @ W_1 + c_1) @ W_2 + c_2 - (inputs @ W + c)).max()
W_1.size + c_1.size + W_2.size + c_2.size, W.size + c.size, float(difference)

# %% tags=["nbval-check-output"]
# Rounding only: sums of 64 products of order 1 in double precision, seen below 1e-13.
claims.check("two linear layers against one", difference, "below 1e-12", band=(None, 1e-12))

# %% [markdown]
# Two hundred and fifty-seven parameters do what three can do, to within **1e-12**, which is rounding. *Without a nonlinearity
# between them, two layers can do nothing that one cannot.*

# %% [markdown] tags=["instructor"]
# 5 minutes. Let the class multiply out the product before you show it. Likely question: "and a hundred layers?" The same, pair by pair.

# %% [markdown]
# ## 3 Two ReLU units, by hand
#
# <details>
# <summary>中文</summary>
#
# 在两层之间放进最简单的非线性：**修正线性单元** ReLU，$\max(0,z)$，负的变成零，正的不变。取 $W=\begin{pmatrix}1&1\\1&1\end{pmatrix}$，$c=(0,-1)$，$w=(1,-2)$，$b=0$，正是上一节合并掉的那几个矩阵。先在纸上算出四个输入的答案，再往下读。
#
# 依次是 0、1、1、0，误差恰好是 **0**。
#
# 为什么行得通？看隐藏空间：01 和 10 落在同一个点 $h=(1,0)$ 上，四个点变成了 **3** 个点，一条直线就能分开。隐藏层没有“分类”，它把空间折了起来，让最后那层线性模型能够胜任。这样的 $h$ 也叫**特征映射**：图像网络里学到的是边缘、颜色、形状，这里学到的是“至少一个朝上”和“两个都朝上”。
#
# 隐藏单元没有先后：把它们连同各自的权重一起换位置，函数不变。只要各单元互不相同，宽度为 $H$ 的解就有 $H!$ 个写法。还可以把一个单元的输入权重和偏置乘以 10、输出权重除以 10，函数也不变，所以最小值点连成一片。
#
# </details>
#
# Put the simplest nonlinearity between the layers: the **rectified linear unit**, $\mathrm{ReLU}(z) = \max(0, z)$. Negative numbers become zero, the others
# pass. The network is then $f(x) = w^\top \max(0,\; W^\top x + c) + b$. Here it is, with the matrices of section 2 on its arrows.

# %% mystnb={"image": {"alt": "A network drawn as circles and arrows. Two inputs at the left, two hidden ReLU units in the middle, one output at the right. All four arrows into the hidden units carry the weight 1; the upper hidden unit has the bias 0, the lower one minus 1. The arrows to the output carry 1 and minus 2, and the output has bias 0."}}
places = {"$x_1$": (0, 1), "$x_2$": (0, 0), "$h_1$": (2, 1), "$h_2$": (2, 0), "f": (4, 0.5)}
arrows = {("$x_1$", "$h_1$"): 1, ("$x_1$", "$h_2$"): 1, ("$x_2$", "$h_1$"): 1, ("$x_2$", "$h_2$"): 1}
arrows |= {("$h_1$", "f"): 1, ("$h_2$", "f"): -2}
for (tail, head), weight in arrows.items():
    (x0, y0), (x1, y1) = places[tail], places[head]
    plt.annotate("", (x1, y1), (x0, y0), arrowprops={"arrowstyle": "->", "shrinkA": 22, "shrinkB": 22})
    plt.text(0.7 * x0 + 0.3 * x1, 0.7 * y0 + 0.3 * y1 + 0.05, f"{weight}".replace("-", "−"), fontsize=14)
for name, (x0, y0) in places.items():
    plt.text(x0, y0, name, ha="center", va="center", fontsize=16, bbox={"boxstyle": "circle", "fc": "white"})
plt.text(2, -0.26, "bias −1", ha="center", fontsize=14)
plt.text(2, 1.19, "bias 0", ha="center", fontsize=14)
plt.text(4, 0.22, "bias 0", ha="center", fontsize=14)
plt.axis((-0.5, 4.5, -0.4, 1.4))
plt.axis("off")
plt.title("Two inputs, two ReLU units, one output: nine parameters")
plt.show()

# %% [markdown]
# Six arrows carry weights, and each unit and the output have a bias: nine parameters. **On paper:** what does it answer to 00, 01, 10 and 11? Then run the hidden layer.

# %% tags=["nbval-check-output"]
W = np.array([[1, 1], [1, 1]])
c = np.array([0, -1])
w, b = np.array([1, -2]), 0
h = np.maximum(0, X @ W + c)
h

# %% [markdown]
# One row for each case. With $s = x_1 + x_2$ the units are $\max(0, s)$ and $\max(0, s - 1)$: the second stays silent until *both* switches are
# up. The output subtracts it twice.

# %% tags=["nbval-check-output"]
print(h @ w + b)
# Small whole numbers: nothing is rounded.
claims.exact("largest error of the network by hand", np.abs(h @ w + b - y).max(), "0")
claims.exact("distinct points in h-space", len(np.unique(h, axis=0)), "3 points")

# %% [markdown]
# Off, on, on, off: the error is exactly **0**. Without the `maximum`, section 2 merged these matrices into a line. Where did the impossibility go?

# %% mystnb={"image": {"alt": "Two panels. Left, in x-space, the four cases with the hatched strip between two parallel lines in which the network answers above one half; the two cases that are on lie inside. Right, in h-space, only three points are left, because 01 and 10 coincide, and one straight line separates that point from the other two."}}
fig, (left, right) = plt.subplots(1, 2)
left.fill_between([-0.3, 1.8], [0.8, -1.3], [1.8, -0.3], color="C1", alpha=0.2, hatch="/")
right.fill_between([-0.3, 2.4], [-0.4, 0.95], [-0.4, -0.4], color="C1", alpha=0.2, hatch="/")
right.plot([-0.3, 2.4], [-0.4, 0.95], color="black", linestyle="-")
draw_cases(left, X, ["00: off", "01: on", "10: on", "11: off"])
draw_cases(right, h, ["00: off", "01, 10: on", "", "11: off"])
left.set(xlabel="switch $x_1$", ylabel="switch $x_2$", title="x-space: four points")
right.set(xlabel="hidden unit $h_1$", ylabel="hidden unit $h_2$", title="h-space: three points")
left.set(xlim=(-0.3, 1.4), ylim=(-0.4, 1.4), xticks=[0, 1], yticks=[0, 1])
right.set(xlim=(-0.3, 2.4), ylim=(-0.4, 1.5), xticks=[0, 1, 2], yticks=[0, 1])
fig.suptitle("The hidden layer folds the plane until a line will do", fontweight="bold")
plt.show()

# %% [markdown]
# In the hatched region the network answers more than ½. (No input gives a negative $h$.) On the right, the four cases have become **3 points**: 01 and 10 land on the same $h = (1, 0)$. Three points that are not in a row can be divided by a line
# in any way we like. The hidden layer does not classify. It moves the points to where a linear model can. Such an $h$ is called a **feature map**. Networks for images learn edges, colours and shapes;
# ours has "at least one is up" and "both are up".
#
# Swap the two hidden units, with their weights, and nothing changes. If its units differ, a solution of width $H$ can be written in $H!$ ways. Also, multiply a unit's incoming weights and its bias by ten, divide its outgoing
# weight by ten, and nothing changes either. So the risk has whole valleys of minima.

# %% [markdown] tags=["instructor"]
# 8 minutes. The last paragraph is reading. Give the class two minutes for the four answers on paper. Likely question: "how would anybody find these numbers?" That is section 4. Common confusion: the strip on the left
# is not drawn by the network as one shape; it is the preimage of a half-plane on the right.

# %% [markdown]
# ## 4 Five hundred starts at once
#
# <details>
# <summary>中文</summary>
#
# 手里有现成的解，训练能不能自己找到？先下注，再往下读：宽度 2 的网络，500 个随机起点，有多少个学得会？
#
# 用 Glorot 初始化、零偏置、均方误差，学习率 0.1，全批量梯度下降 3,000 步。一次起步说明不了什么，所以 500 个起点同时训练：数组多一个轴，广播替我们循环。梯度按链式法则从输出往回算，这叫**反向传播**，第 8 讲专门讲。“成功”指四个答案都落在 ½ 的正确一侧。
#
# 失败得这样整齐，我们没有想到：宽度 2 的失败者 **100** % 停在 1/4、1/6、1/8 三个风险值之一，分别是答对零个、一个、两个点，其余的一律回答平均数。原因之一是**死单元**：两个权重都为负时，它在四个输入上都输出零，梯度也恰好是零，永远动不了。理论上宽度 2 的起点有 1 − (3/4)² ≈ **44** % 至少带一个死单元，它们成功的比例是 **0** %，因为剩下的一个单元解不了异或。两个单元都活着的起点里也有失败的，其中 **57** % 是半路上死了一个单元，其余的停在一个坏地方。
#
# 加宽就有了备用的单元。宽度 2、3、4、8、16 的成功率是 **23** %、**46** %、**63** %、**93** %、**99.8** %。两个单元够**表示**异或，可将近五分之四的起点走进了死路；要**找到**它，有几个备用的单元就容易得多。
#
# </details>
#
# We know a solution. Will gradient descent find one? We minimise the risk $\hat R = \frac1N \sum_i (\hat y_i - y_i)^2$ with all four examples in every step. With $Z = XW + c$, $H = \max(0, Z)$ and
# $\hat y = Hw + b$, the chain rule works from the output backwards:
#
# $$g = \tfrac{2}{N}(\hat y - y), \qquad \frac{\partial \hat R}{\partial w} = H^\top g, \quad \frac{\partial \hat R}{\partial b} = \sum_i g_i,$$
#
# $$G = (g\,w^\top) \odot \mathbb{1}[Z > 0], \qquad \frac{\partial \hat R}{\partial W} = X^\top G, \quad \frac{\partial \hat R}{\partial c} = \sum_i G_i.$$
#
# $g$ and $G$ are the slopes of the risk in $\hat y$ and in $Z$. The ReLU lets a slope pass where it is active and blocks it elsewhere. At $z = 0$ it has no derivative; we take 0, as all libraries do. (The name of this way back is *backpropagation*; lecture 8 is about it.)
#
# One start proves nothing. So each array gets a leading axis of length $S$, one entry for each start, and broadcasting does the loop. First, random weights as Glorot proposed, with zero biases.


# %% tags=["nbval-check-output"]
def glorot(rng, n_starts, width):
    """Return n_starts random networks as W (S, 2, H), c (S, 1, H), w (S, H, 1), b (S, 1, 1)."""
    W = rng.uniform(-1, 1, (n_starts, 2, width)) * np.sqrt(6 / (2 + width))
    w = rng.uniform(-1, 1, (n_starts, width, 1)) * np.sqrt(6 / (width + 1))
    return [W, np.zeros((n_starts, 1, width)), w, np.zeros((n_starts, 1, 1))]


[part.shape for part in glorot(rng, 500, 2)]

# %% [markdown]
# Next, outputs and risks. (The argument `delta` is for section 5; at 0 the activation is the ReLU.)


# %%
def forward(X, theta, delta=0.0):
    """Return pre-activations Z (S, N, H), hidden units H (S, N, H) and outputs (S, N) of all starts."""
    W, c, w, b = theta
    Z = X @ W + c
    H = np.maximum(Z, delta * Z)
    return Z, H, (H @ w + b)[..., 0]


def risk(X, y, theta, delta=0.0):
    """Return the mean squared error of each start, shape (S,)."""
    return np.mean((forward(X, theta, delta)[-1] - y) ** 2, axis=1)


# %% [markdown]
# The network of section 3, as a batch of one, still answers 0, 1, 1, 0, at risk 0:

# %% tags=["nbval-check-output"]
by_hand = [W[None], c[None, None], w[None, :, None], np.zeros((1, 1, 1))]
forward(X, by_hand)[-1], risk(X, y, by_hand)

# %% [markdown]
# Then the gradients, in the order and the letters of the formulas above, and plain gradient descent. (★ section 9 checks both, against differences of the risk and against Keras.)


# %%
def gradients(X, y, theta, delta=0.0):
    """Return the gradient of each start's risk, in the shapes of theta."""
    _, _, w, _ = theta
    Z, H, y_hat = forward(X, theta, delta)
    g = 2 / len(y) * (y_hat - y)[..., None]
    G = g @ w.swapaxes(1, 2) * np.where(Z > 0, 1, delta)
    return [X.T @ G, G.sum(1, keepdims=True), H.swapaxes(1, 2) @ g, g.sum(1, keepdims=True)]


# %%
def train(X, y, theta, n_steps=3_000, eps=0.1, delta=0.0):
    """Return theta after n_steps of gradient descent with all examples and learning rate eps."""
    for _ in range(n_steps):
        slopes = gradients(X, y, theta, delta)
        theta = [part - eps * slope for part, slope in zip(theta, slopes)]
    return theta


# %% [markdown]
# A start *succeeds* if all four answers end on the right side of ½.


# %%
def succeeds(X, y, theta, delta=0.0):
    """Say of each start whether all its answers are on the right side of ½; shape (S,)."""
    return ((forward(X, theta, delta)[-1] > 0.5) == (y > 0.5)).all(axis=1)


# %% [markdown]
# **Place your bets.** By section 3, two units are enough. How many of 500 starts of width 2 will succeed in 3,000 steps? We note the risk every 10 steps.

# %%
from tqdm import tqdm

start, end = {2: glorot(rng, 500, 2)}, {}
theta, history = start[2], []
for _ in tqdm(range(300), desc="width 2"):
    history.append(risk(X, y, theta))
    theta = train(X, y, theta, n_steps=10)
end[2] = theta
history = np.array([*history, risk(X, y, theta)])
solved = succeeds(X, y, end[2])
int(solved.sum()), len(solved)

# %% [markdown]
# So few? Here is the risk of the first forty, over the first 600 steps. After that hardly anything moves.

# %% mystnb={"image": {"alt": "Risk against steps for forty starts of width two. A minority, solid thick lines, falls to zero. All the others, dotted lines, come to rest on one of three levels, labelled one eighth, one sixth and one quarter."}}
steps, some = 10 * np.arange(len(history)), history[:, :40]
plt.plot(steps, some[:, solved[:40]], "-", color="C0", linewidth=2.5, alpha=0.8)
plt.plot(steps, some[:, ~solved[:40]], ":", color="C1", linewidth=2)
for level, name in ((1 / 4, "1/4"), (1 / 6, "1/6"), (1 / 8, "1/8"), (0, "0")):
    plt.text(605, level, name, va="center")
plt.plot([], "C0-", linewidth=2.5, label="solved")
plt.plot([], "C1:", linewidth=2, label="stuck")
plt.legend(loc="upper right")
plt.axis((0, 600, -0.02, 0.6))
plotting.show("Most starts get stuck, and only on three levels", "step", "risk (mean squared error)")

# %% [markdown]
# We had expected failure, but not such tidy failure. Do the arithmetic. Answer ½ everywhere: risk $\frac14$. Get one case right and give the other three their mean, ⅔
# or ⅓: $\frac34 \cdot \frac29 = \frac16$. Get two right and answer ½ to the other two: $\frac12 \cdot \frac14 = \frac18$.

# %% tags=["nbval-check-output"]
stuck = risk(X, y, end[2])[~solved]
on_a_level = np.abs(stuck[:, None] - [1 / 4, 1 / 6, 1 / 8]).min(axis=1) < 1e-3
# All of them, in 20 seeds of 500 starts; the band allows for a few that are still on their way.
claims.check("stuck starts that rest on 1/4, 1/6 or 1/8", 100 * on_a_level.mean(), "100 %", band=(98, 100))

# %% [markdown]
# **100 %** of the stuck runs rest on one of these levels. Why do they stay? Look at a unit whose two weights are both negative. With zero bias its input is at most 0 in
# all four cases. It is *silent* ("dead"), its gradient is exactly zero, and it stays as it is for ever. One unit is
# left, and one cannot do it: it only rises, or only falls, with $w_1x_1 + w_2x_2 + c$, and section 1's argument applies again.


# %% tags=["nbval-check-output"]
def has_silent_unit(X, theta):
    """Say of each start whether one of its units is silent on all examples; shape (S,)."""
    return (forward(X, theta)[0] <= 0).all(axis=1).any(axis=1)


silent, silent_at_end = has_silent_unit(X, start[2]), has_silent_unit(X, end[2])
# Theory: each unit is silent with probability 1/4. In 500 starts the share scatters binomially, sd 2.2 points.
claims.check("starts of width 2 with a silent unit", 100 * silent.mean(), "44 %", band=(33.8, 53.7))
claims.check("starts with a silent unit that succeed", 100 * solved[silent].mean(), "0 %", band=(0, 0))
lost = ~silent & ~solved
# Binomial, some 167 starts: sd 3.8 points. Edges 4.5 sd away.
claims.check(
    "of live starts that fail, silent at the end", 100 * silent_at_end[lost].mean(), "57 %", band=(39.7, 74.2)
)

# %% [markdown]
# A unit is silent with probability ¼, so at least one of two with probability $1 - (\frac34)^2$, or **44 %**. Of these starts **0 %** succeed. Of the failures that began with two live units, **57 %** end with a silent one: it died
# on the way. The others rest in a bad place with both units alive. More units are a remedy, because spare ones take over. Larger widths:

# %%
for width in tqdm((3, 4, 8, 16), desc="widths"):
    start[width] = glorot(rng, 500, width)
    end[width] = train(X, y, start[width])
success = {width: 100 * succeeds(X, y, theta).mean() for width, theta in end.items()}
{width: round(float(share), 1) for width, share in success.items()}

# %% tags=["nbval-check-output"]
# Theory gives the spread: a share p of 500 starts has sd sqrt(p (1 - p) / 500), here 1.9, 2.2, 2.2, 1.1 and 0.2
# points around the shares of 10,000 starts. Edges 4.5 sd away; at width 16 the distribution is skewed, so wider.
claims.check("width 2, starts that succeed", success[2], "23 %", band=(14.1, 31))
claims.check("width 3, starts that succeed", success[3], "46 %", band=(35.5, 55.6))
claims.check("width 4, starts that succeed", success[4], "63 %", band=(53.6, 73))
claims.check("width 8, starts that succeed", success[8], "93 %", band=(87.8, 98.1))
claims.check("width 16, starts that succeed", success[16], "99.8 %", band=(98.4, 100))

# %% [markdown]
# Is silence the whole story? A start with fewer than two live units is lost. The dashed line is the share of starts that
# have at least two.

# %% mystnb={"image": {"alt": "Share of successful starts against width, with error bars: rising from about a quarter at width two to nearly all at width sixteen. A dashed line above it, the share with at least two live units, starts at 56 per cent and reaches nearly all at width eight."}}
widths, shares = np.array(list(success)), np.array(list(success.values()))
alive = 1 - 0.25**widths - widths * 0.75 * 0.25 ** (widths - 1)
two_sd = 2 * np.sqrt(shares * (100 - shares) / 500)
plt.errorbar(widths, shares, two_sd, marker="o", capsize=6, label="succeed (± 2 sd of 500 starts)")
plt.plot(widths, 100 * alive, "s--", label="have at least two live units")
plt.xscale("log", base=2)
plt.xticks(widths, widths)
plt.ylim(0, 105)
plt.legend(loc="lower right")
plotting.show(
    "Two units can do it; sixteen nearly always do", "width (hidden units, log scale)", "share of starts (%)"
)

# %% [markdown]
# At widths 2, 3, 4, 8 and 16, **23 %**, **46 %**, **63 %**, **93 %** and **99.8 %** succeed. (One set of 500 knows these shares to
# a few points; we state those of 10,000.) Nearly four starts in five get stuck at width 2, and the gap below the dashed line is what silence at the start does not explain. Remember
# this when somebody says that two units suffice. They suffice to *represent* XOR. To *find* it, spare ones help.

# %% [markdown] tags=["instructor"]
# 19 minutes. Formulas 6, code 3 (read the docstrings only), the bet and the levels 5, silent units and widths 5. Expect high bets. Likely question: "is 1/6 a local minimum?" With a silent unit
# there is a flat direction, so no strict one; what matters is that the gradient is zero. Common confusion: capacity and trainability. The figure with the dashed line is
# worth a minute of silence.

# %% [markdown]
# ## 5 Activations and their slopes
#
# <details>
# <summary>中文</summary>
#
# 常用的激活函数有四个。ReLU：正半轴斜率是 1，负半轴是 0；它有神经元的影子，输入不到阈值就不作声。**带泄漏的 ReLU**：负半轴留一点斜率 $\delta$，防止单元死掉。**sigmoid** 把任何数压进 0 到 1，用在输出层表示概率，斜率 $\sigma(1-\sigma)$ 最大只有 ¼。**tanh** 压进 −1 到 1，斜率 $1-\tanh^2$，常见于循环神经网络。
#
# 泄漏有用吗？先猜，再往下读：同样 500 个宽度 2 的起点换成 $\delta=0.1$，有多少学得会？
#
# 成功率升到 **61** %；原来带死单元、一个也不成功的那些，现在有 **51** % 成功。可见死单元确是病因之一，泄漏也确有帮助。可它几乎只对死单元有用：原来两个单元都活着却仍然失败的，只有 **18** % 因此得救。
#
# </details>
#
# If silent units are the trouble, give the ReLU a small slope $\delta$ below zero: the **leaky ReLU**. It is one of four activations that you will meet everywhere.
#
# | activation | value | derivative | used |
# | --- | --- | --- | --- |
# | ReLU | max(0, z) | 0 or 1 | hidden layers, by default |
# | leaky ReLU | max(δz, z) | δ or 1 | against silent ("dead") units |
# | sigmoid | σ(z) = 1 / (1 + exp(−z)) | σ(1 − σ), at most ¼ | outputs that are probabilities |
# | tanh | tanh(z) | 1 − tanh²(z), at most 1 | recurrent networks |
#
# The ReLU reminds one of a nerve cell: below a threshold, here $-c$, it does not fire at all; above, it responds to the excess.


# %% tags=["nbval-check-output"]
def sigmoid(z):
    """Return 1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-z))


float(sigmoid(0.0)), float(sigmoid(np.log(3)))

# %% [markdown]
# By hand: $1/(1+1)$, and $1/(1 + \frac13)$. All four, with their slopes:

# %% mystnb={"image": {"alt": "Two panels over z from minus four to four. Left, ReLU, leaky ReLU, sigmoid and tanh; right, their derivatives. Those of sigmoid and tanh fall to zero on both sides, sigmoid's never exceeds one quarter; ReLU's is zero or one."}}
z = np.linspace(-4, 4, 401)
p, t = sigmoid(z), np.tanh(z)
leaky, step = np.maximum(z, 0.1 * z), (z > 0).astype(float)
fig, (left, right) = plt.subplots(1, 2)
left.plot(z, np.column_stack([np.maximum(z, 0), leaky, p, t]))
right.plot(z, np.column_stack([step, np.maximum(step, 0.1), p * (1 - p), 1 - t**2]))
left.set(title="value", xlabel="z", ylim=(-1.2, 2.5))
right.set(title="derivative", xlabel="z", ylim=(-0.05, 1.1))
left.legend(["ReLU", "leaky ReLU, δ = 0.1", "sigmoid", "tanh"], loc="upper left")
fig.suptitle("Sigmoid and tanh go flat on both sides, ReLU on one", fontweight="bold")
plt.show()

# %% [markdown]
# **Guess:** how many of the *same* 500 starts of width 2 succeed with $\delta = 0.1$?

# %%
rescued = succeeds(X, y, train(X, y, start[2], delta=0.1), delta=0.1)
{"ReLU": int(solved.sum()), "leaky ReLU": int(rescued.sum()), "of 500 starts": len(rescued)}

# %% tags=["nbval-check-output"]
# Binomial again, around the shares of 10,000 starts: sd 2.2 points, and 3.4 for the 219 or so with a silent unit.
claims.check("leaky ReLU, starts that succeed", 100 * rescued.mean(), "61 %", band=(51.5, 71))
claims.check(
    "leaky ReLU, the once silent that succeed", 100 * rescued[silent].mean(), "51 %", band=(36.5, 65.5)
)
alive = lost & ~silent_at_end
# Some 72 starts: sd 4.5 points.
claims.check(
    "leaky ReLU, the failed with live units that succeed", 100 * rescued[alive].mean(), "18 %", band=(0, 37)
)

# %% [markdown]
# **61 %**, instead of fewer than a quarter. Of the starts whose silent unit doomed them, **51 %** now succeed. So silent units were a cause, and the leak helps. But it
# helps against silence, and little else: of the starts that failed with both units alive, it saves only **18 %**. (What a stack of sigmoids does to a gradient is ★ section 10.)

# %% [markdown] tags=["instructor"]
# 6 minutes. The table is for reference; spend the time on the right panel and on the guess. Likely question: "why not always the leaky one?" In wide networks few starts are lost, and the plain ReLU is cheaper and sparser.

# %% [markdown]
# ## 6 A second question: how does a model say “six”?
#
# <details>
# <summary>中文</summary>
#
# 第二个问题：模型算出来的都是数，它怎么回答一个**名字**？先投票，再往下读：一个潦草的字，一半可能是 0，一半可能是 6，把标签当数来回归，平方误差下最好的答案是几？
#
# 类别标签是**名义**的：6 并不比 1 离 0 更远。那个最好的答案是 **3**，可它谁也不像。所以每一类给一个输出，标签写成独热编码，预测取 argmax。
#
# 阈值只挪一点点，准确率怎么变？先想，再往下读。
#
# 准确率的梯度几乎处处是零：参数动一点点，它纹丝不动。于是用 **softmax** 把分数变成概率，$p_k=e^{z_k}/\sum_j e^{z_j}$，再用**交叉熵** $-\log p_{\text{真}}$ 当损失。它的含义是**最大似然**：样本的概率相乘，取负对数变成相加。抛十次硬币七次正面，使平均交叉熵最小的 $p$ 正好是 **0.7**。十类里瞎猜的交叉熵是 $\ln 10\approx$ **2.303**：训练刚开始时若远离这个数，先查代码和输入的缩放。
#
# 一图多标签是另一回事。照片里可以同时有太阳和云，softmax 却逼着它们分一份概率，分数一样高时各得 **0.5**，不论模型对两者多有把握；这时每个标签各用一个 sigmoid，损失是二元交叉熵（BCE）：标签在，就是 $-\log p$，不在，就是 $-\log(1-p)$；对各标签求和（Keras 取平均）。
#
# </details>
#
# Digits have ten classes, and a label such as 6 is a *name*: 6 is no farther from 0 than 1 is. Suppose we regress on the label as if it were a quantity, and a
# scribble is as likely a 0 as a 6. **Vote:** which answer has the least squared error?

# %% tags=["nbval-check-output"]
answers = np.arange(10)
squared = np.mean((answers[:, None] - [0, 6]) ** 2, axis=1)
claims.exact("least-squares answer to half 0, half 6", answers[squared.argmin()], "3")

# %% [markdown]
# It is **3**, which nobody wrote. So each class gets its own output, and its label becomes **one-hot**, as the towns did in lecture 1. The model returns a score $z_k$ for each class, and we predict the largest, the `argmax`.
#
# To train it we need a loss with a useful gradient. Why not the *accuracy*, the fraction that is right? Here is the simplest classifier there is, a threshold $t$ that we slide over six points. **Before you look:** how does the accuracy change if $t$ moves by a hair?

# %% mystnb={"image": {"alt": "Two curves against the threshold. Accuracy, dashed, is a staircase that is flat between jumps; the cross-entropy, solid, is a smooth valley with one minimum near the middle."}}
x_1d, labels = np.array([-2.0, -1.3, -0.3, 0.4, 1.1, 2.0]), np.array([0, 0, 0, 1, 1, 1])
thresholds = np.linspace(-3, 3, 601)
p = sigmoid(2 * (x_1d - thresholds[:, None]))
right_share = np.mean((p > 0.5) == labels, axis=1)
entropy = -np.mean(np.where(labels == 1, np.log(p), np.log(1 - p)), axis=1)
plt.plot(thresholds, entropy, label="cross-entropy of $\\sigma(2(x - t))$")
plt.plot(thresholds, right_share, label="accuracy (a fraction)")
plt.legend(loc="upper center")
plt.ylim(0, 2.2)
plotting.show(
    "Accuracy is a staircase: flat almost everywhere", "threshold t", "accuracy, cross-entropy (nats)"
)

# %% [markdown]
# Nearly everywhere it does not change at all: its gradient is zero and says nothing. So we soften `argmax` into **softmax**, $p_k = e^{z_k} / \sum_j e^{z_j}$: positive, adding up to 1, and unchanged if we add a constant to all scores.
# We use that freedom to keep `exp` from overflowing.


# %% tags=["nbval-check-output"]
def softmax(z):
    """Return exp(z) / sum(exp(z)) along the last axis, for scores of any size."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


softmax(np.array([2.0, 1.0, 0.0])).round(3)

# %% [markdown]
# By hand: $e^2, e, 1$ are 7.39, 2.72 and 1, together 11.11; and 7.39 / 11.11 is 0.665. The loss is the **cross-entropy**: $-\log$ of the probability given to the true class, averaged over the examples. Certain and right costs 0; certain and wrong costs
# without limit.


# %% tags=["nbval-check-output"]
def cross_entropy(p, labels):
    """Return the mean of -log p[i, labels[i]]; p has shape (n, k), labels are 0 … k - 1."""
    return -np.log(p[np.arange(len(labels)), labels]).mean()


p = np.array([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]])
float(cross_entropy(p, [1, 2]).round(4))

# %% [markdown]
# By hand: the first costs $-\log\frac14 = 1.3863$, the second nothing; half of that is 0.6931.
#
# Why the logarithm? If the examples are independent, the probability of all labels is a *product*, and its negative logarithm is the sum of our losses. Least cross-entropy is **maximum
# likelihood**. A coin shows seven heads in ten throws: which $p$ has the least cross-entropy? And what does a blind guess cost, the same score for each of ten classes?

# %% tags=["nbval-check-output"]
p_heads = np.linspace(0.01, 0.99, 99)
coin = -(0.7 * np.log(p_heads) + 0.3 * np.log(1 - p_heads))
claims.exact("p with the least cross-entropy", p_heads[coin.argmin()], "0.7")
blind = cross_entropy(softmax(np.zeros((1, 10))), [4])
claims.exact("cross-entropy of a blind guess in ten", blind, "2.303")

# %% [markdown]
# The coin's is **0.7**, the observed frequency. A blind guess among ten classes costs $\ln 10 =$ **2.303**. Remember this number. If a fresh classifier of digits starts far from it, check the code and the scale of the inputs first.
#
# One more choice. A digit has exactly one label: **multi-class**, softmax and cross-entropy. A photograph may show the sun *and* a cloud, or neither: **multi-label**. Would softmax do? Give both the same high score, 5:

# %% tags=["nbval-check-output"]
both = np.array([5.0, 5.0])
print(softmax(both), sigmoid(both).round(3))
claims.exact("softmax, each of sun and cloud", softmax(both)[0], "0.5")

# %% [markdown]
# Softmax makes them share: **0.5** each, however sure the model is of both. For labels that do not exclude each other use one sigmoid each, and the **binary cross-entropy** (BCE), $-\log p$ if the label is present and $-\log(1 - p)$ if not,
# summed over the labels (Keras takes their mean).

# %% [markdown] tags=["instructor"]
# 12 minutes. The coin is reading. Likely question: "could a digit's label be *ordinal*?" Only if we asked how large it is, not which sign it is. Common confusion: cross-entropy takes *probabilities*, libraries often
# take *scores* (`from_logits=True`); mixing them up trains badly and quietly.

# %% [markdown]
# ## 7 Softmax regression on handwritten digits
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：同样的像素、同样的线性模型，一个把标签当数来回归再四舍五入，一个有十个输出、取最大的分数，各能认对百分之几的测试数字？
#
# 我们用 5,000 张手写数字训练，在 10,000 张没见过的数字上考试；三个模型都是像素的线性函数。把标签当数：**22** %。独热编码、仍用最小二乘：**85** %。独热编码、softmax 加交叉熵，即 **softmax 回归**：**90** %。可见功劳大半在标签的写法，损失函数再添几个百分点。
#
# 训练只有一行：梯度是 $\frac1N X^\top(P-Y)$，概率减去独热标签。没有闭式解，只能从零权重出发，一步一步往下走；第一步之前的损失正好是 ln 10。
#
# 对照：把训练标签打乱再训练，测试准确率平均约 **10** %，和瞎猜一样；可见它的本事确是从标签里学来的。（单独打乱一次，可能差几个百分点：学了乱码的模型，也会偏爱某几个数字。）每一类的权重画出来是一个模板，有几个看得出像那个数字。可它毕竟是线性模型，每一类只有一个模板，异或它照样不会（练习 3）；前面加一个隐藏层才行。
#
# </details>
#
# Now we train the simplest classifier with ten scores: a *linear* one, $z = W^\top x$, one weight vector for each class. With softmax and cross-entropy it is called **softmax regression**. (Statisticians say *multinomial logistic* regression.)

# %%
from utils.datasets import load_mnist

(images, digits), (test_images, test_digits) = load_mnist()


def as_rows(images):
    """Return images as rows of a 1 and the pixels between 0 and 1, float32."""
    pixels = images.reshape(len(images), -1) / np.float32(255)
    return np.column_stack([np.ones(len(images), "float32"), pixels])


chosen = rng.permutation(len(images))[:5_000]  # a stand-in has fewer
train_set, test_set = (as_rows(images[chosen]), digits[chosen]), (as_rows(test_images), test_digits)
[part.shape for part in (*train_set, *test_set)]

# %% [markdown]
# Each row is a 1 for the bias and 784 pixels. We train on 5,000 digits, and judge on the test digits, which no model has seen.
#
# **Vote first.** Two linear models see the same pixels. One regresses on the label as a quantity, and rounds. The other has ten outputs, and takes the largest. What per cent of the test digits will each name rightly? Both use
# least squares with a small price on large weights (the *ridge* of lecture 1's exercises), because many pixels are blank in all digits.


# %%
def ridge(X, targets, price=0.01):
    """Return the least-squares weights, with a price on their squares; X (n, d), targets (n,) or (n, k)."""
    n, d = X.shape
    return np.linalg.solve(X.T @ X / n + price * np.eye(d), X.T @ targets / n)


def by_quantity(X, labels):
    """Regress the label as a quantity; return a function that names the digits in the rows of X."""
    w = ridge(X, labels)
    return lambda X: (X @ w).round().clip(0, 9)


def by_one_hot(X, labels):
    """Regress the one-hot labels; return a function that names the digits in the rows of X."""
    W = ridge(X, np.eye(10)[labels])
    return lambda X: (X @ W).argmax(axis=1)


# %% [markdown]
# One function judges every model: it hands the training digits to the model, and only then asks it to name the test digits.


# %%
def accuracy(model, train_set, test_set):
    """Fit a model to the training set alone, and return the share of the test set that it names rightly, in %."""
    name, (X, labels) = model(*train_set), test_set
    return 100 * np.mean(name(X) == labels)


right = {model.__name__: accuracy(model, train_set, test_set) for model in (by_quantity, by_one_hot)}
right

# %% [markdown]
# The third model keeps the one-hot labels and changes the loss. Its gradient is short. For one example with scores $z$, one-hot label $y$ and $L = -\sum_k y_k \log p_k$, the derivative of $\log p_k = z_k - \log \sum_j e^{z_j}$ gives
#
# $$\frac{\partial L}{\partial z_k} = p_k - y_k, \qquad\text{so}\qquad \frac{\partial \hat R}{\partial W} = \tfrac1N\, X^\top (P - Y).$$
#
# Probability minus truth. There is no closed form, so we descend, from zero weights: a blind guess.


# %%
def softmax_regression(X, labels, n_steps=100, eps=0.5):
    """Return W (d, 10) after n_steps of gradient descent, from zero, on the mean cross-entropy of softmax(X @ W)."""
    W, Y = np.zeros((X.shape[1], 10), X.dtype), np.eye(10, dtype=X.dtype)[labels]
    for _ in tqdm(range(n_steps), desc="softmax regression"):
        slope = X.T @ (softmax(X @ W) - Y) / len(X)
        W = W - eps * slope
    return W


def by_softmax(X, labels):
    """Train a softmax regression; return a function that names the digits in the rows of X."""
    W = softmax_regression(X, labels)
    return lambda X: (X @ W).argmax(axis=1)


# %% [markdown]
# And a control: the same training with the training labels shuffled. Nothing is left to learn, so its accuracy should be that of chance.

# %%
right["by_softmax"] = accuracy(by_softmax, train_set, test_set)
X_train, y_train = train_set
right["shuffled"] = accuracy(by_softmax, (X_train, rng.permutation(y_train)), test_set)
{name: round(float(share), 1) for name, share in right.items()}

# %% tags=["nbval-check-output"]
MNIST = ("mnist",)
claims.check(
    "digits, label as a quantity", right["by_quantity"], "22 %", band=(18, 26), stand_in=(15, 33), data=MNIST
)
claims.check(
    "digits, one-hot and least squares",
    right["by_one_hot"],
    "85 %",
    band=(84.2, 86.6),
    stand_in=(90, 98),
    data=MNIST,
)
claims.check(
    "digits, softmax regression",
    right["by_softmax"],
    "90 %",
    band=(89, 90.4),
    stand_in=(91, 99),
    data=MNIST,
)
# Labels reaching the model by another way than y_train would raise it; test images repeated in the training set
# would not. So there is no lower edge. The upper one allows for sd 2.0, seen in 28 seeds; the evidence has 1.3.
claims.check(
    "digits, trained on shuffled labels",
    right["shuffled"],
    "10 %",
    band=(None, 19),
    stand_in=(None, 21),
    data=MNIST,
)

# %% [markdown]
# | model, linear in the pixels | test digits named rightly |
# | --- | --- |
# | label as a quantity, least squares | **22 %** |
# | one-hot labels, least squares | **85 %** |
# | one-hot labels, softmax and cross-entropy | **90 %** |
# | the same, trained on shuffled labels | **10 %** |
#
# Most of the gain comes from writing names as names. The loss adds a few points. (Is the ridge's price fair? Of 0.0001, 0.001, 0.01 and 0.1, ours is the best or
# close to it.) The control stays near chance. (One shuffle may be a few points off: a model trained on nonsense still prefers some digits.) What the third model knows, it has learned from the labels.
#
# What has it learned? A column of $W$ has one weight for each pixel, so it can be shown as a picture. Grey is zero.

# %% mystnb={"image": {"alt": "Ten small grey pictures in two rows, one for each digit from 0 to 9: the weights of that class. White pixels speak for the digit, black ones against it. The picture of 0 has a black centre and a white ring around it; several others also resemble their digits."}}
W_digits = softmax_regression(*train_set)
top = np.abs(W_digits[1:]).max()
fig, axes = plt.subplots(2, 5, figsize=(10, 4.6))
for digit, ax in enumerate(axes.flat):
    ax.imshow(W_digits[1:, digit].reshape(28, 28), cmap="gray", vmin=-top, vmax=top)
    ax.set(title=f"{digit}", xticks=[], yticks=[])
fig.suptitle("One template for each digit: white speaks for it, black against it", fontweight="bold")
plt.show()

# %% [markdown]
# One template for each class, and no more: that is the limit of a linear model. Like a line, a softmax regression cannot compute XOR (exercise 3). With a hidden layer in front of it, it can; lectures 4 and 5 train such networks on the same digits.

# %% [markdown] tags=["instructor"]
# 11 minutes. The ridge and its price are reading. Collect both votes; expect far too high ones for the quantity. Likely question: "why is it so bad? It is a decent fit." More than half of its answers are off by more than 1, and to be named rightly they may be off by ½ at most. A name that is off by one is
# as wrong as any other. Common confusion: softmax regression is a *classifier*, in spite of its name.

# %% [markdown]
# ## 8 Cross-entropy or squared error?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：sigmoid 输出 $p=\sigma(z)$，真值 $y=1$，模型却给出 $p\approx0$，错得离谱。平方误差和交叉熵，哪一种损失让它学得更快？
#
# 交叉熵对 $z$ 的导数是 $p-1$；平方误差 $\frac12(p-y)^2$ 的导数是 $(p-1)p(1-p)$，多了一个 $p(1-p)$。在 $p=0.8$ 处，前者是 **−0.2**，后者是 **−0.032**。要紧的是另一头：完全答错时 $p\approx0$，交叉熵的导数接近 −1，拼命往回拉；平方误差的导数接近 0，错得越离谱越不动。
#
# 赛一场：从 $z_0=-6$ 出发，学习率 0.5，直到 $p>0.9$。交叉熵 **34** 步；平方误差要 **497** 步（$L=(p-y)^2$），或 **992** 步（带 ½ 的写法）。差一个 ½ 只是约定，所以引用这类数字时要把公式写全。
#
# 三者学习率相同。学习率取 50，最后一种只要 **11** 步，因为这里只有一个样本，步子大也无妨；在网络里，同一个学习率还要照顾斜率并不小的单元。
#
# </details>
#
# A sigmoid gives a probability, so why not take the squared error that we know? **Vote:** the model is badly wrong: $y = 1$ and $p = \sigma(z)$ is near 0. Which loss lets it
# learn faster, $-\log p$ or $\frac12(p-y)^2$?

# %% [markdown]
# Take the slopes in $z$. Since $\sigma' = p(1-p)$,
#
# $$\frac{\partial}{\partial z}\bigl(-\log p\bigr) = p - 1, \qquad \frac{\partial}{\partial z}\,\tfrac12 (p - 1)^2 = (p - 1)\,p\,(1 - p).$$
#
# In the first, the logarithm cancels the slope of the sigmoid. In the second it survives.


# %%
def slope_ce(p):
    """Return the derivative in z of -log p, p = sigmoid(z)."""
    return p - 1


def slope_half_squared(p):
    """Return the derivative in z of (p - 1)**2 / 2, p = sigmoid(z)."""
    return (p - 1) * p * (1 - p)


# %% tags=["nbval-check-output"]
claims.exact("slope of cross-entropy at p = 0.8", slope_ce(0.8), "−0.2")
claims.exact("slope of squared error at p = 0.8", slope_half_squared(0.8), "−0.032")

# %% [markdown]
# At $p = 0.8$ the slopes are **−0.2** and **−0.032**. That is only a factor. Look at the other end, where the answer is badly wrong.

# %% mystnb={"image": {"alt": "Size of the slope against the score z for a true label of one. Cross-entropy's is near one on the left, where the answer is wrong, and falls to zero on the right. Squared error's is a small hump in the middle and vanishes on both sides."}}
z = np.linspace(-8, 8, 401)
plt.plot(z, np.abs(slope_ce(sigmoid(z))), label="cross-entropy")
plt.plot(z, np.abs(slope_half_squared(sigmoid(z))), label="squared error, with ½")
plt.annotate("badly wrong,\nalmost no slope", (-6, 0.01), (-7.8, 0.35), arrowprops={"arrowstyle": "->"})
plt.legend(loc="upper right")
plotting.show(
    "Squared error hardly pulls where the answer is most wrong", "score z (true label 1)", "|∂L/∂z|"
)

# %% [markdown]
# Cross-entropy pulls hardest where the answer is most wrong. Squared error hardly pulls there. What does this cost? A race: start at $z = -6$, learning rate 0.5, first to $p > 0.9$.


# %%
def race(slope, z=-6.0, eps=0.5):
    """Return p = sigmoid(z) at each step of gradient descent on z, until it exceeds 0.9."""
    path = [sigmoid(z)]
    while path[-1] <= 0.9:
        z -= eps * slope(path[-1])
        path.append(sigmoid(z))
    return np.array(path)


# %% tags=["nbval-check-output"]
claims.exact("race to p > 0.9, cross-entropy", len(race(slope_ce)) - 1, "34 steps")
squared = race(lambda p: 2 * slope_half_squared(p))
claims.exact("race to p > 0.9, squared error", len(squared) - 1, "497 steps")
claims.exact("race to p > 0.9, with ½", len(race(slope_half_squared)) - 1, "992 steps")
claims.exact("with ½, at rate 50", len(race(slope_half_squared, eps=50)) - 1, "11 steps")

# %% [markdown]
# Cross-entropy needs **34 steps**. For the squared error the answer depends on a convention, so quote the formula with the number: **497 steps** for $(p - y)^2$, **992 steps** for $\frac12(p - y)^2$. The ½ halves
# every slope and so nearly doubles the time.
#
# All three use the same rate. A rate of 50 brings the last one down to **11 steps**, because this race has one example and nothing to overshoot. In a network
# the same rate must also serve units whose slope is not tiny.
#
# We now have networks that can represent what we want, and losses worth descending. Next lecture: the descent itself.

# %% [markdown] tags=["instructor"]
# 6 minutes. The race at rate 50 is reading. Likely question: "why did squared error work for XOR?" Its output layer was linear, so no sigmoid stood in the way. "And for the digits?" The same: least squares has no sigmoid, and only lost a few points.

# %% [markdown]
# ## ★ 9 Are our gradients right?
#
# <details>
# <summary>中文</summary>
#
# 自己推的梯度永远不要轻信，这里查三次。第一次，把每个参数上下各挪一点点，看风险怎么变（有泄漏和没有泄漏都查）：和公式相差不到 **1e-7**。第二次和第三次，让 Keras 从同样的权重出发走同样的步子：异或网络走 100 步、softmax 回归走 20 步以后，权重相差不到 **1e-5**。学习率若错一半，差别会大上几千倍。
#
# 对照用双精度，这样图形处理器也不会把乘积舍得太粗。
#
# </details>
#
# Never trust a gradient that you derived yourself. Nudge each parameter up and down, and see what the risk does.


# %%
def finite_differences(X, y, theta, delta=0.0, step=1e-6):
    """Return the gradient of each start's risk by central differences, in the shapes of theta."""
    slopes = [np.zeros_like(part) for part in theta]
    for part, slope in zip(theta, slopes):
        for index in np.ndindex(part.shape):
            kept, start_number = part[index], index[0]
            part[index] = kept + step
            above = risk(X, y, theta, delta)[start_number]
            part[index] = kept - step
            below = risk(X, y, theta, delta)[start_number]
            part[index] = kept
            slope[index] = (above - below) / (2 * step)
    return slopes


# %% [markdown]
# On five starts of width 3, without a leak and with one, and with all parameters moved up a little, so that no bias is zero. (With zero biases the case 00 sits exactly on the kink of every unit. A difference quotient averages
# both sides there and rightly disagrees with our convention.)

# %%
theta = [part + rng.uniform(0.1, 0.5, part.shape) for part in glorot(rng, 5, 3)]
gradient_error = max(
    np.abs(ours - theirs).max()
    for delta in (0, 0.1)
    for ours, theirs in zip(gradients(X, y, theta, delta), finite_differences(X, y, theta, delta))
)
float(gradient_error)

# %% tags=["nbval-check-output"]
# Rounding of risks of order 1, over 2e-6: at most 2.7e-9 in 300 seeds.
claims.check("gradients against finite differences", gradient_error, "below 1e-7", band=(None, 1e-7))

# %% [markdown]
# They agree to within **1e-7**. Now Keras, from a start of width 8 that is known to work (some fail even there). We ask for double precision, so that a GPU does not round its products coarsely.

# %%
import keras

print("backend:", keras.backend.backend(), "| device:", keras.distribution.list_devices()[0])
k = np.argmax(succeeds(X, y, end[8]))  # the first start that works
theta = [part[[k]] for part in start[8]]
[part.shape for part in theta]

# %%
W, c, w, b = (part[0] for part in theta)
hidden, output = keras.layers.Dense(8, "relu", dtype="float64"), keras.layers.Dense(1, dtype="float64")
net = keras.Sequential([keras.Input((2,), dtype="float64"), hidden, output])
net.set_weights([W, c[0], w, b[0]])
net.compile(keras.optimizers.SGD(0.1), loss="mse", steps_per_execution=100)

# %% [markdown]
# To Keras a hundred copies of our four cases, in batches of four and in order, are a hundred steps with all the data.

# %%
net.fit(np.tile(X, (100, 1)), np.tile(y, 100)[:, None], batch_size=4, shuffle=False, verbose=0)
W, c, w, b = (part[0] for part in train(X, y, theta, n_steps=100))
pairs = zip(net.get_weights(), [W, c[0], w, b[0]])
xor_difference = max(np.abs(theirs - ours).max() for theirs, ours in pairs)
float(xor_difference)

# %% [markdown]
# And the softmax regression, twenty steps on 200 digits:

# %%
X_few, y_few = X_train[:200].astype(float), y_train[:200]
scores = keras.layers.Dense(10, "softmax", use_bias=False, kernel_initializer="zeros", dtype="float64")
net = keras.Sequential([keras.Input((785,), dtype="float64"), scores])
net.compile(keras.optimizers.SGD(0.5), loss="sparse_categorical_crossentropy", steps_per_execution=20)
net.fit(X_few, y_few, batch_size=200, epochs=20, shuffle=False, verbose=0)
digits_difference = np.abs(net.get_weights()[0] - softmax_regression(X_few, y_few, n_steps=20)).max()
float(digits_difference)

# %% tags=["nbval-check-output"]
# About 1e-7: Keras computes losses in single precision. Half the learning rate would give 0.06 or more.
# Keras also clips probabilities at 1e-7. On one stand-in set in thirty a label gets less, and weights differ by 0.03.
claims.check("XOR in Keras against NumPy, 100 steps", xor_difference, "below 1e-5", band=(None, 1e-5))
claims.check(
    "digits in Keras against NumPy, 20 steps",
    digits_difference,
    "below 1e-5",
    band=(None, 1e-5),
    stand_in=(None, 0.05),
    data=MNIST,
)

# %% [markdown]
# The weights differ by less than **1e-5**; half the learning rate would make them differ thousands of times more. So the formulas of sections 4 and 7 are what Keras computes.

# %% [markdown]
# ## ★ 10 What a stack of sigmoids does to a gradient
#
# <details>
# <summary>中文</summary>
#
# 讲义说，sigmoid 一层层叠下去，输出会越来越接近 1（或 0）。这要看权重和偏置。权重为 1 的纯叠加停在 **0.659**；权重为 10 时离 1 只差 **4.5e-5**；再加上偏置 −10，离 0 只差 **4.5e-5**，那才是讲义说的饱和。
#
# 纯叠加在不动点处，十层之后斜率只剩 **3.3e-7**。每层至多乘 ¼，这就是**梯度消失**。（权重也乘进斜率：权重 4、偏置 −2，从 ½ 出发就停在 ½，斜率一直是 **1**；权重再大，那里的斜率反而增长。但这只在 ½ 附近成立，靠近 0 或 1 处 sigmoid 是平的。）
#
# </details>
#
# People stacked sigmoids before the ReLU. Our slides say that the outputs come closer and closer to 1 (or 0). Let us stack one, two, three, ten of them and look.


# %% tags=["nbval-check-output"]
def stack_sigmoids(z, n_layers, weight=1.0, bias=0.0):
    """Return the output of sigmoid(weight * … + bias) applied n_layers times to z, and its derivative in z."""
    slope = 1.0
    for _ in range(n_layers):
        z = sigmoid(weight * z + bias)
        slope = slope * weight * z * (1 - z)
    return z, slope


[float(np.round(stack_sigmoids(0.0, n)[0], 4)) for n in (1, 2, 3, 10)]

# %% [markdown]
# With weight 1 it goes neither to 1 nor to 0. With a weight of 10 in each layer? And with a bias of −10 as well?

# %% tags=["nbval-check-output"]
fixed_point, _ = stack_sigmoids(0.0, 30)
claims.exact("thirty plain sigmoids settle at", fixed_point, "0.659")
claims.exact(
    "thirty sigmoids with weight 10, distance to 1", 1 - stack_sigmoids(0.0, 30, weight=10.0)[0], "4.5e-5"
)
claims.exact("with bias −10 as well, distance to 0", stack_sigmoids(0.0, 30, 10.0, bias=-10.0)[0], "4.5e-5")
claims.exact("slope through ten plain sigmoids", stack_sigmoids(fixed_point, 10)[1], "3.3e-7")
claims.exact("slope through ten, weight 4 and bias −2, at ½", stack_sigmoids(0.5, 10, 4.0, bias=-2.0)[1], "1")

# %% [markdown]
# Pure stacking settles at **0.659**, where $z = \sigma(z)$. With a large weight the output is pushed to within **4.5e-5** of 1, and with a large negative bias as well to within **4.5e-5** of 0, as the slide says. In the plain stack the *slope* is what dies.
# Each plain layer multiplies it by at most ¼; after ten, **3.3e-7** is left.

# %% mystnb={"image": {"alt": "Slope of a stack against the number of layers, on a logarithmic axis. ReLU, where active, stays at one. The bound one quarter per layer and the plain stacked sigmoid fall along nearly straight lines to below one millionth at ten layers."}}
layers = np.arange(11)
slopes_at = [stack_sigmoids(fixed_point, n)[1] for n in layers]
plt.semilogy(layers, np.ones(11), marker="s", label="ReLU, where active")
plt.semilogy(layers, 0.25**layers, label="upper bound: ¼ a layer")
plt.semilogy(layers, slopes_at, marker="o", label="stacked sigmoids")
plt.legend(loc="lower left")
plotting.show(
    "Ten plain sigmoids let almost no gradient through", "layers", "slope of output against input (log)"
)

# %% [markdown]
# A gradient so small tells the first layers nothing. This is the **vanishing gradient**, and a reason for the ReLU: where it is active its slope is 1 and stays 1. (The weights multiply
# the slope as well. With weight 4 and bias −2 a stack that starts at ½ stays at ½, with slope **1**; with larger weights the slope there even grows. But only near ½: where a sigmoid is close to 0 or 1, it is flat.)

# %% [markdown]
# ## ★ 11 The perceptron, and its bound
#
# <details>
# <summary>中文</summary>
#
# 1958 年，Rosenblatt 的**感知机**只有一个带阈值的神经元。标签取 ±1，偏置并进权重（输入加一个恒为 1 的分量），从 $w=0$ 出发，逐个看样本，答错一个就加上它：$w\leftarrow w+yx$。
#
# 若存在单位向量 $w^\star$，把两类分开且留出宽 $\gamma$ 的间隔（每个点离平面至少 $\gamma/2$），又有 $\lVert x\rVert\le R$，那么犯错次数 $M\le 4R^2/\gamma^2$。证明两行：每犯一次错，$w\cdot w^\star$ 至少涨 $\gamma/2$，而 $\lVert w\rVert^2$ 至多涨 $R^2$；于是 $M\gamma/2\le w\cdot w^\star\le\lVert w\rVert\le R\sqrt M$。
#
# 这个界会不会太松？不会：标准正交的 20 个样本，界是 20，实际恰好犯 **20** 次错，一次都不能少。
#
# 在异或上，按 00、01、10、11 的次序，感知机每一轮犯 **4** 次错，然后权重恰好回到 **0**，永远转圈。两个开关的 16 条规则里，可分的有 **14** 条；做不到的只有异或和它的否定。所以，在开关的规则里没有更小的难题。（输入若能取三个值，还有更小的：$x=0,1,2$ 时答 0、1、0。）
#
# </details>
#
# In 1958 Rosenblatt taught a single threshold neuron to learn. Labels are ±1. The bias is one more weight, on an input that is always 1. Start at
# $w = 0$ and go through the examples again and again. Whenever one is on the wrong side (or on the line), add it: $w \leftarrow w + y\,x$.


# %%
def perceptron(X, y, max_passes=1_000):
    """Return the perceptron's weights and its number of mistakes; it stops after a pass without one."""
    w, mistakes = np.zeros(X.shape[1]), 0
    for _ in range(max_passes):
        before = mistakes
        for x, label in zip(X, y):
            if label * (w @ x) <= 0:
                w, mistakes = w + label * x, mistakes + 1
        if mistakes == before:
            break
    return w, mistakes


# %% [markdown]
# First on the ordinary *or*, with the column of ones that carries the bias. scikit-learn's perceptron takes the examples in the same order:

# %% tags=["nbval-check-output"]
from sklearn.linear_model import Perceptron

X_1 = np.column_stack([np.ones(4), X])
w, mistakes = perceptron(X_1, np.array([-1, 1, 1, 1]))
theirs = Perceptron(fit_intercept=False, shuffle=False, tol=None, max_iter=10).fit(X_1, [-1, 1, 1, 1])
w, mistakes, theirs.coef_[0]

# %% [markdown]
# Nine mistakes, then $-1 + 2x_1 + 2x_2$, which has the right sign four times, in both.
#
# **Must it stop?** Suppose that some unit vector $w^\star$ separates the classes with a gap of width $\gamma$, so that each example is at least $\gamma/2$ from the
# plane, and that $\lVert x \rVert \le R$. At each mistake
#
# $$w \cdot w^\star \text{ grows by at least } \gamma/2, \qquad \lVert w \rVert^2 \text{ grows by at most } R^2,$$
#
# the second because the term $2y\,w \cdot x$ is not positive when $x$ is a mistake. After $M$ mistakes
# $M\gamma/2 \le w \cdot w^\star \le \lVert w \rVert \le R\sqrt{M}$, hence
#
# $$M \le \frac{4R^2}{\gamma^2}.$$
#
# (Many books call *half* the gap $\gamma$ and write $R^2/\gamma^2$. Same theorem.) The number of examples does not appear, nor the dimension.
#
# A bound that is never nearly reached could be a bad bound. So meet an adversary: $n$ **orthonormal** examples, here the unit vectors, each with any label. The best $w^\star$ has entries
# $\pm 1/\sqrt n$, so $\gamma/2 = 1/\sqrt n$, and with $R = 1$ the bound is $n$.

# %% tags=["nbval-check-output"]
n_of_n = [perceptron(np.eye(n), np.resize([1, -1, -1], n))[1] for n in (5, 20, 80, 320)]
print(n_of_n)
claims.exact("mistakes on 20 orthonormal examples", n_of_n[1], "20 mistakes")

# %% [markdown]
# No example teaches the perceptron about another, so each costs one mistake: **20 mistakes** on 20 examples. The bound cannot be improved.
#
# And XOR? No $w^\star$ exists, so the theorem is silent. We run one pass, two, ten, and then ask which of all 16 rules of two switches, from "always off" to "always on", the perceptron can learn.

# %%
import itertools

rules = np.array(list(itertools.product([-1, 1], repeat=4)))
learned = [np.all(rule * (X_1 @ perceptron(X_1, rule)[0]) > 0) for rule in rules]
rules[~np.array(learned)]

# %% tags=["nbval-check-output"]
xor = np.array([-1, 1, 1, -1])
for passes in (1, 2, 10):
    print(passes, *perceptron(X_1, xor, max_passes=passes))
w, mistakes_in_ten = perceptron(X_1, xor, max_passes=10)
claims.exact("XOR, mistakes in each pass", mistakes_in_ten / 10, "4 mistakes")
claims.exact("XOR, largest weight after ten passes", np.abs(w).max(), "0")
claims.exact("separable rules of two switches", sum(learned), "14")

# %% [markdown]
# In the order 00, 01, 10, 11 it makes **4 mistakes** in each pass, and after the fourth the weights are back at **0**. It goes round for ever. Of the 16 rules it learns **14**; the two rows above are what
# is left, XOR and its opposite. With a single switch all four rules are separable. So with fewer switches no rule is impossible. (An input with three values has a smaller impossible rule: 0, 1, 0 at $x = 0, 1, 2$.)

# %% [markdown] tags=["instructor"]
# If a class wants it: walk one XOR pass on the board; it takes four lines. Likely question: "how do we know that it will never stop?" It returns to a state it has been in, and nothing is
# random. History: Minsky and Papert's book of 1969 is often said to have ended the first wave. They knew of hidden layers; no method to train them was widely known.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚在你的机器上量到的值放在一起。凡带随机性的，课文写的是许多次运行的平均，你这一次会略有出入。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine. Where chance enters, the lecture states the mean
# over many runs, and yours is one more.

# %%
claims.table()

# %% [markdown] tags=["instructor"]
# 1 minute. Point at one row where this run and the stated mean differ, and ask why.

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 异或线性不可分，叠再多的线性层也一样；两层之间要有非线性。
# - 隐藏层搬动数据点，让最后的线性模型能够胜任；两个 ReLU 单元就够表示异或。
# - 够表示不等于找得到：窄网络大多卡住，死单元是原因之一，加宽或用带泄漏的 ReLU 都有帮助。
# - 类别是名字：独热标签、每类一个分数。softmax 加交叉熵，梯度就是概率减真值。
# - 单标签用 softmax 加交叉熵，多标签用 sigmoid 加 BCE；平方误差配 sigmoid，错得最厉害时恰恰几乎没有梯度。
#
# </details>
#
# - XOR is not linearly separable, and stacked linear layers are still linear. Put a nonlinearity between them.
# - A hidden layer moves the points until a linear model will do. Two ReLU units represent XOR exactly.
# - To represent is not to find. Most narrow starts get stuck; silent units are one cause, width and leaks help.
# - A class is a name: one-hot labels, one score for each class. With softmax and cross-entropy the gradient is probability minus truth.
# - One label: softmax and cross-entropy. Several: sigmoids and BCE. Squared error behind a sigmoid has almost no slope where the answer is most wrong.

# %% [markdown] tags=["instructor"]
# 1 minute. Let the class say the third line before you show it.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# A. 把 ReLU 换成平方 $z\mapsto z^2$，算异或至少要几个隐藏单元：一个、两个，还是多少都不行？
#
# B. 宽度 2 的网络训练 3,000 步后停在风险 1/6。该怎么办：多走些步、换一个起点，还是减小学习率？
#
# C. 一个一千类的分类器，训练刚开始时交叉熵是 6.9。哪里错了吗？
#
# </details>
#
# **A.** Replace the ReLU by the square, $z \mapsto z^2$. How many hidden units does XOR need at least: one, two, or will no number do?
#
# <details>
# <summary>Answer</summary>
#
# One: $(x_1 - x_2)^2$ is 0, 1, 1, 0. "Two" tempts because the ReLU needs two. But one ReLU only rises, or only falls; the square does both. "No number" tempts
# because the square of a sum looks harmless; it contains the product $x_1x_2$, which no linear model has.
#
# 一个就够：$(x_1-x_2)^2$ 依次是 0、1、1、0。ReLU 要两个，因为一个 ReLU 只升或只降；平方有升有降，还带来了乘积 $x_1x_2$。
#
# </details>
#
# **B.** Your network of width 2 rests at risk 1/6 after 3,000 steps. What helps: more steps, another start, or a smaller learning rate?
#
# <details>
# <summary>Answer</summary>
#
# Another start (or more units). *More steps* tempts because most curves that we see are still falling; this gradient is zero, and a thousand times
# zero is zero. *A smaller rate* tempts because it is what one does about a risk that jumps; this one does not move.
#
# 换一个起点，或者加宽。梯度已经是零，多走多少步、步子多小，都在原地。
#
# </details>
#
# **C.** A fresh classifier of a thousand classes reports a cross-entropy of 6.9 before its first step. What is wrong?
#
# <details>
# <summary>Answer</summary>
#
# Nothing: a blind guess among a thousand classes costs $\ln 1000 = 6.9$. "It is far from 2.3" tempts, but that is the number for ten classes. A fresh classifier of *ten* classes
# at 6.9 would be confidently wrong; then check the code and the scale of the inputs.
#
# 没有错：一千类里瞎猜的交叉熵就是 $\ln 1000=6.9$。2.3 是十类的数。若十类的分类器一开始就是 6.9，那才是错得很自信，先查代码和输入的缩放。
#
# </details>

# %% [markdown] tags=["instructor"]
# 6 minutes. For A, let the class try $(x_1 + x_2)^2$ first. For B, ask what the gradient is: zero.

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行检查的那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 手工搭一个两单元的 ReLU 网络，算同或（XNOR）：1、0、0、1。
# 2. 直接从分数算平均交叉熵，不能溢出。
# 3. 先预测，再实验：从随机的权重出发，用异或的四个例子训练一个两类的 softmax 回归，交叉熵最后停在多少？
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. The opposite of XOR.* Return `W, c, w, b` of a ReLU network with two hidden units that answers 1, 0, 0, 1 on the cases 00, 01, 10, 11. Shapes (2, 2), (2,), (2,) and a number.

# %% tags=["nbval-check-output"]
from utils.exercises import attempt, misshapen


def xnor_network():
    return ...


def check_xnor_network(f):
    parts = f()
    if not isinstance(parts, tuple | list) or len(parts) != 4:
        return "return the four parts W, c, w and b, in this order"
    for name, part, shape in zip("Wcwb", parts, ((2, 2), (2,), (2,), ())):
        if reason := misshapen(part, shape):
            return f"{name}: {reason}"
    W, c, w, b = map(np.asarray, parts)
    cases = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y_hat = np.maximum(0, cases @ W + c) @ w + b
    said = f"the answers should be 1, 0, 0, 1, and yours are {', '.join(f'{value:g}' for value in y_hat)}"
    if np.allclose(y_hat, [0, 1, 1, 0]):
        return f"{said}: this is XOR itself"
    if np.allclose(y_hat, [0, -1, -1, 0]):
        return f"{said}: right but for a constant, and the output has a bias"
    if not np.allclose(y_hat, [1, 0, 0, 1]):
        uncut = (cases @ W + c >= 0).all()
        return said + ": the ReLU never cuts anything off, so this is a linear model" * bool(uncut)


attempt(xnor_network, check_xnor_network)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def xnor_network_solution():  # one minus the network of section 3
    return np.array([[1, 1], [1, 1]]), np.array([0, -1]), np.array([-1, 2]), 1


assert check_xnor_network(xnor_network_solution) is None

# %% [markdown]
# *2. Cross-entropy from scores.* Given scores `z` of shape (n, k) and labels, return the mean cross-entropy of their softmax, a single number. A score of 2,000 must do no harm, on either side.


# %% tags=["nbval-check-output"]
def entropy_from_scores(z, labels):
    return ...


def check_entropy_from_scores(f):
    z, labels = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 3.0]]), np.array([1, 2])
    rows, down = np.log(np.exp(z).sum(axis=1)) - [1, 3], np.log(np.exp(z).sum(axis=0)) - z
    result = f(z.copy(), labels.copy())
    if reason := misshapen(result, ()):
        return f"{reason}, the mean over the examples"
    hints = {
        -rows.mean(): "the sign is wrong: the logarithm of a probability is negative, a loss is not",
        rows.mean() - 0.5: "you took the largest score instead of the label",
        rows.sum() / 6: "you averaged over classes too; only the examples are averaged",
        rows.sum(): "this is the sum over the examples, and the mean is asked for",
        rows.mean() / np.log(2): "this is in bits; use the natural logarithm",
        down[[0, 1], labels].mean(): "your softmax runs down the columns, and each row is an example",
    }
    for value, hint in hints.items():
        if np.isclose(result, value):
            return hint
    if not np.isclose(result, rows.mean()):
        return f"for scores (2, 1, 0), (0, 0, 3) and labels 1, 2 it is {rows.mean():.4f}, not {result:.4f}"
    with np.errstate(all="ignore"):
        got = f(np.array([[0.0, 2_000.0], [-2_000.0, -2_000.0]]), np.array([0, 1]))
    if not np.isclose(got, 1_000 + np.log(2) / 2):
        return f"for scores (0, 2000), (−2000, −2000) and labels 0, 1 it is 1000.35, not {got:.2f}: beware of exp(2000) and log(0)"


attempt(entropy_from_scores, check_entropy_from_scores)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def entropy_from_scores_solution(z, labels):
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


assert check_entropy_from_scores(entropy_from_scores_solution) is None

# %% [markdown]
# *3. Predict, then train.* A softmax regression with two classes, off and on, is trained on XOR's four cases, from random weights, until nothing changes. At which mean cross-entropy does it end? Return your prediction, a number.
# The cell after the solution trains it.


# %% tags=["nbval-check-output"]
def entropy_on_xor():
    return ...


def check_entropy_on_xor(f):
    result = f()
    if reason := misshapen(result, ()):
        return reason
    hints = {
        0: "that needs every case right and certain, and no line separates them",
        0.25: "that is section 1's squared error; cross-entropy is the mean of −log p",
        0.5: "that is the probability of each class; what does it cost?",
        1: "that is in bits; the lecture's logarithm is the natural one",
        np.log(10): "that is a blind guess among ten classes; here are two",
        2 * np.log(2): "that adds the costs of two examples, or of both classes; take the mean over examples",
        4 * np.log(2): "this is the sum over the four cases",
        -np.log(2): "the size is right, but a loss of probabilities is not negative",
    }
    for value, hint in hints.items():
        if abs(result - value) < 0.006:
            return f"not {result:g}: {hint}"
    if not abs(result - np.log(2)) <= 0.008:  # 0.7 will do, nan will not
        return f"not {result:g}: by section 1's symmetry the best weights are zero; what are the probabilities then, and their cost?"


attempt(entropy_on_xor, check_entropy_on_xor)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def entropy_on_xor_solution():  # section 1's symmetry: "half" everywhere, a blind guess among two
    return np.log(2)


assert check_entropy_on_xor(entropy_on_xor_solution) is None

# %% [markdown]
# Now train, from random weights. The last line shows the cross-entropy, and the difference of the two classes' weights (bias, switch 1, switch 2).

# %% tags=["nbval-check-output"]
cases, lit = np.column_stack([np.ones(4), X]), y.astype(int)
V = rng.normal(size=(3, 2))
for _ in range(3_000):
    V = V - 0.5 * cases.T @ (softmax(cases @ V) - np.eye(2)[lit]) / 4
float(cross_entropy(softmax(cases @ V), lit).round(4)), (np.abs(V[:, 1] - V[:, 0]) < 1e-6).tolist()

# %% [markdown]
# It ends at $\ln 2$, and both classes have the same weights: whatever the switches say, "half". Section 1's best line, in other words.

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Goodfellow 等人的《深度学习》第 6 章正是从异或讲起，本讲的手工网络出自那里；Novikoff 1962 年的短文给出感知机的收敛证明；Glorot 与 Bengio 的论文讲初始化与梯度消失；Minsky 与 Papert 的《感知机》仍然值得一读。
#
# </details>
#
# - I. Goodfellow, Y. Bengio, A. Courville, [*Deep Learning*](https://www.deeplearningbook.org) (MIT Press, 2016), chapter 6: the hand-made network of section 3 is from its section 6.1.
# - F. Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain", *Psychological Review* 65 (1958).
# - A. Novikoff, "On convergence proofs for perceptrons", *Symposium on the Mathematical Theory of Automata* (1962).
# - M. Minsky, S. Papert, *Perceptrons* (MIT Press, 1969).
# - X. Glorot, Y. Bengio, [Understanding the difficulty of training deep feedforward neural networks](https://proceedings.mlr.press/v9/glorot10a.html), AISTATS 2010.
# - A. Maas, A. Hannun, A. Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML 2013 workshop: the leaky ReLU.
