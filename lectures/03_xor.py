# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 3 · Four points that no line can separate
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/03_xor.ipynb)
#
# A light on a staircase has two switches, one at each end. Flip either and the light changes. So it is on when exactly one
# switch is up: the *exclusive or*, XOR. What is the smallest problem that a linear model cannot do, and what does one
# hidden layer change? This is the problem, it has four examples, and we can follow every number in it by hand.
#
# **You will**
#
# - prove in one line that no linear model computes XOR, and that stacking two does not help;
# - build a network of two ReLU units that does, and see in a picture why it works;
# - write its gradients, train 500 starts at once, and explain why most small ones get stuck;
# - run Rosenblatt's perceptron and say when, and how fast, it must stop;
# - choose an activation, an output and a loss for a classifier, and say why.
#
# **You need** the chain rule, matrix products, NumPy, and least squares from lecture 1.
# **It takes** 90 minutes to teach and under 60 seconds to run on 2 CPU cores.
#
# **Figures in bold** were measured. Where chance enters, they are means over many runs (ten seeds, mostly): your own run will differ a little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("03")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 The smallest thing a line cannot do
#
# <details>
# <summary>中文</summary>
#
# 楼梯上下各有一个开关，拨动任何一个，灯都会变。恰好有一个开关朝上时灯亮，这就是**异或**（XOR）。输入只有四种，答案依次是 0、1、1、0。
#
# 用最小二乘拟合 $f(x)=w^\top x+b$，得到的权重是 **0**，截距是 **0.5**：不论开关怎样，一律回答“一半”，经验风险 **0.25**。这正是完全不看输入时的最好成绩。
#
# 错不在损失函数。假设有一条直线能分开两类，那么 $f$ 在 01 和 10 处大于 ½，在 00 和 11 处小于 ½。可是对任何线性函数都有 $f(01)+f(10)=f(00)+f(11)$：左边大于 1，右边小于 1，矛盾。从图上看，两条对角线交于同一个中点，直线不可能让这个点同时落在两侧。这四个点**线性不可分**。
#
# </details>
#
# Two switches, four cases, one light. That is all the data there is.

# %% tags=["nbval-check-output"]
import numpy as np

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])  # the two switches
y = np.array([0.0, 1.0, 1.0, 0.0])  # the light
X.shape, y.shape

# %% [markdown]
# Lecture 1 gave us a machine for this: a column of ones, then least squares. What does the best line say?

# %% tags=["nbval-check-output"]
from sklearn.linear_model import LinearRegression

b, *w = np.linalg.lstsq(np.column_stack([np.ones(4), X]), y, rcond=None)[0]
model = LinearRegression().fit(X, y)
bool(np.allclose(w, model.coef_, atol=1e-12) and np.isclose(b, model.intercept_))

# %% [markdown]
# `lstsq` and scikit-learn agree. On this:

# %% tags=["nbval-check-output"]
# Exact but for rounding, which stays below 1e-15 here.
claims.check("largest weight of the best line", np.abs(w).max(), "0", band=(0, 1e-12))
claims.check("intercept of the best line", b, "0.5", band=(0.5 - 1e-12, 0.5 + 1e-12))
claims.check(
    "empirical risk of the best line",
    np.mean((X @ w + b - y) ** 2),
    "0.25",
    band=(0.25 - 1e-12, 0.25 + 1e-12),
)

# %% [markdown]
# The weights are **0** and the intercept is **0.5**. Whatever the switches say, the best line answers "half". Its risk, **0.25**, is what we
# would get without looking at the input at all.
#
# Is squared loss to blame? No. Suppose that *some* $f(x) = w^\top x + b$ puts the two lit cases above ½ and the two dark
# ones below. Then
#
# $$\underbrace{f(0,1) + f(1,0)}_{> 1} \;=\; w_1 + w_2 + 2b \;=\; \underbrace{f(0,0) + f(1,1)}_{< 1}.$$
#
# One side is greater than 1, the other less. That is a contradiction, so there is no such $f$: the four points are **not linearly
# separable**. To see the same argument, we draw the cases.

# %%
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()


def draw_cases(ax, points, size=220):
    """Draw the four cases at these points: squares where the light is on, circles where it is off."""
    for lit, marker, color in ((0, "o", "C0"), (1, "s", "C1")):
        ax.scatter(
            *points[y == lit].T, s=size, marker=marker, color=color, label="light " + ("on" if lit else "off")
        )


# %% [markdown]
# The diagonals join the cases of one kind.

# %% mystnb={"image": {"alt": "The four corners of the unit square. The dark cases, circles at 00 and 11, are joined by a dashed diagonal, the lit cases, squares at 01 and 10, by a solid one. Both diagonals cross in the centre of the square."}}
draw_cases(plt.gca(), X)
plt.plot([0, 1], [0, 1], color="C0", linestyle="--", zorder=0)
plt.plot([0, 1], [1, 0], color="C1", zorder=0)
plt.gca().set(aspect="equal", xticks=[0, 1], yticks=[0, 1], xlim=(-0.2, 2.0), ylim=(-0.2, 1.2))
plt.legend(loc="center right")
plotting.show("Both diagonals meet in the middle", "switch $x_1$", "switch $x_2$")

# %% [markdown]
# A line that separates the classes has one diagonal on each side. But the diagonals share their midpoint, and that point
# would have to be on both sides.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (10 minutes). Let a volunteer try to draw the line on the board before the proof. Likely question: "why
# not a curve?" Exactly: that is where the hour goes. Common confusion: "not separable" is about the *hypothesis space*; no loss,
# no optimiser and no amount of data will help.

# %% [markdown]
# ## 2 Two linear layers are one
#
# <details>
# <summary>中文</summary>
#
# 一层不够，那就叠两层？先把输入变成 $h=W_1^\top x+c_1$，再由 $h$ 算出答案。中间的每个分量叫一个**隐藏单元**，单元的个数叫**宽度**。可是 $(XW_1+c_1)W_2+c_2=X(W_1W_2)+(c_1W_2+c_2)$：两层线性合起来还是一层线性。宽度 64 的两层网络和合并后的一层，在一千个输入上的差别不到 **1e-12**，只是舍入。
#
# 所以：不加非线性，绝不叠层。
#
# </details>
#
# One layer is not enough, so stack two? Compute some numbers $h$ from the input, then the answer from $h$. The entries of $h$ are **hidden
# units**, because no data set tells us what they should be. Their number is the **width**. With examples in rows,
#
# $$(X W_1 + c_1)\,W_2 + c_2 \;=\; X\,(W_1 W_2) + (c_1 W_2 + c_2).$$


# %% tags=["nbval-check-output"]
def merge(W_1, c_1, W_2, c_2):
    """Return the one linear layer (W, c) that does what two do one after the other."""
    return W_1 @ W_2, c_1 @ W_2 + c_2


merge(np.array([[1, 1], [1, 1]]), np.array([0, -1]), np.array([[1], [-2]]), np.array([0]))

# %% [markdown]
# Check it in your head: both weights are $1 - 2 = -1$, the bias is $0 \cdot 1 + (-1)(-2) = 2$. Remember these particular matrices.
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
# Two hundred and fifty-seven parameters do what three can do, to within **1e-12**, which is rounding. *Never stack layers without a
# nonlinearity between them.*

# %% [markdown]
# ## 3 Two ReLU units, by hand
#
# <details>
# <summary>中文</summary>
#
# 在两层之间放进最简单的非线性：**修正线性单元** ReLU，$\max(0,z)$，负的变成零，正的不变。取 $W=\begin{pmatrix}1&1\\1&1\end{pmatrix}$，$c=(0,-1)$，$w=(1,-2)$，$b=0$。四个输入的答案依次是 0、1、1、0，误差恰好是 **0**。
#
# 为什么行得通？看隐藏空间：01 和 10 落在同一个点 $h=(1,0)$ 上，四个点变成了 **3** 个点，一条直线就能分开。隐藏层没有“分类”，它把空间折了起来，让最后那层线性模型能够胜任。这就是上一讲说的自适应的特征。
#
# 隐藏单元没有先后：把它们连同各自的权重一起换位置，函数不变。宽度为 $H$ 时，每个解都有 $H!$ 个写法。
#
# </details>
#
# Put the simplest nonlinearity between the layers: the **rectified linear unit**, $\mathrm{ReLU}(z) = \max(0, z)$. Negative numbers become zero, the others
# pass. The network is then
#
# $$f(x) = w^\top \max(0,\; W^\top x + c) + b.$$

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
h @ w + b

# %% [markdown]
# The light goes off, on, on, off. Count also how many different rows `h` has.

# %% tags=["nbval-check-output"]
# Small whole numbers: exact in floating point.
claims.check("largest error of the network by hand", np.abs(h @ w + b - y).max(), "0", band=(0, 0))
claims.check("distinct points in h-space", len(np.unique(h, axis=0)), "3 points", band=(3, 3))

# %% [markdown]
# The error is exactly **0**. These are the matrices that section 2 merged into a line. One `maximum`
# between them made all the difference. Where did the impossibility go?

# %% mystnb={"image": {"alt": "Two panels. Left, in x-space, the four cases with the shaded strip between two parallel lines in which the network answers above one half; the lit cases lie inside. Right, in h-space, only three points are left, because 01 and 10 coincide, and one straight line separates them."}}
fig, (left, right) = plt.subplots(1, 2)
draw_cases(left, X)
left.fill_between([-0.3, 1.8], [0.8, -1.3], [1.8, -0.3], color="C1", alpha=0.2, hatch="/")
left.set(xlabel="switch $x_1$", ylabel="switch $x_2$", title="x-space: four points")
draw_cases(right, h)
right.fill_between([-0.3, 2.3], [-0.4, 0.9], [-0.4, -0.4], color="C1", alpha=0.2, hatch="/")
right.plot([-0.3, 2.3], [-0.4, 0.9], color="black", linestyle="-")
right.annotate("01 and 10\nlie here", (1, 0), (0.35, 1.0), arrowprops={"arrowstyle": "->"})
right.set(xlabel="hidden unit $h_1$", ylabel="hidden unit $h_2$", title="h-space: three points")
left.set(xlim=(-0.3, 1.4), ylim=(-0.3, 1.4))
right.set(xlim=(-0.3, 2.3), ylim=(-0.4, 1.5))
right.legend(loc="upper right")
fig.suptitle("The hidden layer folds the plane until a line will do", fontweight="bold")
plt.show()

# %% [markdown]
# In the hatched region the network answers more than ½. On the right, the four cases have become **3 points**: 01 and 10 land on the same $h = (1, 0)$. Three points that are not in a row can be
# separated any way we like. The hidden layer does not classify. It moves the points to where a linear model can, an adaptive basis in the sense of lecture 2.
#
# Swap the two hidden units, with their weights, and nothing changes. At width $H$ every solution can be written in $H!$ ways, so the risk cannot have just one
# minimum.

# %% [markdown]
# ## 4 Five hundred starts at once
#
# <details>
# <summary>中文</summary>
#
# 手里有现成的解，训练能不能自己找到？用 Glorot 初始化、零偏置、均方误差，学习率 0.1，全批量梯度下降 3,000 步。一次起步说明不了什么，所以同时训练 500 个起点：数组多一个轴，广播替我们循环。梯度自己推，再和有限差分对照，相差不到 **1e-7**。
#
# 成功（四个答案都落在 ½ 的正确一侧）的比例：宽度 2 是 **23** %，宽度 3 是 **46** %，宽度 4 是 **63** %，宽度 8 是 **93** %，宽度 16 是 **99.8** %。也就是说，两个单元明明够用，却有将近五分之四的起点走进了死路。
#
# 让我们意外的是，失败也很整齐：宽度 2 的失败者 **100** % 停在三个值之一，1/4、1/6、1/8，分别是答对零个、一个、两个点，其余的一律回答平均数。原因之一是**死单元**：两个权重都为负时，它在四个输入上都输出零，梯度也恰好是零，永远动不了。理论上宽度 2 的起点有 1 − (3/4)² ≈ **44** % 至少带一个死单元，它们成功的比例是 **0** %，因为剩下的一个单元解不了异或。
#
# 最后用 Keras 从同一个起点训练一次：走完前 100 步，权重相差不到 **0.03**（在 CPU 上只差千万分之几）。
#
# </details>
#
# We know that a solution exists. Will gradient descent find it? We minimise $\hat R = \frac1N \sum_i (\hat y_i - y_i)^2$ with all four examples in every step. The chain rule, from
# the output backwards, with $Z = XW + c$, $H = \max(0, Z)$, $\hat y = Hw + b$:
#
# $$e = \tfrac{2}{N}(\hat y - y), \qquad \frac{\partial \hat R}{\partial w} = H^\top e, \quad \frac{\partial \hat R}{\partial b} = \sum_i e_i,$$
#
# $$E = (e\,w^\top) \odot \mathbb{1}[Z > 0], \qquad \frac{\partial \hat R}{\partial W} = X^\top E, \quad \frac{\partial \hat R}{\partial c} = \sum_i E_i.$$
#
# The ReLU passes a gradient where it is active and blocks it elsewhere. At $z = 0$ it has no derivative, and we take 0 by convention, as all libraries do.
#
# One start proves nothing. So each array gets a leading axis of length $S$, one entry for each start, and broadcasting does the loop. First, weights drawn uniformly as Glorot proposed, with zero biases.


# %% tags=["nbval-check-output"]
def glorot(rng, n_starts, width):
    """Return n_starts random networks as W (S, 2, H), c (S, 1, H), w (S, H, 1), b (S, 1, 1)."""
    W = rng.uniform(-1, 1, (n_starts, 2, width)) * np.sqrt(6 / (2 + width))
    w = rng.uniform(-1, 1, (n_starts, width, 1)) * np.sqrt(6 / (width + 1))
    return [W, np.zeros((n_starts, 1, width)), w, np.zeros((n_starts, 1, 1))]


[part.shape for part in glorot(rng, 500, 2)]

# %% [markdown]
# Next, all outputs and risks. The argument `delta` is for section 5; at 0 the activation is the ReLU.


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
# The network of section 3, as a batch of one:

# %% tags=["nbval-check-output"]
by_hand = [W[None], c[None, None], w[None, :, None], np.zeros((1, 1, 1))]
forward(X, by_hand)[-1], risk(X, y, by_hand)

# %% [markdown]
# Right. Then the gradients, in the order and the letters of the formulas above.


# %%
def gradients(X, y, theta, delta=0.0):
    """Return the gradient of each start's risk, in the shapes of theta."""
    _, _, w, _ = theta
    Z, H, y_hat = forward(X, theta, delta)
    e = 2 / len(y) * (y_hat - y)[..., None]
    E = e @ w.swapaxes(1, 2) * np.where(Z > 0, 1, delta)
    return [X.T @ E, E.sum(1, keepdims=True), H.swapaxes(1, 2) @ e, e.sum(1, keepdims=True)]


# %% [markdown]
# And plain gradient descent.


# %%
def train(X, y, theta, n_steps=3_000, eps=0.1, delta=0.0):
    """Return theta after n_steps of gradient descent with all examples and learning rate eps."""
    for _ in range(n_steps):
        slopes = gradients(X, y, theta, delta)
        theta = [part - eps * slope for part, slope in zip(theta, slopes)]
    return theta


# %% [markdown]
# Never trust a gradient that you derived yourself. Nudge each parameter up and down, and see what the risk does.


# %%
def finite_differences(X, y, theta, delta=0.0, step=1e-6):
    """Return the gradient of each start's risk by central differences, in the shapes of theta."""
    slopes = [np.zeros_like(part) for part in theta]
    for part, slope in zip(theta, slopes):
        for index in np.ndindex(part.shape[1:]):
            entry = (slice(None), *index)  # the same parameter of all starts at once
            kept = part[entry].copy()
            part[entry] = kept + step
            above = risk(X, y, theta, delta)
            part[entry] = kept - step
            slope[entry] = (above - risk(X, y, theta, delta)) / (2 * step)
            part[entry] = kept
    return slopes


# %% [markdown]
# On five starts of width 3, with the biases moved off zero. (With zero biases the case 00 sits exactly on the kink of every unit. A difference quotient averages
# both sides there and rightly disagrees with our convention.)

# %%
theta = [part + rng.uniform(0.1, 0.5, part.shape) for part in glorot(rng, 5, 3)]
pairs = zip(gradients(X, y, theta), finite_differences(X, y, theta))
gradient_error = max(np.abs(ours - theirs).max() for ours, theirs in pairs)
float(gradient_error)

# %% tags=["nbval-check-output"]
# Rounding of risks of order 1, over 2e-6: at most 2.7e-9 in 300 seeds.
claims.check("gradients against finite differences", gradient_error, "below 1e-7", band=(None, 1e-7))

# %% [markdown]
# They agree to within **1e-7**.
#
# Now train. Width 2 first: by section 3, two units are enough. We note the risk every 10 steps.

# %%
from tqdm import tqdm

start, end = {2: glorot(rng, 500, 2)}, {}
theta, history = start[2], []
for _ in tqdm(range(300), desc="width 2"):
    history.append(risk(X, y, theta))
    theta = train(X, y, theta, n_steps=10)
end[2] = theta
history = np.array([*history, risk(X, y, theta)])
history.shape

# %% [markdown]
# A start *succeeds* if all four answers end on the right side of ½.


# %%
def succeeds(X, y, theta, delta=0.0):
    """Say of each start whether all its answers are on the right side of ½; shape (S,)."""
    return ((forward(X, theta, delta)[-1] > 0.5) == (y > 0.5)).all(axis=1)


solved = succeeds(X, y, end[2])
int(solved.sum()), len(solved)

# %% [markdown]
# So few? Here is the risk of eighty of them, over the first 600 steps. After that hardly anything moves.

# %% mystnb={"image": {"alt": "Risk against steps for eighty starts of width two. A minority, solid lines, falls to zero. All the others, dashed, come to rest on one of three levels: one eighth, one sixth or one quarter."}}
steps = 10 * np.arange(len(history))
plt.plot(steps, history[:, :80][:, solved[:80]], "-", color="C0", linewidth=1.2, alpha=0.7)
plt.plot(steps, history[:, :80][:, ~solved[:80]], "--", color="C1", linewidth=1.2, alpha=0.7)
for level, name in ((1 / 4, "1/4"), (1 / 6, "1/6"), (1 / 8, "1/8"), (0, "0: solved")):
    plt.text(605, level, name, va="center")
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
# all four cases. It is *silent*, its gradient is exactly zero, and it stays as it is for ever. One unit is
# left, and one cannot do it: it rises or falls with $w_1x_1 + w_2x_2 + c$, which is section 1's line again.

# %%
W, c, *_ = start[2]
silent = (X @ W + c <= 0).all(axis=1).any(axis=1)
int(silent.sum()), int((silent & solved).sum())

# %% tags=["nbval-check-output"]
# Theory: each unit is silent with probability 1/4. In 500 starts the share scatters binomially, sd 2.2 points.
claims.check("starts of width 2 with a silent unit", 100 * silent.mean(), "44 %", band=(33.8, 53.7))
claims.check("starts with a silent unit that succeed", 100 * solved[silent].mean(), "0 %", band=(0, 0))

# %% [markdown]
# A unit is silent with probability ¼, so at least one of two with probability $1 - (\frac34)^2$, or **44 %**. Of these starts **0 %** succeed.
# More units are a remedy: spare ones take over. At larger widths:

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
# Is the silence of units the whole story? A start with fewer than two live units is lost. The dashed line is the share of starts that
# have at least two.

# %% mystnb={"image": {"alt": "Share of successful starts against width, with error bars: rising from about a quarter at width two to nearly all at width sixteen. A dashed line above it, the share with at least two live units, starts at 56 per cent and reaches nearly all at width four."}}
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
# At widths 2, 3, 4, 8 and 16, **23 %**, **46 %**, **63 %**, **93 %** and **99.8 %** succeed. Nearly four starts in five get stuck at width 2. (One set of 500 knows these shares to
# a few points; we state those of 10,000.) The gap below the dashed line says that silence at the start explains only part of the failures: some live units fall silent on the way, others settle in a bad place. Remember
# this when somebody says that two units suffice. They suffice to *represent* XOR. To *find* it takes spare ones.
#
# Now once in Keras. Since some starts fail even at width 8, we take one that is known to work.

# %%
import keras

print("backend:", keras.backend.backend(), "| device:", keras.distribution.list_devices()[0])
k = np.argmax(succeeds(X, y, end[8]))  # the first start that works
theta = [part[[k]] for part in start[8]]
[part.shape for part in theta]

# %% [markdown]
# The same layers in Keras, given the same weights:

# %%
W, c, w, b = (part[0] for part in theta)
net = keras.Sequential([keras.Input((2,)), keras.layers.Dense(8, activation="relu"), keras.layers.Dense(1)])
net.set_weights([W, c[0], w, b[0]])
net.compile(keras.optimizers.SGD(0.1), loss="mse", steps_per_execution=100)

# %% [markdown]
# To Keras a hundred copies of our four cases, in batches of four and in order, are a hundred steps with all the data.

# %%
net.fit(np.tile(X, (100, 1)), np.tile(y, 100)[:, None], batch_size=4, shuffle=False, verbose=0)
W, c, w, b = (part[0] for part in train(X, y, theta, n_steps=100))
pairs = zip(net.get_weights(), [W, c[0], w, b[0]])
keras_difference = max(np.abs(theirs - ours).max() for theirs, ours in pairs)
float(keras_difference)

# %% tags=["nbval-check-output"]
# On a CPU about 1e-7, single precision. A GPU may multiply in ten bits (TF32): simulated, up to 0.011.
# Half the learning rate would give 0.1 or more.
claims.check("Keras against NumPy after 100 steps", keras_difference, "below 0.03", band=(None, 0.03))

# %% [markdown]
# Keras and our formulas walk the same path: the weights differ by less than **0.03** (on a CPU by less than a millionth; a GPU may round its products more coarsely). The remaining
# 2,900 steps:

# %%
net.fit(np.tile(X, (2_900, 1)), np.tile(y, 2_900)[:, None], batch_size=4, shuffle=False, verbose=0)
np.abs(np.asarray(net(X))[:, 0].round(2))

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (25 minutes). Ask for a bet before width 2: how many of 500 will work? Most say nearly all. Likely question: "is 1/6 a local minimum?" With a silent unit
# there is a flat direction, so no strict one; what matters is that the gradient is zero. Common confusion: capacity and trainability. The figure with the dashed line is
# worth two minutes of silence.

# %% [markdown]
# ## 5 Activations and their slopes
#
# <details>
# <summary>中文</summary>
#
# 常用的激活函数有四个。ReLU：正半轴斜率是 1，负半轴是 0。**带泄漏的 ReLU**：负半轴留一点斜率 $\delta$，防止单元死掉。**sigmoid** 把任何数压进 0 到 1，用在输出层表示概率，斜率 $\sigma(1-\sigma)$ 最大只有 ¼。**tanh** 压进 −1 到 1，斜率 $1-\tanh^2$，常见于循环网络。ReLU 有神经元的影子：输入不到阈值，它就不作声。
#
# 同样 500 个宽度 2 的起点换成 $\delta=0.1$，成功率升到 **61** %；原来带死单元、一个也不成功的那些，现在有 **51** % 成功。
#
# 讲义说，sigmoid 一层层叠下去，输出会被推到 1。这要看权重。权重为 1 的纯叠加停在 **0.659**；权重为 10 时离 1 只差 **4.5e-5**，那才是讲义说的饱和。不论哪一种，梯度都要遭殃：在不动点处，十层之后斜率只剩 **3.3e-7**。每层至多乘 ¼，这就是**梯度消失**。
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
# The ReLU is also the closest to a nerve cell: below a threshold, here $-c$, it does not fire at all; above, it responds to the excess.


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
# Does the leak help? We train the *same* 500 starts of width 2 again, with $\delta = 0.1$.

# %%
rescued = succeeds(X, y, train(X, y, start[2], delta=0.1), delta=0.1)
{"ReLU": int(solved.sum()), "leaky ReLU": int(rescued.sum()), "of 500 starts": len(rescued)}

# %% tags=["nbval-check-output"]
# Binomial again, around the shares of 10,000 starts: sd 2.2 points, and 3.4 for the 219 or so with a silent unit.
claims.check("leaky ReLU, starts that succeed", 100 * rescued.mean(), "61 %", band=(51.5, 71))
claims.check(
    "leaky ReLU, the once silent that succeed", 100 * rescued[silent].mean(), "51 %", band=(36.5, 65.5)
)

# %% [markdown]
# **61 %** instead of fewer than a quarter; and of the starts whose silent unit doomed them, **51 %** now succeed. So dead units were a real cause and the leak a real cure, if not a full one: a few
# runs are merely slow, others still rest in a bad place.
#
# Now stack sigmoids, as people did before the ReLU. Our slides say that the outputs are pushed to 1. Let us stack one, two, three, ten of them and look.


# %% tags=["nbval-check-output"]
def stack_sigmoids(z, n_layers, weight=1.0):
    """Return the output of sigmoid(weight * ...) applied n_layers times to z, and its derivative in z."""
    slope = 1.0
    for _ in range(n_layers):
        z = sigmoid(weight * z)
        slope = slope * weight * z * (1 - z)
    return z, slope


[float(np.round(stack_sigmoids(0.0, n)[0], 4)) for n in (1, 2, 3, 10)]

# %% [markdown]
# It does not go to 1. With a weight of 10 in front of each sigmoid?

# %%
fixed_point, _ = stack_sigmoids(0.0, 30)
pushed, _ = stack_sigmoids(0.0, 30, weight=10.0)
_, ten_layers = stack_sigmoids(fixed_point, 10)
round(float(fixed_point), 5), round(float(pushed), 6), float(ten_layers)

# %% tags=["nbval-check-output"]
# Arithmetic: the solution of z = sigmoid(z), of z = sigmoid(10 z), and (z (1 - z)) ** 10 at the first.
claims.check("thirty plain sigmoids settle at", fixed_point, "0.659", band=(0.6589, 0.6592))
claims.check("thirty sigmoids with weight 10, distance to 1", 1 - pushed, "4.5e-5", band=(4.5e-5, 4.6e-5))
claims.check("slope through ten plain sigmoids", ten_layers, "3.3e-7", band=(3.25e-7, 3.35e-7))

# %% [markdown]
# The slide holds under a condition that it does not state: large positive weights. Then the output is pushed to within **4.5e-5** of 1. Pure stacking, with weight 1, settles at **0.659**, where $z = \sigma(z)$. In either case the *slope* is what dies.
# Each plain layer multiplies it by at most ¼; after ten, **3.3e-7** is left.

# %% mystnb={"image": {"alt": "Slope of a stack against the number of layers, on a logarithmic axis. ReLU, where active, stays at one. The bound one quarter per layer and the plain stacked sigmoid fall along nearly straight lines to below one millionth at ten layers."}}
layers = np.arange(11)
slopes_at = [stack_sigmoids(fixed_point, n)[1] for n in layers]
plt.semilogy(layers, np.ones(11), marker="s", label="ReLU, where active")
plt.semilogy(layers, 0.25**layers, label="upper bound: ¼ a layer")
plt.semilogy(layers, slopes_at, marker="o", label="stacked sigmoids")
plt.legend(loc="lower left")
plotting.show("Ten sigmoids let almost no gradient through", "layers", "slope of output against input (log)")

# %% [markdown]
# A gradient so small tells the first layers nothing. This is the **vanishing gradient**, and a reason for the ReLU: where it is active its slope is 1 and stays 1. (The weights multiply
# the slope as well; large ones can make up for a little of the loss, but then they drive the sigmoid flat.)

# %% [markdown]
# ## 6 The perceptron, and its bound
#
# <details>
# <summary>中文</summary>
#
# 1958 年，Rosenblatt 的**感知机**只有一个带阈值的神经元。标签取 ±1，偏置并进权重（输入加一个恒为 1 的分量），从 $w=0$ 出发，逐个看样本，答错一个就加上它：$w\leftarrow w+yx$。
#
# 若存在单位向量 $w^\star$，把两类分开且留出宽 $\gamma$ 的间隔（每个点离平面至少 $\gamma/2$），又有 $\lVert x\rVert\le R$，那么犯错次数 $M\le 4R^2/\gamma^2$。证明两行：每犯一次错，$w\cdot w^\star$ 至少涨 $\gamma/2$，而 $\lVert w\rVert^2$ 至多涨 $R^2$；于是 $M\gamma/2\le w\cdot w^\star\le\lVert w\rVert\le R\sqrt M$。
#
# 随机的数据一般用不到这个界：一百组里用得最多的也只有它的 **0.36**。那么这个界是不是太松？不是：标准正交的 20 个样本恰好犯 **20** 次错，界也是 **20**，一次都不能少。
#
# 在异或上，按 00、01、10、11 的次序，感知机每一轮犯 **4** 次错，然后权重恰好回到 **0**，永远转圈。两个二值输入的布尔函数里，可分的占 **14/16**；做不到的只有异或和它的否定。所以说，这就是最小的难题。
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
# First on the ordinary *or*, with the column of ones that carries the bias:

# %% tags=["nbval-check-output"]
X_1 = np.column_stack([np.ones(4), X])
perceptron(X_1, np.array([-1, 1, 1, 1]))

# %% [markdown]
# Nine mistakes, then $-1 + 2x_1 + 2x_2$, which has the right sign four times. scikit-learn's, in the same order, agrees:

# %% tags=["nbval-check-output"]
from sklearn.linear_model import Perceptron

model = Perceptron(fit_intercept=False, shuffle=False, tol=None, max_iter=10)
model.fit(X_1, [-1, 1, 1, 1]).coef_[0]

# %% [markdown]
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
# (Many books call *half* the gap $\gamma$ and write $R^2/\gamma^2$. Same theorem.) The number of examples does not appear, nor the dimension. Is the bound any good? We try sets of random points on the unit sphere, with all
# points near a random plane left out.


# %%
def random_set(rng, half_gap, n=200):
    """Return up to n points of the unit sphere, labels ±1 by a random plane, and the width of the gap."""
    X = rng.normal(size=(n, 3))
    w_star = rng.normal(size=3)
    side = X @ w_star / np.linalg.norm(X, axis=1) / np.linalg.norm(w_star)
    far = np.abs(side) >= half_gap
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    return X[far], np.sign(side[far]), 2 * np.abs(side[far]).min()


# %% [markdown]
# And now an adversary: $n$ **orthonormal** examples, here the unit vectors, each with any label.

# %% tags=["nbval-check-output"]
n_of_n = [perceptron(np.eye(n), np.resize([1, -1, -1], n))[1] for n in (5, 20, 80, 320)]
n_of_n

# %% [markdown]
# No example teaches the perceptron about another, so each costs one mistake. The best
# $w^\star$ has entries $\pm 1/\sqrt n$, so $\gamma/2 = 1/\sqrt n$, and the bound is $n$ as well. For comparison, a hundred random sets:

# %%
sets = [random_set(rng, half_gap) for half_gap in np.geomspace(0.02, 0.3, 100)]
mistakes = np.array([perceptron(points, labels)[1] for points, labels, _ in sets])
bound = np.array([4 / gap**2 for *_, gap in sets])
np.round([np.median(mistakes / bound), np.max(mistakes / bound)], 2)

# %% [markdown]
# The median and the largest share of the bound that the hundred random sets used. Both kinds in one picture:

# %% mystnb={"image": {"alt": "Mistakes against the bound, both logarithmic. A cloud of circles for random sets lies clearly below the dashed diagonal; squares for orthonormal sets lie exactly on it."}}
plt.loglog(bound, mistakes, "o", color="C0", alpha=0.6, label="random sets")
plt.loglog([5, 20, 80, 320], n_of_n, "s", color="C1", label="orthonormal sets")
plt.loglog([4, 2_500], [4, 2_500], "k--", linewidth=1.5, label="mistakes = bound")
plt.legend(loc="upper left")
plotting.show("Random sets stay below the bound; orthonormal ones attain it", "bound 4R²/γ²", "mistakes made")

# %% tags=["nbval-check-output"]
# A hundred seeds: mean 0.36, sd 0.039.
claims.check(
    "largest share of the bound used by random sets", np.max(mistakes / bound), "0.36", band=(0.2, 0.6)
)
claims.check("mistakes on 20 orthonormal examples", n_of_n[1], "20 of 20", band=(20, 20))

# %% [markdown]
# Of a hundred random sets, the one that comes nearest uses about **0.36** of its bound. Almost anything would pass such a test, so on its own it says little. The orthonormal examples force **20 of 20** mistakes: the bound cannot be
# improved.
#
# And XOR? No $w^\star$ exists, so the theorem is silent. We run one pass, two, three:

# %% tags=["nbval-check-output"]
xor = np.array([-1, 1, 1, -1])
for passes in (1, 2, 3):
    print(passes, *perceptron(X_1, xor, max_passes=passes))

# %% [markdown]
# What of the others? Two switches allow 16 rules, from "always off" to "always on". We ask the perceptron which of them are linearly separable.

# %%
import itertools

rules = np.array(list(itertools.product([-1, 1], repeat=4)))
learned = [np.all(rule * (X_1 @ perceptron(X_1, rule)[0]) > 0) for rule in rules]
rules[~np.array(learned)]

# %% [markdown]
# Two rows are left. And ten passes over XOR, to be sure:

# %% tags=["nbval-check-output"]
# Exact: whole numbers in a fixed order.
w, mistakes_in_ten = perceptron(X_1, xor, max_passes=10)
claims.check("XOR, mistakes in each pass", mistakes_in_ten / 10, "4 mistakes", band=(4, 4))
claims.check("XOR, largest weight after ten passes", np.abs(w).max(), "0", band=(0, 0))
claims.check("separable rules of two switches", sum(learned), "14 of 16", band=(14, 14))

# %% [markdown]
# In the order 00, 01, 10, 11 it makes **4 mistakes** in each pass, and after the fourth the weights are back at **0**. It goes round for ever. Of the 16 rules it learns **14 of 16**; the two rows above are what
# is left, XOR and its opposite. With a single switch all four rules are separable. So XOR really is the smallest.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (15 minutes). Walk one XOR pass on the board; it takes four lines. Likely question: "how do we know that it will never stop?" It returns to a state it has been in, and nothing is
# random. History: Minsky and Papert's book of 1969 is often said to have ended the first wave. They knew of hidden layers; nobody knew how to train them.

# %% [markdown]
# ## 7 From scores to classes
#
# <details>
# <summary>中文</summary>
#
# 类别标签是**名义**的：数字 6 并不比 1 离 0 更远。若把类别当数来回归，一张一半像 0、一半像 6 的图，平方误差下最好的答案是 **3**，可它谁也不像。所以每一类给一个输出（独热编码），预测取 argmax。
#
# argmax 和准确率没有可用的梯度：参数动一点点，它们纹丝不动。于是用 **softmax** 把分数变成概率，$p_k=e^{z_k}/\sum_j e^{z_j}$，再用**交叉熵** $-\log p_{\text{真}}$ 当损失。十类里瞎猜的交叉熵是 $\ln 10\approx$ **2.303**：训练刚开始时若远离这个数，先查代码。
#
# 它的含义是**最大似然**：样本的概率相乘，取负对数变成相加。抛十次硬币七次正面，使平均交叉熵最小的 $p$ 正好是 **0.7**。
#
# 一图多标签是另一回事。两种病可以同时有，softmax 却逼着它们分一份概率，最多各 **0.5**；这时每个标签各用一个 sigmoid，损失是二元交叉熵（BCE）。
#
# </details>
#
# The perceptron knows two classes. Digits have ten, and a label such as 6 is a *name*: 6 is no farther from 0 than 1 is. Suppose we regress on the label as if it were a quantity, and a
# scribble is as likely a 0 as a 6. Which answer has the least squared error?

# %% tags=["nbval-check-output"]
answers = np.arange(10)
squared = np.mean((answers[:, None] - [0, 6]) ** 2, axis=1)
claims.check("least-squares answer to half 0, half 6", answers[squared.argmin()], "3", band=(3, 3))

# %% [markdown]
# It is **3**, which nobody saw. So each class gets its own output, and its label becomes **one-hot**, as the towns did in lecture 1. The network returns a score $z_k$ for each class, and we predict the largest, the `argmax`.
# To train it we need a loss with a gradient. The fraction that is right, the *accuracy*, has none: `argmax` does not care if the scores move a little. Here is the simplest classifier there is, a threshold that we slide over six points:

# %% mystnb={"image": {"alt": "Two curves against the threshold. Accuracy, dashed, is a staircase that is flat between jumps; the cross-entropy, solid, is a smooth valley with one minimum near the middle."}}
x_1d, labels = np.array([-2.0, -1.3, -0.3, 0.4, 1.1, 2.0]), np.array([0, 0, 0, 1, 1, 1])
thresholds = np.linspace(-3, 3, 601)
p = sigmoid(2 * (x_1d - thresholds[:, None]))
accuracy = np.mean((p > 0.5) == labels, axis=1)
entropy = -np.mean(np.where(labels == 1, np.log(p), np.log(1 - p)), axis=1)
plt.plot(thresholds, entropy, label="cross-entropy of $\\sigma(2(x - t))$")
plt.plot(thresholds, accuracy, label="accuracy (a fraction)")
plt.legend(loc="upper center")
plt.ylim(0, 3.2)
plotting.show(
    "Accuracy is a staircase: flat almost everywhere", "threshold t", "accuracy, cross-entropy (nats)"
)

# %% [markdown]
# On a step, the gradient is zero and says nothing. So we soften `argmax` into **softmax**, $p_k = e^{z_k} / \sum_j e^{z_j}$: positive, adding up to 1, and unchanged if we add a constant to all scores.
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
# By hand: the first costs $-\log\frac14 = 1.3863$, the second nothing; half of that is 0.6931. On softmax's output, scikit-learn agrees:

# %% tags=["nbval-check-output"]
from sklearn.metrics import log_loss

p = softmax(np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 3.0]]))
bool(np.isclose(cross_entropy(p, [0, 1]), log_loss([0, 1], p, labels=[0, 1, 2])))

# %% [markdown]
# Why the logarithm? If the examples are independent, the probability of all labels is a *product*, and its negative logarithm is the sum of our losses. Least cross-entropy is **maximum
# likelihood**. A coin that shows seven heads in ten throws makes the point. Which $p$ has the least cross-entropy?

# %% tags=["nbval-check-output"]
p_heads = np.linspace(0.01, 0.99, 99)
coin = -(0.7 * np.log(p_heads) + 0.3 * np.log(1 - p_heads))
claims.check("p with the least cross-entropy", p_heads[coin.argmin()], "0.7", band=(0.699, 0.701))

# %% [markdown]
# It is **0.7**, the observed frequency. And what does it cost to know nothing, and give each of ten classes the same score?

# %% tags=["nbval-check-output"]
blind = cross_entropy(softmax(np.zeros((1, 10))), [4])
claims.check("cross-entropy of a blind guess in ten", blind, "2.303", band=(2.302, 2.304))

# %% [markdown]
# A number to remember: a blind guess among ten classes costs $\ln 10 =$ **2.303**. A fresh classifier of digits that starts far from it has a bug.
#
# One more choice. A digit has exactly one label: **multi-class**, softmax and cross-entropy. An X-ray may show two findings at once: **multi-label**. Give two present findings the same high score, 5:

# %% tags=["nbval-check-output"]
both = np.array([5.0, 5.0])
claims.check("softmax, each of two findings", softmax(both)[0], "0.5", band=(0.5, 0.5))
softmax(both), sigmoid(both).round(3)

# %% [markdown]
# Softmax makes them share: **0.5** each, however sure the network is of both. For labels that do not exclude each other use one sigmoid each, and the **binary cross-entropy** (BCE), $-\log p$ if the label is present and $-\log(1 - p)$ if not,
# averaged over labels.

# %% [markdown]
# ## 8 Why cross-entropy, and not squared error?
#
# <details>
# <summary>中文</summary>
#
# 输出 $p=\sigma(z)$，真值 $y=1$。交叉熵对 $z$ 的导数是 $p-1$；平方误差 $\frac12(p-y)^2$ 的导数是 $(p-1)p(1-p)$，多了一个 $p(1-p)$。在 $p=0.8$ 处，前者是 **−0.2**，后者是 **−0.032**。要紧的是另一头：完全答错时 $p\approx0$，交叉熵的导数接近 −1，拼命往回拉；平方误差的导数接近 0，错得越离谱越不动。
#
# 赛一场：从 $z_0=-6$ 出发，学习率 0.5，直到 $p>0.9$。交叉熵 **34** 步；平方误差要 **497** 步（$L=(p-y)^2$），或 **992** 步（带 ½ 的写法）。差一个 ½ 只是约定，所以引用这类数字时要把公式写全。
#
# </details>
#
# A sigmoid gives a probability, so why not take the squared error $\frac12 (p - y)^2$ that we know? Let $y = 1$ and $p = \sigma(z)$. Since $\sigma' = p(1-p)$,
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


# %% [markdown]
# At $p = 0.8$:

# %% tags=["nbval-check-output"]
# Arithmetic, exact but for rounding.
claims.check("slope of cross-entropy at p = 0.8", slope_ce(0.8), "−0.2", band=(-0.2001, -0.1999))
claims.check(
    "slope of squared error at p = 0.8", slope_half_squared(0.8), "−0.032", band=(-0.03201, -0.03199)
)

# %% [markdown]
# The slopes are **−0.2** and **−0.032**. That is only a factor. Look at the other end, where the answer is badly wrong.

# %% mystnb={"image": {"alt": "Size of the slope against the score z for a true label of one. Cross-entropy's is near one on the left, where the answer is wrong, and falls to zero on the right. Squared error's is a small hump in the middle and vanishes on both sides."}}
z = np.linspace(-8, 8, 401)
plt.plot(z, np.abs(slope_ce(sigmoid(z))), label="cross-entropy")
plt.plot(z, np.abs(slope_half_squared(sigmoid(z))), label="squared error, with ½")
plt.annotate("totally wrong,\nand no slope", (-6, 0.01), (-7.8, 0.35), arrowprops={"arrowstyle": "->"})
plt.legend(loc="upper right")
plotting.show("Squared error gives up where it is most wrong", "score z (true label 1)", "|∂L/∂z|")

# %% [markdown]
# Cross-entropy pulls hardest where the answer is most wrong. Squared error does not pull at all there. How much does it cost? A race: start at $z = -6$, learning rate 0.5, first to $p > 0.9$.


# %%
def race(slope, z=-6.0, eps=0.5):
    """Return p = sigmoid(z) at each step of gradient descent on z, until it exceeds 0.9."""
    path = [sigmoid(z)]
    while path[-1] <= 0.9:
        z -= eps * slope(path[-1])
        path.append(sigmoid(z))
    return np.array(path)


# %% [markdown]
# Three runners, since the squared error comes with or without its ½:

# %% tags=["nbval-check-output"]
paths = {
    "cross-entropy": race(slope_ce),
    "squared error": race(lambda p: 2 * slope_half_squared(p)),
    "squared error, with ½": race(slope_half_squared),
}
{name: len(path) - 1 for name, path in paths.items()}

# %% mystnb={"image": {"alt": "Probability of the true label against steps on a logarithmic axis. Cross-entropy reaches 0.9 after 34 steps; the two squared errors stay near zero for hundreds of steps and reach it after 497 and 992."}}
for name, path in paths.items():
    plt.semilogx(np.arange(1, len(path) + 1), path, label=name)
plt.ylim(0, 1)
plt.axhline(0.9, color="0.4", linewidth=1.5)
plt.text(1.1, 0.92, "finish: p = 0.9", fontsize=13)
plt.legend(loc="center left")
plotting.show(
    "Squared error sleeps, then catches up", "step, counted from 1 (log)", "probability of the true label"
)

# %% tags=["nbval-check-output"]
# Deterministic arithmetic. Rounding could move a finish by a step at most.
claims.check("race to p > 0.9, cross-entropy", len(paths["cross-entropy"]) - 1, "34 steps", band=(33, 35))
claims.check("race to p > 0.9, squared error", len(paths["squared error"]) - 1, "497 steps", band=(496, 498))
claims.check("race to p > 0.9, with ½", len(paths["squared error, with ½"]) - 1, "992 steps", band=(991, 993))

# %% [markdown]
# Cross-entropy needs **34 steps**. For the squared error the answer depends on a convention, so quote the formula with the number: **497 steps** for $(p - y)^2$, **992 steps** for $\frac12(p - y)^2$. The ½ halves
# every slope and so nearly doubles the time. Either way, most of it is spent asleep on the left.
#
# We now have networks that can represent what we want, and losses worth descending. Next lecture: the descent itself.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (20 minutes, sections 7 and 8). Likely question: "why did squared error work for XOR?" Its output layer was linear, so no sigmoid stood in the way. Common confusion: cross-entropy takes *probabilities*, libraries often
# take *scores* (`from_logits=True`); mixing them up trains badly and quietly.

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
# - 异或线性不可分，叠再多的线性层也一样；两层之间要有非线性。
# - 隐藏层搬动数据点，让最后的线性模型能够胜任；两个 ReLU 单元就够表示异或。
# - 够表示不等于找得到：窄网络大多卡住，死单元是原因之一，加宽或用带泄漏的 ReLU 都有帮助。
# - 感知机在可分的数据上至多犯 $4R^2/\gamma^2$ 次错，这个界是紧的；不可分时它不会停。
# - 单标签用 softmax 加交叉熵，多标签用 sigmoid 加 BCE；平方误差配 sigmoid，错得最厉害时恰恰没有梯度。
#
# </details>
#
# - XOR is not linearly separable, and stacked linear layers are still linear. Put a nonlinearity between them.
# - A hidden layer moves the points until a linear model will do. Two ReLU units represent XOR exactly.
# - To represent is not to find. Most narrow starts get stuck; silent units are one cause, width and leaks are cures.
# - On separable data the perceptron makes at most $4R^2/\gamma^2$ mistakes, and the bound is attained.
# - One label: softmax and cross-entropy. Several: sigmoids and BCE.
# - Squared error behind a sigmoid has no slope where it is most wrong.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# 1. 十层线性层，每层一千个单元，能算异或吗？
# 2. 宽度 2 的网络训练 3,000 步后停在风险 1/6。该怎么办：多走些步、换一个起点，还是减小学习率？
# 3. 一张照片里可能有猫、有狗、都有、都没有，输出层和损失用什么？
#
# </details>
#
# **A.** Can a network of ten linear layers, each a thousand units wide, compute XOR?
#
# <details>
# <summary>Answer</summary>
#
# No. Ten linear layers are one linear layer. "Yes" tempts because depth and width do bring power, but only with
# a nonlinearity between the layers.
#
# 不能。十层线性合起来还是一层；“层数多就强”说的是有非线性的网络。
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
# **C.** A photograph may show a cat, a dog, both, or neither. Which output and which loss?
#
# <details>
# <summary>Answer</summary>
#
# Two sigmoids and binary cross-entropy. *Softmax over two classes* tempts because there are two animals, but it can say neither "both" nor "neither". (Softmax over the four
# combinations would work; with twenty animals there would be a million of them.)
#
# 每个标签一个 sigmoid，损失用 BCE。softmax 会逼猫和狗分一份概率，说不出“都有”，也说不出“都没有”。
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
# 1. 手工搭一个两单元的 ReLU 网络，算同或（XNOR）：1、0、0、1。
# 2. 直接从分数算交叉熵，不能溢出。
# 3. 求 softmax 加交叉熵对分数的梯度。
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. The opposite of XOR.* Return `W, c, w, b` of a ReLU network with two hidden units that answers 1, 0, 0, 1 on the cases 00, 01, 10, 11. Shapes (2, 2), (2,), (2,) and a number.

# %% tags=["nbval-check-output"]
from utils.exercises import attempt


def xnor_network():
    return ...


def check_xnor_network(f):
    W, c, w, b = f()
    if np.shape(W) != (2, 2) or np.shape(c) != (2,) or np.shape(w) != (2,):
        return (
            f"W, c, w should have shapes (2, 2), (2,), (2,), not {np.shape(W)}, {np.shape(c)}, {np.shape(w)}"
        )
    cases = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y_hat = np.maximum(0, cases @ np.asarray(W) + c) @ np.asarray(w) + b
    if not np.allclose(y_hat, [1, 0, 0, 1]):
        return f"the answers should be 1, 0, 0, 1, and yours are {', '.join(f'{value:g}' for value in y_hat)}"


attempt(xnor_network, check_xnor_network)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def xnor_network_solution():  # one minus the network of section 3
    return np.array([[1, 1], [1, 1]]), np.array([0, -1]), np.array([-1, 2]), 1


def xnor_network_mistake():  # the signs are turned, but the answers start at 0 instead of 1
    return np.array([[1, 1], [1, 1]]), np.array([0, -1]), np.array([-1, 2]), 0


assert check_xnor_network(xnor_network_solution) is None

# %% [markdown]
# *2. Cross-entropy from scores.* Given scores `z` of shape (n, k) and labels, return the mean cross-entropy of their softmax. A score of 2,000 must do no harm, on either side.


# %% tags=["nbval-check-output"]
def entropy_from_scores(z, labels):
    return ...


def check_entropy_from_scores(f):
    labels = np.array([0, 2])
    small, large = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 3.0]]), np.array([[0.0, 2_000.0]])
    expected = np.mean([np.log(1 + np.exp(-1) + np.exp(-2)), np.log(1 + 2 * np.exp(-3))])
    with np.errstate(all="ignore"):
        got, got_large = f(small, labels), f(large, np.array([0]))
    if not np.isclose(got, expected):
        return f"for scores (2, 1, 0) and (0, 0, 3), labels 0 and 2, it is {expected:.4f}, not {got:.4f}"
    if not np.isclose(got_large, 2_000):
        return f"for scores (0, 2000) and label 0 it is 2000, not {got_large}: take the logarithm before anything overflows"


attempt(entropy_from_scores, check_entropy_from_scores)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def entropy_from_scores_solution(z, labels):
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


def entropy_from_scores_mistake(z, labels):  # right on paper, but exp(2000) overflows
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.log(p[np.arange(len(labels)), labels]).mean()


assert check_entropy_from_scores(entropy_from_scores_solution) is None

# %% [markdown]
# *3. Its gradient.* Section 8 found $p - 1$ for one true label. Show on paper that for softmax and cross-entropy the gradient in the scores is $p - \text{one-hot}$, and return it for the *mean* over n
# examples: an array of shape (n, k).


# %% tags=["nbval-check-output"]
def entropy_gradient(z, labels):
    return ...


def check_entropy_gradient(f):
    z, labels = np.log(np.array([[1.0, 1.0, 2.0], [2.0, 1.0, 1.0]])), np.array([2, 1])
    expected = np.array([[0.125, 0.125, -0.25], [0.25, -0.375, 0.125]])
    result = np.asarray(f(z, labels))
    if result.shape != (2, 3):
        return f"two examples and three classes should give shape (2, 3), not {result.shape}"
    if np.allclose(result, 2 * expected):
        return "this is the gradient of the sum over the examples; the mean divides by n"
    if not np.allclose(result, expected):
        return f"with probabilities ¼, ¼, ½ and label 2 the first row is 0.125, 0.125, −0.25, not {np.round(result[0], 3)}"


attempt(entropy_gradient, check_entropy_gradient)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def entropy_gradient_solution(z, labels):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return (p - np.eye(z.shape[1])[labels]) / len(labels)


def entropy_gradient_mistake(z, labels):  # the mean's 1/n is forgotten
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True) - np.eye(z.shape[1])[labels]


assert check_entropy_gradient(entropy_gradient_solution) is None

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
