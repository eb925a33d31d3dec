# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8 · Deep networks and backpropagation: every gradient in one walk backward
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/08_depth_and_backpropagation.ipynb)
#
# A network of 30 layers is one function inside another, thirty times over. Why would anybody stack so many? And how do we find out what each of a million weights
# contributed to an error, without trying them one by one? Backpropagation answers the second question completely. The first has no complete answer yet. We measure
# what depth can do, what it does not do by itself, and how a signal gets through thirty layers at all.
#
# **You will**
#
# - count the parameters of three networks, and the pieces of what they compute;
# - build a function with 1,024 pieces from 20 units, by hand;
# - backpropagate through a graph by hand, and then write an automatic differentiator that fits on a slide;
# - check it in two independent ways, and count what a gradient costs in products and in memory;
# - see which starts let a signal through 30 layers, and what skip connections cure and do not cure.
#
# **You need** the layers and ReLU of lecture 3, gradient descent and Adam from lecture 4, the chain rule.
# **It takes** 83 minutes to teach and under 60 seconds to run on 2 CPU cores. Sections marked ★ go deeper: read them at home.
#
# **Figures in bold** were measured. Where chance enters, they are means over ten seeds: your own run will differ a little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("08")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 Stacking layers, and three networks
#
# <details>
# <summary>中文</summary>
#
# 把一层的输出当作下一层的输入，一层一层叠上去，就是深度网络：$H_0=X$，$H_l=G(W_lH_{l-1}+b_l)$，$l=1,\dots,L$，最后再做一次线性回归。$L$ 是隐藏层数，$H_l$ 是第 $l$ 层的输出，$G$ 是激活函数，这里用 ReLU。每一层有自己的 $W_l$ 和 $b_l$，互不相干。
#
# 讲义比较三个网络，输入都是两个数，输出一个数：一层 150 个单元；三层各 16 个；六层各 10 个。参数个数先自己算一遍。Keras 数出来是 **601**、**609**、**591**：讲义说中间那个“大约 600”，准确地说是 609。三个网络参数差不多（单元数可不一样：150、48、60），深浅不同。
#
# 为什么要深？讲义给了三个理由：能便宜地表示剧烈振荡的函数；参数很多却不一定过拟合（第 9 讲）；逐层提取特征（第 6 讲）。讲义也老实承认：数学上还没有最终答案。今天我们量第一个理由，也量它的代价。
#
# </details>
#
# Take the output of one layer as the input of the next, and repeat. That is all there is to depth:
#
# $$H_0 = X, \qquad H_l = G(W_l H_{l-1} + b_l), \quad l = 1, \dots, L, \qquad \hat y = w \cdot H_L + b.$$
#
# $H_l$ is what hidden layer $l$ puts out, $G$ is the activation (ReLU today), and every layer has weights and biases of its own. Without $G$ the whole stack would be one linear map: lecture 3.
#
# The slides compare three networks with two inputs and one output. One layer of 150 units; three layers of 16; six layers of 10.

# %% mystnb={"image": {"alt": "Three drawings of networks. Left, one tall column of 150 units. Middle, three columns of 16 units. Right, six short columns of 10 units. Each has two inputs at its left and one output at its right."}}
import matplotlib.pyplot as plt
import numpy as np
from utils import plotting

plotting.use_style()
NETWORKS = {"1 × 150": [150], "3 × 16": [16, 16, 16], "6 × 10": [10, 10, 10, 10, 10, 10]}
fig, axes = plt.subplots(1, 3, sharey=True)
for ax, (name, widths) in zip(axes, NETWORKS.items()):
    sizes = [2, *widths, 1]
    colours = ["C2", *["C0"] * len(widths), "C1"]
    ax.bar(range(len(sizes)), sizes, 0.6, bottom=[-n / 2 for n in sizes], color=colours)
    for k, n in enumerate(sizes):
        ax.text(k, n / 2 + 2, n, ha="center")
    ax.set(title=name, xticks=range(len(sizes)), xticklabels=["x", *range(1, len(widths) + 1), "ŷ"])
    ax.set(yticks=[], ylim=(-80, 90))
    ax.spines.left.set_visible(False)
    ax.grid(False)
fig.supxlabel("layer (the height of a bar is its number of units)")
fig.suptitle("Wide and flat, or narrow and deep", fontweight="bold")
plt.show()

# %% [markdown]
# **Count first, by hand:** how many weights and biases has each? A layer of $m$ units on $n$ inputs has $m(n + 1)$. Keras counts along.

# %%
import keras

keras.utils.set_random_seed(SEED)
print(f"Keras on {keras.backend.backend()}, {keras.distribution.list_devices()[0]}")


# %%
def stack(widths):
    """Return a Keras network with two inputs, ReLU layers of these widths and one linear output."""
    hidden = [keras.layers.Dense(n, activation="relu") for n in widths]
    return keras.Sequential([keras.Input((2,)), *hidden, keras.layers.Dense(1)])


count = {name: stack(widths).count_params() for name, widths in NETWORKS.items()}

# %% tags=["nbval-check-output"]
claims.exact("parameters of 1 × 150", count["1 × 150"], "601")
claims.exact("parameters of 3 × 16", count["3 × 16"], "609")
claims.exact("parameters of 6 × 10", count["6 × 10"], "591")

# %% [markdown]
# **601**, **609** (the slide says "about 600") and **591**. About equal in parameters (not in units: 150, 48, 60), and different in depth.
#
# Why deep, then? The slides name three reasons. Depth represents oscillation cheaply; many parameters need not overfit (lecture 9); layers build features from features (lecture 6 looked at that).
# They also say that mathematics has no final answer yet. Today we measure the first reason, and what depth costs.

# %% [markdown] tags=["instructor"]
# 5 minutes. Let them count 3 × 16 aloud: 16·3 + 16·17 + 16·17 + 17. Most forget the biases of the last layer. Likely question: "is the output a layer?" It has weights, but L counts the hidden ones.

# %% [markdown]
# ## 2 What depth can do: fold the line
#
# <details>
# <summary>中文</summary>
#
# 先看一个只有两个 ReLU 的小层：$t(h)=2\,\mathrm{relu}(h)-4\,\mathrm{relu}(h-\frac12)$。在 $[0,1]$ 上它是一顶帐篷：先升到 1，再降到 0，相当于把区间对折一次。一层接一层地用同一顶帐篷，就像把一张纸条反复对折。
#
# 先表决：叠 $L$ 层，折线有几段？$2L$、$L^2$ 还是 $2^L$？再往下读。
#
# 数出来：$L=1,2,3,5,8,10$ 时分别有 **2**、**4**、**8**、**32**、**256**、**1,024** 段。十层一共只用 20 个单元。只有一个隐藏层的网络呢？它在一维上每个单元至多添一个折点，20 个单元至多 21 段；要有 1,024 段，得有 1,023 个单元。
#
# 这是一个等式，不是统计：深度**能够**用很少的单元表示剧烈振荡的函数（Telgarsky）。至于训练能不能**找到**这样的权重，是另一个问题，见 ★ 第 11 节。
#
# </details>
#
# Here is a layer of two ReLU units, with its output weights:
#
# $$t(h) = 2\,\mathrm{relu}(h) - 4\,\mathrm{relu}(h - \tfrac12).$$
#
# Draw it on $[0, 1]$ before you go on. It climbs to 1 at the middle and comes back to 0: a *tent*. It folds the interval in two.


# %% tags=["nbval-check-output"]
def relu(z):
    """Return z where it is positive, else 0."""
    return np.maximum(z, 0)


def tent(h):
    """Return the tent on [0, 1]: two ReLU units and their output weights."""
    return 2 * relu(h) - 4 * relu(h - 0.5)


tent(np.array([0, 0.25, 0.5, 0.75, 1]))

# %% [markdown]
# Now stack: the output of one tent is the input of the next. (In a network the output weights of one tent merge with the input weights of the next, so $L$ tents are $L$ hidden layers of two units.) It is like folding a strip of
# paper again and again.
#
# **Vote:** after $L$ layers, into how many straight pieces is the line broken? $2L$, $L^2$, or $2^L$?


# %%
def deep_tent(x, depth):
    """Return the tent applied `depth` times: a network of `depth` hidden layers, two units each."""
    for _ in range(depth):
        x = tent(x)
    return x


# %%
def pieces(y):
    """Return the number of rising and falling pieces of a curve given at close points."""
    return 1 + np.count_nonzero(np.diff(np.sign(np.diff(y))))


pieces(deep_tent(np.linspace(0, 1, 9), 1))

# %% [markdown]
# One tent has two pieces. The next function draws a stack; we start with three layers.


# %% mystnb={"image": {"alt": "A zigzag line between 0 and 1 over the interval from 0 to 1: four teeth, eight straight pieces, made by three layers of two units."}}
def draw_tent(depth):
    """Draw the stack of tents of this depth on [0, 1], with its units and its pieces in the title."""
    x = np.linspace(0, 1, 2**12 + 1)
    plt.plot(x, deep_tent(x, depth), linewidth=max(0.5, 2.5 - depth / 5))
    found = f"{depth} layers, {2 * depth} units: {pieces(deep_tent(x, depth)):,} pieces"
    plotting.show(found, "input x", "output")


draw_tent(3)

# %% [markdown]
# Did you vote $2^L$? Each layer folds what it gets, so it doubles the pieces. We count the changes of direction on $2^{16}$ points. All of the arithmetic is exact, because every number is a whole number divided by a power of two.

# %% tags=["nbval-check-output"]
fine = np.linspace(0, 1, 2**16 + 1)
folded = {depth: pieces(deep_tent(fine, depth)) for depth in (1, 2, 3, 5, 8, 10)}
claims.exact("pieces at depth 1", folded[1], "2")
claims.exact("pieces at depth 2", folded[2], "4")
claims.exact("pieces at depth 3", folded[3], "8")
claims.exact("pieces at depth 5", folded[5], "32")
claims.exact("pieces at depth 8", folded[8], "256")
claims.exact("pieces at depth 10", folded[10], "1,024")

# %% [markdown]
# | layers L | 1 | 2 | 3 | 5 | 8 | 10 |
# | --- | --- | --- | --- | --- | --- | --- |
# | units 2L | 2 | 4 | 6 | 10 | 16 | 20 |
# | pieces | **2** | **4** | **8** | **32** | **256** | **1,024** |
#
# And with one hidden layer? On a line each unit has one kink, so $m$ units make at most $m + 1$ pieces. Twenty units make 21. For 1,024 pieces one layer needs 1,023 units, where ten layers need 20.
# This is a theorem (Telgarsky) and not a statistic: depth *can* represent oscillation cheaply. In a live notebook, move the depth.

# %% mystnb={"image": {"alt": "The zigzag of tents at the depth that the slider sets, at first five layers: 32 pieces."}}
from ipywidgets import IntSlider, interact

explored = interact(draw_tent, depth=IntSlider(5, min=1, max=10, continuous_update=False))

# %% [markdown]
# Whether training *finds* such weights is another question. ★ Section 11 asks it, and the answer is less pretty.

# %% [markdown] tags=["instructor"]
# 10 minutes. Bring a strip of paper and fold it three times. Likely question: "is a zigzag of any use?" As a function, hardly. It shows how far apart the two kinds of network can lie.
# Common confusion: the theorem says "there are weights", not "there is training".

# %% [markdown]
# ## 3 And with random weights?
#
# <details>
# <summary>中文</summary>
#
# 常听人说：深度网络有指数多的线性区域。上一节的帐篷确实如此，可那是我们亲手摆的权重。随机权重的网络会怎样？先表决：沿平面上一条随机的直线走过去，150 个单元的浅网络、48 个单元的 3×16、60 个单元的 6×10，谁的折线段数最多？
#
# 每种网络随机取 40 个，数直线上的段数。平均每个单元摊到的段数是 **0.95**、**0.97**、**0.96** 左右：三种网络都是一个单元大约一段，所以浅网络段数最多，因为它的单元最多。换成离原点更远的直线，段数更少，不会更多：最多的一种也只有 **0.5**。Hanin 与 Rolnick 证明过这样的上界。
#
# 所以指数多的段数是深度的**可能**，不是它的**习惯**。
#
# </details>
#
# "Deep networks have exponentially many linear pieces." You will read it often. The tents do, but we set their weights by hand. What about weights drawn at random, as at the start of every training?
#
# A ReLU network is piecewise linear. Walk along a random line through the plane; a new piece begins wherever some unit switches on or off. **Vote:** which of the three networks shows most pieces along the way?


# %%
def random_network(widths, rng):
    """Return the weights of a ReLU network on two inputs, normal with variance 2 / (inputs of the layer)."""
    sizes = [2, *widths]
    return [rng.normal(0, np.sqrt(2 / n), (n, m)) for n, m in zip(sizes, widths)]


[W.shape for W in random_network([16, 16, 16], np.random.default_rng(SEED))]

# %% [markdown]
# The variance 2/n of the weights is explained in section 8, and the biases are zero as at every start in Keras. Now the walk, in 4,000 small steps. It counts how often a unit switches.


# %%
def pieces_on_a_line(Ws, rng, spread=0.3):
    """Return a network's number of linear pieces on a random line of length 6, its middle moved by about spread."""
    angle, offset = rng.uniform(0, np.pi), rng.normal(0, spread, 2)
    h = np.outer(np.linspace(-3, 3, 4_001), [np.cos(angle), np.sin(angle)]) + offset
    switches = 0
    for W in Ws:
        z = h @ W
        switches += np.count_nonzero((z[1:] > 0) != (z[:-1] > 0))
        h = relu(z)
    return 1 + switches


# %% [markdown]
# One network first, then forty of each kind.

# %%
from threadpoolctl import threadpool_limits

limits = threadpool_limits(1)  # today's matrices are small: two threads would wait for each other
rng = np.random.default_rng(SEED)
pieces_on_a_line(random_network([150], rng), rng)

# %%
lines = {
    name: [pieces_on_a_line(random_network(widths, rng), rng) for _ in range(40)]
    for name, widths in NETWORKS.items()
}
{name: float(np.mean(found)) for name, found in lines.items()}

# %% mystnb={"image": {"alt": "Dots for forty random networks of each kind, by their number of pieces along a line. The dots of 1 by 150 lie near 143, those of 3 by 16 near 45, and those of 6 by 10 are spread from 35 to 90, with one at 145; a short line marks the number of units, 150, 48 and 60, close to each group."}}
for k, (name, found) in enumerate(lines.items()):
    plt.plot(k + rng.uniform(-0.15, 0.15, 40), found, "o", color="C0", alpha=0.5)
    plt.plot([k - 0.3, k + 0.3], [sum(NETWORKS[name])] * 2, color="C1", linestyle="-")
plt.plot([], [], "o", color="C0", label="one random network")
plt.plot([], [], color="C1", linestyle="-", label="its number of units")
plt.legend()
plt.xticks(range(3), list(lines))
plotting.show("At random, about one piece per unit, shallow or deep", "network", "linear pieces along a line")

# %% tags=["nbval-check-output"]
share = {name: np.mean(found) / sum(NETWORKS[name]) for name, found in lines.items()}
claims.check("pieces per unit, 1 × 150", share["1 × 150"], "0.95", band=(0.9, 1))
claims.check("pieces per unit, 3 × 16", share["3 × 16"], "0.97", band=(0.83, 1.11))
claims.check("pieces per unit, 6 × 10", share["6 × 10"], "0.96", band=(0.74, 1.18))

# %% [markdown]
# Per unit we find **0.95**, **0.97** and **0.96** pieces: about one for each unit, in all three. So the *shallow* network has most, since it has most units. Is it due to our lines? They pass near the origin, where with zero biases many kinks lie. So
# once more, with lines further out, and the largest of the three numbers:

# %%
far = [
    np.mean([pieces_on_a_line(random_network(widths, rng), rng, spread=3) for _ in range(40)]) / sum(widths)
    for widths in NETWORKS.values()
]

# %% tags=["nbval-check-output"]
claims.check("pieces per unit, lines further out, at most", max(far), "0.5", band=(0.35, 0.68))

# %% [markdown]
# With lines further out the number is smaller, not larger: at most **0.5**. Hanin and Rolnick proved an upper bound of this kind. Exponentially many pieces are what depth can do. They are not what it does by itself.

# %% [markdown] tags=["instructor"]
# 6 minutes. Most vote for 6 × 10, fresh from the tents. Likely question: "and after training?" Hanin and Rolnick saw much the same. Common confusion: the theorem of section 2 is not refuted; it says "there are weights".

# %% [markdown]
# ## 4 Backpropagation by hand
#
# <details>
# <summary>中文</summary>
#
# 把计算画成图：节点是值，边是依赖。讲义的例子：$c=a+b$，$d=b+1$，$e=c\cdot d$，在 $a=2$、$b=3$ 处，前向算得 $c=5$、$d=4$、$e=20$。
#
# 反向从输出开始，$\partial e/\partial e=1$，每个节点把自己收到的梯度按局部导数分给父节点。乘法“交换”：$c$ 得到 $d$ 的值 4，$d$ 得到 $c$ 的值 5；加法“照抄”。先表决：$\partial e/\partial b$ 是 4、5、9 还是 20？再往下读图。
#
# $b$ 有两条路通到 $e$，两条路的贡献**相加**：$4+5=9$，用有限差分一验就知道。多变量链式法则说的就是这件事，写程序时最容易错的也是这里：写成覆盖而不是累加。
#
# 再看讲义的长链：$h_1=w_1x$，$h_2=w_2h_1$，……，$\hat y=w_Lh_{L-1}$，$R=(\hat y-y)^2$。前向把每个 $h_l$ **存下来**；反向从 $p_L=2(\hat y-y)$ 出发，$p_{l-1}=p_lw_l$，也存下来；于是 $\partial R/\partial w_l=p_l\,h_{l-1}$：**反向误差乘前向激活**。不存会怎样？对每个权重都从头算一遍，64 层要做 **8,256** 次乘法；存下来只要 **192** 次。一个随层数平方增长，一个线性增长：反向传播就是用内存换计算。
#
# </details>
#
# Draw the computation as a graph. A node is a value, an arrow says what it was made from. With $c = a + b$, $d = b + 1$ and $e = c \cdot d$, take $a = 2$ and $b = 3$. First go *forward*, and write each value into its node.


# %% mystnb={"image": {"alt": "A graph from left to right: a = 2 and b = 3, then c = a + b = 5 and d = b + 1 = 4, then e = c times d = 20. Arrows lead from a to c, from b to both c and d, and from c and d to e."}}
def draw_graph(title, gradients=None):
    """Draw the graph of e = (a + b)(b + 1) at a = 2, b = 3, with the gradients of e if they are given."""
    places = {"a": (0, 1), "b": (0, 0), "c": (1, 1), "d": (1, 0), "e": (2, 0.5)}
    made = {"a": "a = 2", "b": "b = 3", "c": "c = a + b = 5", "d": "d = b + 1 = 4", "e": "e = c · d = 20"}
    for start, end in ("ac", "bc", "bd", "ce", "de"):
        (x0, y0), (x1, y1) = places[start], places[end]
        arrow = {"arrowstyle": "->", "linewidth": 2, "color": "0.4"}
        plt.annotate("", (x1 - 0.24, y1), (x0 + (0.12 if x0 == 0 else 0.24), y0), arrowprops=arrow)
    for name, (x, y) in places.items():
        plt.text(x, y, made[name], ha="center", va="center", bbox={"boxstyle": "round", "facecolor": "white"})
        if gradients:
            plt.text(x, y - 0.2, f"∂e/∂{name} = {gradients[name]}", color="C1", ha="center", va="center")
    plt.axis((-0.4, 2.5, -0.4, 1.3))
    plt.axis("off")
    plt.title(title)
    plt.show()


draw_graph("Forward: every node keeps its value")

# %% [markdown]
# Now *backward*, from the output. $\partial e / \partial e = 1$. Each node passes its gradient on to its parents, times the local derivative. A product *swaps*: $c$ receives the value of $d$, which is 4, and $d$
# receives the value of $c$, which is 5. A sum *copies*: $a$ receives what $c$ has.
#
# **Vote:** what is $\partial e / \partial b$: 4, 5, 9 or 20?

# %% mystnb={"image": {"alt": "The same graph with gradients under the nodes: 1 at e, 4 at c, 5 at d, 4 at a, and 9 at b, the sum of what comes back along its two arrows."}}
draw_graph(
    "Backward: what comes back along two paths adds up", {"e": 1, "c": 4, "d": 5, "a": 4, "b": "4 + 5 = 9"}
)

# %% [markdown]
# Two paths lead from $b$ to $e$, and their gradients **add**: 4 + 5 = 9. Trust nobody, and try: move $b$ a little to both sides, and see what $e$ does.


# %% tags=["nbval-check-output"]
def central_difference(f, x, step):
    """Return the slope of f at x from its values at x − step and x + step."""
    return (f(x + step) - f(x - step)) / (2 * step)


round(central_difference(lambda b: (2 + b) * (b + 1), 3, 1e-5), 6)

# %% [markdown]
# Three rules carry you far. A sum copies the gradient to all its terms. A product swaps: each factor receives the other's value. ReLU is a gate: it lets the gradient through where it was open. And one rule holds them together: **a value
# that is used twice collects twice.**
#
# Now the chain of the slides, a network of one unit per layer and no activation: $h_l = w_l h_{l-1}$ with $h_0 = x$, then $\hat y = h_L$ and $R = (\hat y - y)^2$. Forward we *store* every $h_l$. Backward we start from
# $p_L = 2(\hat y - y)$ and store $p_{l-1} = p_l w_l$. Then every gradient is one product away:
#
# $$\frac{\partial R}{\partial w_l} = p_l \, h_{l-1}, \qquad \text{backward error} \times \text{forward activation}.$$
#
# What if we stored nothing, and wrote the chain rule out for each weight on its own? We let a function count its products.


# %%
def stored(w, x, y, times):
    """Return the gradient of R by every weight of the chain; each h and p is computed once and kept."""
    h = [x]
    for weight in w:
        h.append(times(weight, h[-1]))
    p = [times(2, h[-1] - y)]
    for weight in w[:0:-1]:
        p.append(times(p[-1], weight))
    return [times(*pair) for pair in zip(reversed(p), h)]


stored([1, 2, 3], 1, 5, lambda a, b: a * b)

# %% [markdown]
# By hand: $h$ = 1, 1, 2, 6; $p_3 = 2(6 - 5) = 2$, $p_2 = 6$, $p_1 = 12$; so the gradient is 12·1, 6·1, 2·2. Now without storing anything:


# %%
def naive(w, x, y, times):
    """Return the same by the chain rule written out for each weight: nothing is kept."""
    gradient = []
    for k in range(len(w)):
        y_hat = before = x
        for weight in w:
            y_hat = times(weight, y_hat)
        for weight in w[:k]:
            before = times(weight, before)
        error = times(2, y_hat - y)
        for weight in w[k + 1 :]:
            error = times(error, weight)
        gradient.append(times(error, before))
    return gradient


# %%
def products(method, depth):
    """Return the gradient of a chain of this depth, and the number of products that the method took."""
    done = []

    def times(a, b):
        done.append(1)
        return a * b

    w = 1 + np.arange(depth) / 100
    return method(w, 0.7, 1.0, times), len(done)


# %% tags=["nbval-check-output"]
same = np.allclose(products(stored, 64)[0], products(naive, 64)[0])
same, {depth: (products(naive, depth)[1], products(stored, depth)[1]) for depth in (4, 8, 16, 64)}

# %% tags=["nbval-check-output"]
claims.exact("products for 64 layers, nothing stored", products(naive, 64)[1], "8,256")
claims.exact("products for 64 layers, all stored", products(stored, 64)[1], "192")

# %% [markdown]
# For 64 layers **8,256** products against **192**. One grows with the square of the depth, the other in proportion to it. This is the whole idea: backpropagation uses memory to save computation.

# %% [markdown] tags=["instructor"]
# 12 minutes. Do the graph on the board; let a student play node d and say aloud what it receives and what it passes on. In the vote, 4 and 5 are chosen by those who follow one path. Likely question: "is
# backpropagation gradient descent?" No: it computes the gradient, and what you do with it is lecture 4.

# %% [markdown]
# ## 5 An autograd for a slide
#
# <details>
# <summary>中文</summary>
#
# 刚才手工做的事，机器可以代劳，这叫**自动微分**（autograd）。每个节点记住三样东西：值；父节点，以及从自己的梯度算出父节点那一份的函数；输出对它的梯度。加法、乘法、矩阵乘法、ReLU、exp、log、求和，每种运算只需要写一行“怎么分”。
#
# 反向时按拓扑次序倒着走：一个节点要等所有用到它的节点都分完了，才轮到它往下分。分到的份要累加，不能覆盖，道理上一节已经说过。广播过的数组（例如加到每一行上的偏置）要把梯度加回原来的形状，这就是 `fold`。
#
# 用它再算一遍上一节的图：$\partial e/\partial a$ 是 **4**，$\partial e/\partial b$ 是 **9**，和手算一样。
#
# </details>
#
# What we did by hand, a machine can do: *automatic differentiation*, or autograd. A node needs to know its value, its parents, and for each parent how to turn its own gradient into the parent's share. That is one line for each operation.

# %%
counted = {"products": 0}


def product(A, B):
    """Return the matrix product A @ B; its multiplications are counted, for section 7."""
    C = A @ B
    counted["products"] += C.size * A.shape[-1]
    return C


class Tensor:
    """A node: its value, its parents, each with a function from this node's gradient to the parent's share."""

    def __init__(self, value, parents=()):
        self.value, self.parents = np.asarray(value, dtype=float), parents

    def __add__(self, other):
        return Tensor(self.value + other.value, [(self, lambda g: g), (other, lambda g: g)])

    def __mul__(self, other):
        parents = [(self, lambda g: g * other.value), (other, lambda g: g * self.value)]
        return Tensor(self.value * other.value, parents)

    def __matmul__(self, other):
        parents = [(self, lambda g: product(g, other.value.mT)), (other, lambda g: product(self.value.mT, g))]
        return Tensor(product(self.value, other.value), parents)


# %% tags=["nbval-check-output"]
a, b = Tensor(2), Tensor(3)
c = a * b
c.value.item(), [share(1).item() for _, share in c.parents]

# %% [markdown]
# The product of 2 and 3 would give its first parent 3 and its second parent 2, for a gradient of 1: it swaps.
#
# You know the first two methods. A matrix product swaps, too; the transposes (`.mT`) make the shapes fit. (`product` is `@` with a counter, which we shall need.) Now the functions of one argument.


# %%
def gate(t):
    """Return the ReLU of a tensor."""
    return Tensor(np.maximum(t.value, 0), [(t, lambda g: g * (t.value > 0))])


def exp(t):
    y = np.exp(t.value)
    return Tensor(y, [(t, lambda g: g * y)])


def log(t):
    return Tensor(np.log(t.value), [(t, lambda g: g / t.value)])


def total(t, axis=None):
    """Return the sum of a tensor over an axis, or over all; summed axes stay, with length 1."""
    return Tensor(t.value.sum(axis, keepdims=True), [(t, lambda g: np.broadcast_to(g, t.value.shape))])


# %% [markdown]
# The backward pass visits the nodes in reverse. A node passes its gradient on only after every node that used it has added its share. Shares are added, because paths add. A bias that was added to every row of a batch was used once for
# each row, so it collects from all of them: `fold` adds up the axes along which a value was repeated.


# %%
def fold(g, shape):
    """Return g summed over the axes along which an array of this shape was repeated."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(k for k, n in enumerate(shape) if n < g.shape[k]), keepdims=True)


fold(np.ones((4, 3)), (3,))


# %%
def in_order(t, found):
    """Add a tensor and all that it was made from to the dictionary `found`, parents before children."""
    if t not in found:
        for parent, _ in t.parents:
            in_order(parent, found)
        found[t] = None
    return found


def backward(output):
    """Set `grad` of every tensor that the output was made from: the gradient of the output's sum by it."""
    nodes = in_order(output, {})
    for t in nodes:
        t.grad = np.zeros_like(t.value)
    output.grad = np.ones_like(output.value)
    for t in reversed(nodes):
        for parent, share in t.parents:
            parent.grad = parent.grad + fold(share(t.grad), parent.value.shape)


# %% [markdown]
# That is all of it. The graph of section 4 again:

# %% tags=["nbval-check-output"]
a, b, one = Tensor(2), Tensor(3), Tensor(1)
backward((a + b) * (b + one))
claims.exact("autograd, gradient by a", a.grad, "4")
claims.exact("autograd, gradient by b", b.grad, "9")

# %% [markdown]
# **4** and **9**, as by hand. Nobody told it that $b$ is used twice.

# %% [markdown] tags=["instructor"]
# 11 minutes. Show the class `Tensor` and `backward`, and leave `fold` and the functions of one argument for home. Likely question: "why a dictionary?" It keeps the order, and finds a node at once. Common confusion: the graph is built while the forward pass runs; there is no compiler.

# %% [markdown]
# ## 6 Is it right? Two checks
#
# <details>
# <summary>中文</summary>
#
# 一个有两个隐藏层的网络，64 张真实的手写数字（缩成 14×14），softmax 与交叉熵，float64。检验一：有限差分，把一个参数往两边各挪一小步，看损失怎么变，再和梯度比。每组参数随机挑五个有影响的，取误差的中位数，六组里看最差的。先表决：步长取 1e-2、1e-5 还是 1e-12 最准？投完再看图。
#
# 曲线是一个 V 字：步长太大，误差来自曲线的弯曲（截断误差），有时还跨过 ReLU 的折点；步长太小，两个几乎相等的数相减，有效数字丢光（舍入误差）。步长 1e-5 时，相对误差在 **1e-7** 以下；1e-12 时反而大于 **1e-3**。所以“步长越小越准”不对。换成通常默认的 float32，舍入误差大得多，谷底会浅得多（这里没有量）。
#
# 检验二：TensorFlow 的 `GradientTape`，同样的权重、同样的数据，最大相对差小于 **1e-12**，只剩舍入。我们这几十行和工业级的库算的是同一个东西。
#
# </details>
#
# A gradient with a wrong sign somewhere still *looks* like a gradient, and training may even go down for a while. So we check. A network with two hidden layers, softmax and cross-entropy (lecture 3), 64 digits drawn from MNIST. We shrink the digits to 14 × 14, each
# new pixel the mean of four.

# %%
from utils.datasets import load_mnist

MNIST = ("mnist",)
(x_train, y_train), (x_test, y_test) = load_mnist()
str(x_train.dtype), x_train.shape[1:]


# %%
def shrink(images):
    """Return images of shape (n, 28, 28) as rows of 14 × 14 = 196 means of four pixels, from 0 to 1."""
    return images.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196) / 255


shrink(x_train[:5]).shape


# %%
def cross_entropy(scores, Y):
    """Return the mean cross-entropy of scores (…, n, 10) against one-hot Y (n, 10), a tensor; starts add up."""
    scores = scores + Tensor(-scores.value.max(axis=-1, keepdims=True))  # the same softmax, and no overflow
    losses = log(total(exp(scores), axis=-1)) + total(scores * Tensor(-Y), axis=-1)
    return total(losses * Tensor(1 / len(Y)))


# %%
def network(parameters, X):
    """Return the scores of a ReLU network; its parameters are W, b, W, b, …, tensors or arrays alike."""
    h = X
    for W, b in zip(parameters[:-2:2], parameters[1:-2:2]):
        h = gate(h @ W + b)
    return h @ parameters[-2] + parameters[-1]


# %%
some = rng.choice(len(x_train), 64, replace=False)
X64, Y64 = shrink(x_train[some]), np.eye(10)[y_train[some]]
shapes = [(196, 64), (64,), (64, 32), (32,), (32, 10), (10,)]
values = [rng.normal(0, np.sqrt(2 / shape[0]) if len(shape) == 2 else 0.1, shape) for shape in shapes]
theta = [Tensor(value) for value in values]
risk = cross_entropy(network(theta, Tensor(X64)), Y64)
backward(risk)
[t.grad.shape for t in theta]

# %% [markdown]
# Ten classes and no training: the risk should be near $\ln 10 = 2.30$, or a little above.

# %%
risk.value.item()

# %% [markdown]
# *Check one: finite differences.* Move one parameter a small step to both sides, and see what the risk does. Five random entries of each of the six parameters, seven step sizes. (Many entries have no effect at all: the pixels in the corners are always blank. So we draw
# among those that change the risk. We do not ask the gradient, for it is the suspect.)
#
# **Vote:** which step comes closest to the truth: 0.01, 0.00001, or 0.000000000001?


# %%
def risk_with(values, k, place, value):
    """Return the risk when entry `place` of parameter k has another value."""
    changed = [v.copy() for v in values]
    changed[k][place] = value
    return cross_entropy(network([Tensor(v) for v in changed], Tensor(X64)), Y64).value.item()


# %%
def relative_error(k, place, step):
    """Return how far the central difference is from the autograd's gradient, relative to their sum."""
    by_hand = central_difference(lambda v: risk_with(values, k, place, v), values[k][place], step)
    return abs(by_hand - theta[k].grad[place]) / (abs(by_hand) + abs(theta[k].grad[place]))


# %%
from itertools import islice


def five_of(k, rng):
    """Return five random entries of parameter k that the risk depends on, found without any gradient."""
    places = map(tuple, rng.permutation(list(np.ndindex(values[k].shape))))
    return list(islice((p for p in places if risk_with(values, k, p, values[k][p] + 1e-4) != risk.value), 5))


drawn = [[(k, place) for place in five_of(k, rng)] for k in range(6)]
drawn[0]

# %%
steps = [1e-2, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12]
errors = [max(np.median([relative_error(*d, step) for d in five]) for five in drawn) for step in steps]

# %% mystnb={"image": {"alt": "Relative error of central differences against their step, both axes logarithmic. The curve is a V: large at a step of 0.01, lowest between 0.0001 and 0.00001, and large again at the smallest steps."}}
plt.loglog(steps, errors, marker="o")
plt.text(1e-3, 1e-3, "the curve bends", ha="right")
plt.text(1e-12, 1e-7, "digits are lost")
plotting.show("A smaller step is better, until it is worse", "step", "relative error (worst of six medians)")

# %% tags=["nbval-check-output"]
# Not asserted on the stand-in: one seed of ten misses there, where many pixels are blank and some weights hardly matter.
claims.check(
    "central differences, step 1e-5", errors[2], "below 1e-7", band=(None, 1e-7), stand_in=None, data=MNIST
)
# In powers of ten the mean is −1.6 and the sd 0.3: the edge is four of them away.
claims.check("central differences, step 1e-12", errors[-1], "above 1e-3", band=(1e-3, None), data=MNIST)

# %% [markdown]
# At a step of 0.00001 they agree to better than **1e-7**, even in the worst of the six groups. With a larger step the curve bends away from its chord: the left-out part of Taylor's formula, and here and there a ReLU that switches on the way. At 0.000000000001 the difference is above **1e-3**: two nearly equal numbers were subtracted, and their digits are gone. With float32, the usual default, rounding is far coarser, so the valley must be far shallower (we did not measure it): check gradients in float64.
#
# *Check two: an independent program.* TensorFlow differentiates the same network with the same weights.

# %%
import tensorflow as tf

variables = [tf.Variable(value) for value in values]
with tf.GradientTape() as tape:
    h = tf.constant(X64)
    for W, c in zip(variables[:-2:2], variables[1:-2:2]):
        h = tf.nn.relu(h @ W + c)
    scores = h @ variables[-2] + variables[-1]
    tf_risk = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(Y64, scores))
by_tape = tape.gradient(tf_risk, variables)
[tuple(g.shape) for g in by_tape]

# %% tags=["nbval-check-output"]
apart = max(np.abs(t.grad - g.numpy()).max() / np.abs(g).max() for t, g in zip(theta, by_tape))
claims.check("autograd against GradientTape", apart, "below 1e-12", band=(None, 1e-12), data=MNIST)

# %% [markdown]
# Below **1e-12**, all that rounding leaves. Our few dozen lines and an industrial library compute the same gradient. From here on we may trust either.

# %% [markdown] tags=["instructor"]
# 6 minutes. Many vote for the smallest step. Likely question: "why not always finite differences?" Section 7. Common confusion: finite differences are the *check*, and less exact than what they check.

# %% [markdown]
# ## 7 What a gradient costs, in products and in memory
#
# <details>
# <summary>中文</summary>
#
# 一次前向要 $N\cdot P$ 次乘法（$N$ 张图，$P$ 个权重）。反向对每个权重矩阵做两次同样大小的乘法：一次得到权重的梯度，一次把误差传到前一层。先估一估：前向加反向，一共相当于几次前向？再想：用有限差分求同样的梯度，要几次前向？
#
# 只数矩阵乘法，是 **3.0** 次前向，不管网络多大。（我们连像素的梯度也算了，其实用不着；不算的话，这三个网络是 2.1 到 2.6 次。）有限差分每个参数要两次前向：这个只有 17,418 个参数的小网络就要 **34,836** 次。一百万个参数，还是 3 次对两百万次。
#
# 代价是内存：前向的每个激活都得留到反向用。六十四层，就要留六十四份。内存不够时可以只留几份，用到时再把中间的重算一遍，见 ★ 第 10 节。
#
# </details>
#
# Count before you run. A matrix with $P$ weights takes $N P$ multiplications to apply to $N$ digits. Backward, the same matrix takes part in two products of that size: one for the gradient by the weights, one to pass the error on. So how many forward passes
# do forward and backward cost together? And how many does the same gradient cost by finite differences?


# %%
def passes(width):
    """Return the parameters of a 196-width-width-10 network, and forward plus backward in forward passes."""
    shapes = [(196, width), (width,), (width, width), (width,), (width, 10), (10,)]
    parameters = [Tensor(np.full(shape, 0.01)) for shape in shapes]
    counted["products"] = 0
    risk = cross_entropy(network(parameters, Tensor(X64)), Y64)
    forward = counted["products"]
    backward(risk)
    return sum(p.value.size for p in parameters), counted["products"] / forward


# %% tags=["nbval-check-output"]
import pandas as pd

table = pd.DataFrame(
    [passes(width) for width in (16, 64, 256)], columns=["parameters P", "by backpropagation"]
)
table["by finite differences"] = 2 * table["parameters P"]
table

# %% tags=["nbval-check-output"]
claims.exact("forward and backward, in forward passes", table["by backpropagation"].max(), "3.0")
claims.exact("by finite differences", table["by finite differences"][1], "34,836")

# %% [markdown]
# **3.0** forward passes, whatever the size, counted in the multiplications of matrix products. (Ours even sends the error on to the pixels, which nobody needs. Without that it would be 2.1 to 2.6 for these three networks.) Finite differences take two for each
# parameter: **34,836** for the middle one of these small networks, and two million for a million parameters.
#
# The price is memory: everything the forward pass computed must stay until the backward pass has used it. Sixty-four layers, sixty-four activations. If memory runs out, keep only every eighth, and compute the others again when the backward pass needs
# them. ★ Section 10 does that, and measures it.

# %% [markdown] tags=["instructor"]
# 5 minutes. Most guess one or a million forward passes. Likely question: "why not forward, from inputs to outputs?" That costs one pass per *input*; we have a million inputs (the weights) and one output. Forward mode wins where it is the other way round.

# %% [markdown]
# ## 8 Signals through thirty layers: where to start
#
# <details>
# <summary>中文</summary>
#
# 先表决：Keras 里写 `Dense(64, activation="relu")`，什么都不改，30 层以后均方还剩多少？原来的一半、千分之一，还是十亿分之一？
#
# 把 128 张数字送进 30 层、每层 64 个单元的随机网络，看每一层输出的均方；再从最后一层送回一个随机误差，看它的均方。
#
# 设权重方差为 $\mathrm{gain}/n$。ReLU 把一半的单元关掉，均方减半：$\mathbb{E}\,\mathrm{relu}(z)^2=\frac12\mathrm{Var}(z)$。所以 gain = 1（Glorot 初始化）时每层减半，gain = 2（He 初始化）时保持不变。
#
# 以 2 为底的对数，每层变化：Glorot + ReLU 前向 **−1.05**，反向 **−1.02**，果然每层减半，30 层就是十亿分之一；He + ReLU 前向 **−0.05**，反向 **−0.02**，基本守恒；Glorot + sigmoid 前向看不出问题，反向却每层 **−4.2**：sigmoid 的导数至多 1/4，平方就是 1/16。而 Keras 里 ReLU 层的默认初值**正是** Glorot，这是本讲最大的坑。
#
# He 保住的是大小。至于内容保住了多少，那是另一个问题，见 ★ 第 13 节。
#
# </details>
#
# Send 128 digits through 30 random layers of 64 units, and look at the mean square of what comes out of each. Then send a random error back from the end. Each weight is normal with variance gain/n, where n is the number of inputs.
#
# **Vote:** with what Keras does if you say nothing, what is left of the mean square after 30 layers: half, a thousandth, or a billionth?
#
# Theory first. If $z$ is symmetric around zero, ReLU removes half of it: $\mathbb{E}\,\mathrm{relu}(z)^2 = \tfrac12 \mathrm{Var}(z)$. So with gain 1, the start of **Glorot** for square layers, a mean square halves at every layer, and with gain 2, the start of **He**, it stays. (Libraries say *Glorot* and *He initialisation*.)
# Backward it is the same. And what does Keras do if we say nothing?

# %% tags=["nbval-check-output"]
default = keras.layers.Dense(64, activation="relu").kernel_initializer
type(default).__name__

# %% [markdown]
# Thirty halvings: about a billionth. Now we measure.


# %%
def signals(X, gain, G, slope, rng, skip=None, depth=30, width=64):
    """Send X (n, d) through random layers h ← G(hW), or h + skip·G(hW), and a random error back.

    Returns the mean squares forward and backward, shape (depth + 1,) each, and the last h.
    """
    h = X @ rng.normal(size=(X.shape[1], width))
    h = h / np.sqrt(np.mean(h**2))
    forward, layers = [1.0], []
    for _ in range(depth):
        W = rng.normal(0, np.sqrt(gain / width), (width, width))
        z = h @ W
        layers.append((W, z))
        h = G(z) if skip is None else h + skip * G(z)
        forward.append(np.mean(h**2))
    g = rng.normal(size=h.shape)
    back = [np.mean(g**2)]
    for W, z in reversed(layers):
        through_G = (g * slope(z)) @ W.T
        g = through_G if skip is None else g + skip * through_G
        back.append(np.mean(g**2))
    return np.array(forward), np.array(back), h


# %%
from scipy.special import expit

RELU = (relu, lambda z: z > 0)
SIGMOID = (expit, lambda z: expit(z) * (1 - expit(z)))

# %%
X = shrink(x_train[rng.choice(len(x_train), 128, replace=False)])
X = (X - X.mean()) / X.std()
X.shape

# %%
starts = {"Glorot, ReLU": (1, *RELU), "He, ReLU": (2, *RELU), "Glorot, sigmoid": (1, *SIGMOID)}
sent = {name: [signals(X, *start, rng) for _ in range(10)] for name, start in starts.items()}
logs = {name: np.log2([run[:2] for run in runs]).mean(axis=0) for name, runs in sent.items()}

# %% mystnb={"image": {"alt": "Two panels of log2 mean square against layers passed, 0 to 30. Forward: Glorot with ReLU falls in a straight line to minus 32; He with ReLU and sigmoid stay near zero. Backward: Glorot with ReLU falls to minus 31, He stays near zero, and sigmoid falls to minus 125."}}
fig, axes = plt.subplots(1, 2)
for ax, way, title in zip(axes, (0, 1), ("forward: the signal", "backward: the gradient")):
    for name, both in logs.items():
        ax.plot(both[way], label=name)
    ax.set(title=title, xlabel="layers passed", ylabel="log₂ of the mean square")
axes[0].legend(loc="lower left")
fig.suptitle("Glorot with ReLU halves at every layer; sigmoid lets no gradient through", fontweight="bold")
plt.show()

# %% tags=["nbval-check-output"]
per_layer = {name: (both[:, -1] - both[:, 0]) / 30 for name, both in logs.items()}
forward, back = per_layer["Glorot, ReLU"]
claims.check("Glorot + ReLU, forward, log2 per layer", forward, "−1.05", band=(-1.17, -0.94), data=MNIST)
claims.check("Glorot + ReLU, backward, log2 per layer", back, "−1.02", band=(-1.12, -0.93), data=MNIST)
forward, back = per_layer["He, ReLU"]
claims.check("He + ReLU, forward, log2 per layer", forward, "−0.05", band=(-0.17, 0.05), data=MNIST)
claims.check("He + ReLU, backward, log2 per layer", back, "−0.02", band=(-0.085, 0.04), data=MNIST)
_, back = per_layer["Glorot, sigmoid"]
claims.check("sigmoid, backward, log2 per layer", back, "−4.2", band=(-4.25, -4.12), data=MNIST)

# %% [markdown]
# Glorot with ReLU: **−1.05** per layer forward and **−1.02** backward. It halves, and after 30 layers a billionth is left. He with ReLU: **−0.05** and **−0.02**, as good as level. With sigmoid the forward signal looks healthy and the gradient
# is dead, **−4.2** per layer: the slope of the sigmoid is at most ¼, its square at most 1/16, and log₂ of that is −4. And the default of a ReLU layer in Keras *is* Glorot. For two layers it does not matter. For thirty, write `kernel_initializer="he_normal"`.
#
# So He keeps the *size* of a signal. Whether a typical network keeps anything of its *content* is another question (★ section 13).

# %% [markdown] tags=["instructor"]
# 10 minutes. In the vote, hardly anyone chooses the billionth: 2 to the power of −30. Likely question: "why does everybody use the default, then?" Because their networks have three layers, or batch normalisation.

# %% [markdown]
# ## 9 Skip connections
#
# <details>
# <summary>中文</summary>
#
# 跳跃连接把 $H\leftarrow F(H)$ 换成 $H\leftarrow H+F(H)$，其中 $F(H)=\mathrm{relu}(HW)$。它不增加一个参数。讲义说：“防止梯度消失，因为总有一条路的梯度是 1。”先表决：用 He 初值的 30 层网络，加上跳跃连接，梯度会消失、保持，还是爆炸？
#
# 量出来：梯度的均方每层乘 2 的 **1.36** 次方，30 层共约 $2^{41}$ 倍：梯度爆炸了。Glorot 初值不加跳跃时梯度消失（第 8 节），加上就不消失了，可是也爆炸，30 层共 2 的 **28** 次方。两条路各带一份完整的信号，每层本该翻倍（$2^{30}$）；两条路还彼此相关，所以长得更快。
#
# 把 $F$ 乘以 $1/\sqrt L$，30 层总共只有 2 的 **2.9** 次方，七八倍。讲义的话在这里成立，只说了一半。残差网络（ResNet）靠的是批归一化、缩放，或者让支路从零开始；光有跳跃是不够的。
#
# 再看训练。四千张数字，隐藏层的宽度是 32，同样的步数，Adam，先给下面五个网络排个名次再往下读。测试准确率：两层，**91 %**；二十层，Glorot 直接叠，**64 %**；He 直接叠，**80 %**；He 加跳跃，只有 **40 %**，比不加还差；跳跃再乘 $1/\sqrt{L}$，**92 %**。
#
# 缩放过的跳跃比两层只多 **0.7 个百分点**，参数却多了两倍。以上只试了一种学习率、375 步。所以：缩放过的跳跃让深度**不再有害**，但在这里多出的十八层几乎没有带来好处。
#
# </details>
#
# A **skip connection** replaces $H \leftarrow F(H)$ by $H \leftarrow H + F(H)$, with our layer $F(H) = \mathrm{relu}(HW)$. It adds no parameter, and needs $F$ to have as many outputs as inputs, so it cannot pass the first layer. The slides: "it prevents the gradient from vanishing", since one path always
# has the gradient 1.
#
# **Vote:** 30 layers from He's start, with skips. Does the gradient vanish, hold, or explode?

# %%
skips = {"no skip": None, "skip": 1, "skip / √L": 1 / np.sqrt(30)}
sent = {name: [signals(X, 2, *RELU, rng, skip) for _ in range(10)] for name, skip in skips.items()}
logs = {name: np.log2([run[1] for run in runs]).mean(axis=0) for name, runs in sent.items()}
glorot = np.mean([np.log2(signals(X, 1, *RELU, rng, 1)[1][-1]) for _ in range(10)])

# %% mystnb={"image": {"alt": "log2 of the mean squared gradient against layers passed backward. Without skips the line stays near zero; with skips it climbs steadily to about 41; with skips divided by the root of L it rises to about 3."}}
for name, back in logs.items():
    plt.plot(back, label=name)
plt.legend()
plotting.show(
    "With plain skips the gradient explodes; scaled, it holds",
    "layers passed, backward",
    "log₂ of the mean squared gradient",
)

# %% tags=["nbval-check-output"]
skip_gain, scaled_gain = logs["skip"][-1] / 30, logs["skip / √L"][-1]
claims.check("skip, backward, log2 per layer", skip_gain, "1.36", band=(1.3, 1.44), data=MNIST)
claims.check("skip from Glorot's start, backward, log2 in all", glorot, "28", band=(26.3, 29.6), data=MNIST)
claims.check("skip / √L, backward, log2 in all", scaled_gain, "2.9", band=(2.55, 3.35), data=MNIST)

# %% [markdown]
# It explodes: each layer multiplies the mean squared gradient by 2 to the power of **1.36**, 2⁴¹ in all. With Glorot's start the gradient vanished without skips (section 8). With skips it no longer vanishes, and it explodes as well, by 2 to the power of **28** in all. So the
# slides' sentence holds here, and tells half of the story. Two paths that each carry a full signal would double the mean square at every layer (2³⁰). The two are also correlated, so it grows faster still. Scale the new path down, $H + F(H)/\sqrt{L}$, and 30 layers
# multiply it by 2 to the power of **2.9** in all. Real residual networks (ResNets) do something of this kind: batch normalisation (lecture 9), a scale, or a branch that starts at zero. The skip alone is not the cure.
#
# (Careful with zero: if $W = 0$ in our $F$, the ReLU is shut at exactly zero and its slope is 0, so $W$ never receives a gradient. Branches that start at zero have two layers, and only the last of them is zero.)
#
# Now train. Our own autograd and Adam from lecture 4, 4,000 digits, width 32. Three starts are trained side by side as one array with a leading axis. Depth 20 in four versions, and depth 2 as the baseline. (A first map takes the 196 pixels to 32 numbers; it has no ReLU, so that the path of the skips is linear from end to end.) **Rank them before you run.**

# %%
from tqdm import tqdm


def adam(theta, next_risk, n_steps, rate=3e-3):
    """Take Adam's steps on tensors theta; next_risk() returns a batch's risk, the rate falls to zero."""
    means, squares = ([np.zeros_like(t.value) for t in theta] for _ in range(2))
    for k in tqdm(range(1, n_steps + 1), mininterval=1):
        backward(next_risk())
        for t, mean, square in zip(theta, means, squares):
            mean += 0.1 * (t.grad - mean)
            square += 0.001 * (t.grad**2 - square)
            size = np.sqrt(square / (1 - 0.999**k)) + 1e-8
            t.value = t.value - rate * (1 - k / (n_steps + 1)) * mean / (1 - 0.9**k) / size


# %%
def deep_start(depth, gain, rng, starts=3, width=32):
    """Return tensors W, b, …: a map from 196 pixels, `depth` layers of variance gain/n, then ten scores."""
    theta, gains = [], [1, *[gain] * depth, 1]
    for n, m, g in zip([196, *[width] * (depth + 1)], [*[width] * (depth + 1), 10], gains):
        theta += [Tensor(rng.normal(0, np.sqrt(g / n), (starts, n, m))), Tensor(np.zeros((starts, 1, m)))]
    return theta


# %%
def deep(theta, X, skip=None):
    """Return the scores (starts, n, 10): a linear map, ReLU layers F(H) or H + skip·F(H), and a linear map."""
    h = X @ theta[0] + theta[1]
    for W, b in zip(theta[2:-2:2], theta[3:-2:2]):
        f = gate(h @ W + b)
        h = f if skip is None else h + f * Tensor(skip)
    return h @ theta[-2] + theta[-1]


# %%
def accuracies_of(depth, gain, skip, seen, held_out, rng, n_epochs=6):
    """Train three starts on the digits seen; return their accuracies (%) on those held out."""
    (X, y), (X_test, y_test) = seen, held_out
    theta = deep_start(depth, gain, rng)

    def next_risk():
        batch = rng.integers(len(X), size=64)
        return cross_entropy(deep(theta, Tensor(X[batch]), skip), np.eye(10)[y[batch]])

    adam(theta, next_risk, n_epochs * len(X) // 64)
    scores = deep(theta, Tensor(X_test), skip).value
    return 100 * np.mean(scores.argmax(axis=-1) == y_test, axis=1)


# %% [markdown]
# At depth 2 such a network has some 8,700 parameters, at depth 20 some 27,800. Four thousand digits to train on, and 2,000 of the test digits, both drawn at random. Centre and scale come from the training digits alone.

# %%
[sum(t.value[0].size for t in deep_start(depth, 2, rng)) for depth in (2, 20)]

# %%
chosen = rng.choice(len(x_train), min(4_000, len(x_train)), replace=False)
others = rng.permutation(len(x_test))[:2_000]

# %%
X_seen, X_held = shrink(x_train[chosen]), shrink(x_test[others])
centre, spread = X_seen.mean(), X_seen.std()
seen, held_out = ((X_seen - centre) / spread, y_train[chosen]), ((X_held - centre) / spread, y_test[others])

# %%
versions = {
    "L = 2": (2, 2, None),
    "Glorot": (20, 1, None),
    "He": (20, 2, None),
    "He, skip": (20, 2, 1),
    "He, skip / √L": (20, 2, 1 / np.sqrt(20)),
}
accuracy = {name: accuracies_of(*version, seen, held_out, rng) for name, version in versions.items()}

# %% mystnb={"image": {"alt": "Test accuracy of three starts of five networks, as dots. Two layers lie near 91 per cent. Of twenty layers, Glorot scatters between 40 and 80, He lies near 80, He with skips near 40, and He with scaled skips near 92 per cent."}}
for k, found in enumerate(accuracy.values()):
    plt.plot([k] * 3, found, "o", color="C0", alpha=0.6)
    plt.plot([k - 0.25, k + 0.25], [found.mean()] * 2, color="C1", linestyle="-")
plt.xticks(range(5), [name if name == "L = 2" else f"L = 20\n{name}" for name in accuracy])
plt.ylim(0, 100)
plotting.show("The scaled skip makes depth harmless; the plain skip does not", "network", "test accuracy (%)")

# %% tags=["nbval-check-output"]
mean = {name: found.mean() for name, found in accuracy.items()}
claims.check("two layers", mean["L = 2"], "91 %", band=(88.2, 93.8), stand_in=(85, 100), data=MNIST)
# Networks that hardly train scatter by some ten points from start to start: their bands are wide.
claims.check("20 layers, Glorot", mean["Glorot"], "64 %", band=(43, 85), stand_in=(13, 56), data=MNIST)
claims.check("20 layers, He", mean["He"], "80 %", band=(74.5, 86.5), stand_in=(48, 87), data=MNIST)
claims.check("20 layers, He, skip", mean["He, skip"], "40 %", band=(25, 55), stand_in=(13, 73), data=MNIST)
claims.check(
    "20 layers, He, skip / √L",
    mean["He, skip / √L"],
    "92 %",
    band=(89, 94.4),
    stand_in=(92.5, 99),
    data=MNIST,
)
more = mean["He, skip / √L"] - mean["L = 2"]
# Not asserted on the stand-in: its drawn digits are so easy that both reach their ceiling.
claims.check("scaled skip less two layers", more, "0.7 points", band=(-1.1, 2.5), stand_in=None, data=MNIST)

# %% [markdown]
# Two layers: **91 %**. Twenty layers from Glorot's start: **64 %**, and from He's **80 %**. With plain skips **40 %**, *worse than none*. With scaled skips **92 %**, and that is **0.7 points** more than two layers, from three times as many parameters. All this is at one learning rate and 375 steps. We tried no others.
#
# So a scaled skip makes depth harmless here. It hardly makes depth useful: on this task eighteen more layers bring less than a point. Where features are built from features (lecture 6), and with far more data than 4,000 digits, depth may pay. We do not measure that here.

# %% [markdown] tags=["instructor"]
# 10 minutes. Training takes some fifteen seconds. Most rank "He, skip" first. Likely question: "but ResNets work?" They have batch normalisation, which rescales at every layer. Common confusion: a smaller gradient is not a better one; what counts is that it has about the same size in all layers.

# %% [markdown]
# ## ★ 10 Checkpoints: memory for computation, and back
#
# <details>
# <summary>中文</summary>
#
# 第 7 节说，反向传播要把前向的每个激活都留着。省内存的办法叫**检查点**：只留每隔 $k$ 层的一份，反向到哪一段，就把那一段重算一遍。先猜：$k$ 取多少最省？内存里同时有 $L/k$ 个检查点和一段的 $k$ 层，$L/k+k$ 在 $k=\sqrt L$ 时最小。
#
# 实测 64 层：全存时峰值 **65** 份激活，$k=8$ 时只有 **17** 份；前向计算的层数从 64 变成 120，梯度完全一样，相差小于 **1e-12**。比公式多出的一份左右，是正在往回传的误差。反向传播用内存换计算，检查点再用计算换回一些内存。
#
# </details>
#
# Section 7 kept every activation of the forward pass. Now keep only every $k$-th one, a **checkpoint**. When the backward pass reaches a segment of $k$ layers, compute that segment again. First a function that goes through layers and back.


# %%
def through(Ws, X, P):
    """Go forward through layers relu(HW) from X, keeping each H, and backward from the error P at the output.

    Returns the error at X, and the gradients by the weights.
    """
    H, gradients = [X], []
    for W in Ws:
        H.append(relu(product(H[-1], W)))
    for W in reversed(Ws):
        P = P * (H.pop() > 0)
        gradients.insert(0, H[-1].T @ P)
        P = P @ W.T
    return P, gradients


# %% [markdown]
# That is the ordinary way, with everything kept. The next function keeps only every $k$-th activation, and goes `through` one segment at a time.


# %%
def checkpointed(Ws, X, P, k):
    """Return the same gradients; only every k-th activation is kept, and each segment is computed twice."""
    kept, gradients = [X], []
    for start in range(0, len(Ws) - k, k):
        H = kept[-1]
        for W in Ws[start : start + k]:
            H = relu(product(H, W))
        kept.append(H)
    for start in range(len(Ws) - k, -1, -k):
        P, part = through(Ws[start : start + k], kept.pop(), P)
        gradients = part + gradients
    return gradients


# %% [markdown]
# (The last segment need not be computed twice.) Python's `tracemalloc` reports the largest memory in use at any moment. We ask for it in units of one activation.

# %%
import tracemalloc

Ws = [rng.normal(0, np.sqrt(2 / 32), (32, 32)) for _ in range(64)]
X_wide, P_wide = rng.normal(size=(2, 2_048, 32))


def peak(compute, *arguments):
    """Return the most memory that a computation held at once, in activations of 2,048 × 32 numbers."""
    tracemalloc.start()
    compute(*arguments)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / X_wide.nbytes


# %% [markdown]
# **Guess** the best $k$ for 64 layers before you run this.

# %%
peaks = {k: peak(checkpointed, Ws, X_wide, P_wide, k) for k in (1, 2, 4, 8, 16, 32, 64)}
all_kept = peak(through, Ws, X_wide, P_wide)
{k: round(most, 1) for k, most in peaks.items()}, round(all_kept, 1)

# %% mystnb={"image": {"alt": "Peak memory in activations against the distance of checkpoints, 1 to 64, on a logarithmic axis. The curve falls from about 66 to a minimum of about 17 at 8, and rises again to about 66 at 64. A dashed line is the law L over k plus k."}}
plt.semilogx(list(peaks), list(peaks.values()), "o", base=2, label="measured")
k = np.geomspace(1, 64)
plt.semilogx(k, 64 / k + k, base=2, color="C1", linestyle="--", label="L/k + k")
plt.ylim(0, 75)
plt.legend()
plotting.show("Least memory at k = √L", "layers k between checkpoints", "peak memory (activations)")

# %% tags=["nbval-check-output"]
gradients, again = through(Ws, X_wide, P_wide)[1], checkpointed(Ws, X_wide, P_wide, 8)
apart = max(np.abs(g - a).max() / np.abs(g).max() for g, a in zip(gradients, again))
# No chance enters: Python's own small objects decide the last digit.
claims.check("peak memory, all kept", all_kept, "65", band=(64, 68))
# Likewise.
claims.check("peak memory, a checkpoint every 8 layers", peaks[8], "17", band=(15.5, 19))
claims.check("gradients with and without checkpoints", apart, "below 1e-12", band=(None, 1e-12))

# %% [markdown]
# In memory at once are $L/k$ checkpoints and one segment of $k$ layers, and $L/k + k$ is least at $k = \sqrt L$. We measure about one more: the error on its way back.
#
# From **65** activations down to **17**, and the gradient is the same, to better than **1e-12**. The price: 120 layers computed forward instead of 64. Backpropagation trades memory for computation, and checkpoints trade some of it back. Large
# language models are often trained this way.

# %% [markdown]
# ## ★ 11 Can a zigzag be learned?
#
# <details>
# <summary>中文</summary>
#
# 第 2 节说深度网络**能**表示很多段的折线。训练**找得到**吗？
#
# 目标是四层帐篷，16 段。两个网络都有六百个左右的参数：1×200 取八个起点，6×10 取十六个，第一层的折点在区间里随机摆开，Adam 走同样的步数。在 65 个点上拟合，在另外 1,025 个点上看还有多少方差没有解释。先猜谁剩得少。
#
# 平均来说，6×10 比浅网络少剩 **0.32**。深的赢了，可是很不稳定，看图上的点：少数起点几乎完全学会，多数没有。
#
# 别急着下结论。把浅网络的 200 个折点均匀摆好，输出权重用最小二乘一步解出来（第 2 讲），只剩 **0.006**，比深网络的多数起点好得多。所以浅网络表示得了这条折线，只是 Adam 用这么多步没有走到。十六段的“深度优势”是优化上的，不是表达上的。
#
# </details>
#
# Section 2 set the weights by hand. Can training find them? The target is the tent of depth 4, with 16 pieces. Two networks of some 600 parameters, eight starts of the shallow one and sixteen of the deep one, the kinks of the first layer spread over the interval, the same steps of Adam for all. They are fitted to 65 points, and judged at
# 1,025 others by the share of the variance that is left. **Which will leave less?**

# %%
x, x_new = np.linspace(-1, 1, 65)[:, None], np.linspace(-1, 1, 1_025)[:, None]
y, y_new = (2 * deep_tent((points + 1) / 2, 4) - 1 for points in (x, x_new))


def unexplained(y_hat, y):
    """Return the share of the variance of y (n, 1) that predictions (…, n, 1) leave."""
    return np.mean((y_hat - y) ** 2, axis=(-2, -1)) / y.var()


# %%
def zigzag_start(widths, rng, starts):
    """Return tensors W, b, … of a ReLU network with one input; the first layer's kinks lie in [−1, 1]."""
    theta = []
    for n, m, gain in zip([1, *widths], [*widths, 1], [*[2] * len(widths), 1]):
        theta += [Tensor(rng.normal(0, np.sqrt(gain / n), (starts, n, m)))]
        theta += [Tensor(rng.uniform(-0.1, 0.1, (starts, 1, m)))]
    theta[1] = Tensor(theta[0].value * rng.uniform(-1, 1, theta[0].value.shape))
    return theta


# %%
def squared_error(theta, x, y):
    """Return the mean squared error of the networks theta at points (n, 1), added over the starts."""
    error = network(theta, Tensor(x)) + Tensor(-y)
    return total(error * error) * Tensor(1 / len(x))


zigzags, left = {"1 × 200": ([200], 8), "6 × 10": ([10] * 6, 16)}, {}
for name, (widths, starts) in zigzags.items():
    theta = zigzag_start(widths, rng, starts)
    adam(theta, lambda theta=theta: squared_error(theta, x, y), 1_500)
    left[name] = unexplained(network(theta, Tensor(x_new)).value, y_new)

# %% [markdown]
# And a baseline from lecture 2: the shallow network once more, its 200 hinges at even distances, its output weights by least squares.

# %%
knots = np.linspace(-1, 1, 200)
H, H_new = (np.column_stack([relu(points - knots), np.ones(len(points))]) for points in (x, x_new))
w = np.linalg.lstsq(H, y, rcond=None)[0]
by_least_squares = unexplained(H_new @ w, y_new)

# %% mystnb={"image": {"alt": "Share of variance left, on a logarithmic axis, as dots for the starts of two networks. The shallow network's eight dots lie between 0.3 and 0.8; the sixteen of 6 by 10 are spread from below 0.01 to 0.8. A dashed line at 0.006 marks least squares on the shallow network's hinges."}}
for k, found in enumerate(left.values()):
    plt.semilogy([k] * len(found), found, "o", color="C0", alpha=0.6)
plt.axhline(by_least_squares, color="C1", linestyle="--", label="1 × 200, output weights by least squares")
plt.legend(loc="lower left")
plt.xticks(range(2), list(left))
plt.xlim(-0.5, 1.5)
plotting.show("Adam does better with depth; least squares needs none", "network", "share of variance left")

# %% tags=["nbval-check-output"]
less = np.mean(left["1 × 200"]) - np.mean(left["6 × 10"])
claims.check("zigzag, what 6 × 10 leaves less than 1 × 200", less, "0.32", band=(0.02, 0.61))
# No chance enters; the upper edge leaves room for another least-squares routine.
claims.check("zigzag, 1 × 200 by least squares", by_least_squares, "0.006", band=(None, 0.02))

# %% [markdown]
# With Adam the deep network leaves **0.32** less than the shallow one, in the mean. Depth wins, but it is a lottery: look at the dots. A few starts learn the zigzag almost whole, and most do not. And least squares on 200 even hinges of a shallow network leaves **0.006**, in one step.
# So the shallow network could represent it all along, and *Adam* did not get there in these steps. With 16 pieces the advantage of depth is one of optimisation, not of expression.

# %% [markdown]
# ## ★ 12 The landscape over the inputs
#
# <details>
# <summary>中文</summary>
#
# 讲义画出三个网络在二维输入上的等高线，说深的“立刻复杂得多”。量一下：沿一条随机直线，数输出的极大极小点，40 个网络取平均。激活用 tanh。
#
# 权重方差 $1/n$：6×10 比 1×150 只多 **0.4** 个，几乎没有差别。方差 $9/n$，也就是很大的权重：**2.1** 个对 **11** 个，差别很大。所以对这些 tanh 网络，讲义的话在权重大时成立，权重小时不成立。ReLU 网络是另一回事，这里没有数。
#
# </details>
#
# The slides draw the three networks' outputs over the plane of inputs, and find the deep ones "immediately much more complex". We count: how many local maxima and minima does the output have along a random line? With tanh, forty networks of each kind, once with weights of variance 1/n, and once of 9/n.


# %%
def plane(widths, gain, rng, points):
    """Return the output of a random tanh network with variance gain/n at points (n, 2): shape (n,)."""
    h = points
    for m in widths:
        h = np.tanh(h @ rng.normal(0, np.sqrt(gain / h.shape[1]), (h.shape[1], m)) + rng.normal(0, 0.3, m))
    return h @ rng.normal(size=h.shape[1])


def turns(widths, gain, rng):
    """Return the number of local maxima and minima along a random line through [−3, 3]²."""
    angle, offset = rng.uniform(0, np.pi), rng.normal(0, 0.3, 2)
    line = np.outer(np.linspace(-3, 3, 4_001), [np.cos(angle), np.sin(angle)]) + offset
    return pieces(plane(widths, gain, rng, line)) - 1


# %%
turned = {
    (name, gain): np.mean([turns(widths, gain, rng) for _ in range(40)])
    for name, widths in NETWORKS.items()
    for gain in (1, 9)
}
turned

# %% mystnb={"image": {"alt": "Six contour maps over the square from minus 3 to 3. Top row, small weights: all three networks show a few hills or slopes. Bottom row, large weights: the shallow network shows a few broad hills, the deepest one many narrow folds."}}
side = np.linspace(-3, 3, 81)
points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
fig, axes = plt.subplots(2, 3, figsize=(10, 7), sharex=True, sharey=True)
for row, gain in zip(axes, (1, 9)):
    for ax, (name, widths) in zip(row, NETWORKS.items()):
        ax.contourf(side, side, plane(widths, gain, rng, points).reshape(81, 81), 12)
        ax.set_title(f"{name}, variance {gain}/n", fontsize=14)
fig.supxlabel("input x₁")
fig.supylabel("input x₂")
fig.suptitle("With tanh, deep is rough only with large weights", fontweight="bold")
plt.show()

# %% tags=["nbval-check-output"]
more = turned["6 × 10", 1] - turned["1 × 150", 1]
claims.check("turns, variance 1/n, 6 × 10 less 1 × 150", more, "0.4", band=(-0.7, 1.45))
claims.check("turns, variance 9/n, 1 × 150", turned["1 × 150", 9], "2.1", band=(0.95, 3.3))
claims.check("turns, variance 9/n, 6 × 10", turned["6 × 10", 9], "11", band=(8.1, 13.8))

# %% [markdown]
# With variance 1/n, 6 × 10 has **0.4** turns more than 1 × 150, hardly a difference. With 9/n: **2.1** against **11**. So, for these tanh networks, "deep is more complex" is true of large random weights and not of small ones. We did not count for ReLU.

# %% [markdown]
# ## ★ 13 What He's start does not keep
#
# <details>
# <summary>中文</summary>
#
# “He 初值让均方保持为 1”，说的是对所有随机网络的**平均**。单个网络呢？取 50 层的网络各 60 个，看最后一层均方的中位数：宽 64 时 **0.20**，宽 16 时小于 **0.01**。均方是 50 个随机因子的乘积，对数近似正态，平均由少数很大的撑着。窄而深的网络，典型的那一个信号已经没了。
#
# 方向也保不住。输入时，两张不同的数字方向差得很远；过了 30 层 He 网络，夹角余弦平均是 **0.98**，几乎指着同一个方向。这就是 He 网络难训练的原因吗？听上去合理，可是加了 $1/\sqrt L$ 的跳跃，余弦是 **0.99**，反而更高，训练却好得多（第 9 节）。所以单凭这个数解释不了。
#
# </details>
#
# "He's start keeps the mean square at 1" is true of the *expectation* over networks. What about the network that you happen to draw? Sixty networks of 50 layers, at two widths:

# %%
last = {w: [signals(X, 2, *RELU, rng, depth=50, width=w)[0][-1] for _ in range(60)] for w in (16, 64)}
pd.DataFrame({w: [np.median(found), np.mean(found)] for w, found in last.items()}, index=["median", "mean"])

# %% tags=["nbval-check-output"]
median = {w: np.median(found) for w, found in last.items()}
# In powers of ten the mean is −0.7 and the sd 0.13: both edges are five of them away.
claims.check("50 He layers of 64, median mean square", median[64], "0.20", band=(0.04, 0.55), data=MNIST)
claims.check(
    "50 He layers of 16, median mean square", median[16], "below 0.01", band=(None, 0.01), data=MNIST
)

# %% [markdown]
# The median is **0.20** at width 64 and below **0.01** at width 16. A mean square after 50 layers is a product of 50 random factors. Its logarithm is about normal, with a variance near $5L/n$, and the mean rests on a few rare, huge values. Sixty networks are too few to see them.
# A typical narrow deep network has lost its signal.
#
# And the content? Take the cosine of the angle between two digits: 1 if they point the same way. Its mean over all pairs, at the input and after 30 layers, without and with scaled skips:


# %%
def likeness(h):
    """Return the mean cosine between two different rows of h."""
    unit = h / np.linalg.norm(h, axis=1, keepdims=True)
    n = len(h)
    return (np.sum(unit @ unit.T) - n) / (n * (n - 1))


alike = {name: np.mean([likeness(h) for *_, h in runs]) for name, runs in sent.items()}
likeness(X), alike

# %% tags=["nbval-check-output"]
claims.check("cosine, after 30 He layers", alike["no skip"], "0.98", band=(0.95, None), data=MNIST)
claims.check(
    "cosine, after 30 He layers, skip / √L", alike["skip / √L"], "0.99", band=(0.98, None), data=MNIST
)

# %% [markdown]
# At the input two digits point in quite different directions. After 30 layers their cosine is **0.98**: ReLU outputs are never negative, so they line up more with every layer. Is this why He's twenty layers trained badly? It sounds right, and it is often said. But with scaled skips the cosine is **0.99**, higher still, and those networks trained well (section 9). This number alone does not explain it.

# %% [markdown]
# ## ★ 14 The landscape over the weights
#
# <details>
# <summary>中文</summary>
#
# 讲义说：加了跳跃，损失地形“平滑得多”。用 300 套真实的组屋量一量：面积和起租年份预测价格，在权重空间里沿两个随机方向切一个平面（每个单元的方向按它的权重大小缩放），25×25 个点。看平面上 Hessian 有负特征值的点占多少，十个网络取平均。
#
# 6×10 网络：不加跳跃，这样的点占 **58 %**；加上 $1/\sqrt L$ 的跳跃，少 **22 个百分点**。用这个数字量，讲义说得对：对缩放过的跳跃，在起点附近。换一种量法，未必分得出高下。地形平滑也不等于拟合更好，这里没有量。
#
# </details>
#
# "With skip connections the loss landscape is much smoother." We take 300 real flats, with floor area and first year of the lease as inputs and the price as the answer. Around a random start we move in two random directions (each unit's direction as long as its weights), on a grid of 25 × 25. At which share of the points does
# the surface bend down in some direction?

# %%
from utils.datasets import load_hdb

HDB = ("hdb_resale",)
flats = load_hdb()[["floor_area_sqm", "lease_commence_date", "resale_price"]].to_numpy(float)
flats = (flats - flats.mean(axis=0)) / flats.std(axis=0)


# %%
def loss_slice(widths, skip, flats, rng, side=25):
    """Return the mean squared error on a grid of side × side moves around a He start: shape (side, side)."""
    moves, h = np.linspace(-1, 1, side), flats[:, :2]
    across, down = np.meshgrid(moves, moves)
    for layer, (n, m) in enumerate(zip([2, *widths], [*widths, 1])):
        W = rng.normal(0, np.sqrt((2 if layer < len(widths) else 1) / n), (n, m))
        U, V = rng.normal(size=(2, n, m))
        U, V = (D * np.linalg.norm(W, axis=0) / np.linalg.norm(D, axis=0) for D in (U, V))
        W = W + across[..., None, None] * U + down[..., None, None] * V
        b = rng.normal(0, 0.1, m)
        if layer == len(widths):
            return np.mean((h @ W - flats[:, 2:]) ** 2, axis=(-2, -1))
        f = relu(h @ W + b)
        h = f if skip is None or layer == 0 else h + skip * f


def bending_down(R):
    """Return the share (%) of a grid's inner points where the Hessian has a negative eigenvalue."""
    R_xx = R[1:-1, 2:] - 2 * R[1:-1, 1:-1] + R[1:-1, :-2]
    R_yy = R[2:, 1:-1] - 2 * R[1:-1, 1:-1] + R[:-2, 1:-1]
    R_xy = (R[2:, 2:] - R[2:, :-2] - R[:-2, 2:] + R[:-2, :-2]) / 4
    lowest = (R_xx + R_yy) / 2 - np.sqrt((R_xx - R_yy) ** 2 / 4 + R_xy**2)
    return 100 * np.mean(lowest < -1e-9)


# %%
cases = [(rng.choice(len(flats), 300, replace=False), int(rng.integers(2**32))) for _ in range(10)]
slices = {}
for name, skip in {"no skip": None, "skip / √L": 1 / np.sqrt(6)}.items():
    slices[name] = [
        loss_slice(NETWORKS["6 × 10"], skip, flats[few], np.random.default_rng(start))
        for few, start in tqdm(cases)
    ]

# %% mystnb={"image": {"alt": "Two contour maps of the loss around a random start of the 6 by 10 network. Without skips the contours are crooked, with several dents; with scaled skips they are smooth, around one long valley."}}
fig, axes = plt.subplots(1, 2, sharey=True)
for ax, (name, found) in zip(axes, slices.items()):
    ax.contourf(np.linspace(-1, 1, 25), np.linspace(-1, 1, 25), np.log10(found[0]), 14)
    ax.set(title=name, xlabel="first direction")
axes[0].set_ylabel("second direction")
fig.suptitle("Loss over the weights, 6 × 10: fewer dents with scaled skips", fontweight="bold")
plt.show()

# %% tags=["nbval-check-output"]
bent = {name: np.mean([bending_down(R) for R in found]) for name, found in slices.items()}
# Not asserted on the simulated flats: the landscape depends on how price depends on area and lease.
claims.check(
    "points that bend down, no skip", bent["no skip"], "58 %", band=(46, 70), stand_in=None, data=HDB
)
less = bent["no skip"] - bent["skip / √L"]
# Not asserted on the simulated flats: as above.
claims.check("points that bend down, difference", less, "22 points", band=(6, 37), stand_in=None, data=HDB)

# %% [markdown]
# **58 %** without skips, and **22 points** fewer with scaled ones, means of ten networks, each with the same weights, directions and flats in both versions. By this number the slides are right, for scaled skips and at the start. Another number of roughness might not tell the two apart. And a smoother landscape does not mean a better fit; we did not measure the fit.

# %% [markdown]
# ## What we measured
#
# <details>
# <summary>中文</summary>
#
# 下表把本讲说过的每个数字和刚刚在你的机器上量到的放在一起。凡带随机性的，课文写的是十个种子的平均，你这一次会略有出入；没有随机性的合成最后一行。
#
# </details>
#
# Every figure this lecture stated, beside the one just measured on your machine. Where chance enters, the lecture states the mean over ten seeds, and yours is one more.

# %%
claims.table()

# %% [markdown] tags=["instructor"]
# 1 minute. Point at one row of section 9 that differs from its stated mean, and ask why these scatter most.

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 深度**能**用 $2L$ 个单元折出 $2^L$ 段；随机网络却每个单元至多大约一段。
# - 反向传播：前向存值，反向分梯度；两条路相加，乘法交换，ReLU 是闸门。
# - 前向加反向等于三次前向，不管有多少参数；代价是内存，检查点可以换回一些。
# - 梯度要检验：float64、步长适中的有限差分，或另一个独立的程序。
# - Glorot 配 ReLU 每层减半，He 平均保住大小。
# - 跳跃让梯度不消失，却会爆炸；缩放以后，深度才无害。
#
# </details>
#
# - Depth *can* fold $2^L$ pieces out of $2L$ units. Random networks have at most about one piece per unit.
# - Backpropagation keeps values forward and shares out gradients backward. Paths add, products swap, ReLU is a gate.
# - Forward and backward cost three forward passes, whatever the number of parameters. The price is memory, and checkpoints buy some back.
# - Check gradients: by central differences in float64 with a step that is not too small, or against an independent program.
# - Glorot with ReLU halves at every layer. He keeps the size, on average.
# - Skips stop the vanishing, and explode. Scaled, they make depth harmless.

# %% [markdown] tags=["instructor"]
# 1 minute. Let the class finish each line after its first words.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# A. 参数从一万增加到一百万，用反向传播求一次梯度，相当于它自己的几次前向？（甲）仍是三次；（乙）三百次；（丙）两百万次。
#
# B. “随机初始化的网络，单元数一样，越深线性区域越多，多得成指数。”对吗？
#
# C. 三十层网络不收敛，同学建议：“加上 $H+F(H)$，梯度就不会消失，问题解决。”你怎么看？
#
# </details>
#
# **A.** A network grows from ten thousand parameters to a million. How many of *its own* forward passes does one gradient cost by backpropagation: (i) three, as before, (ii) three hundred, (iii) two million?
#
# <details>
# <summary>Answer</summary>
#
# (i). The pass itself is dearer, but their number stays. *(iii)* tempts because that is what finite differences cost: two for each parameter. *(ii)* tempts because a hundred times the parameters should cost something: it does, inside the pass.
#
# 甲。每次前向本身贵了一百倍，次数却不变。答丙的人想的是有限差分：每个参数两次。答乙的人把前向变贵算了两遍。
#
# </details>
#
# **B.** "Of two random networks with equally many units, the deeper one has exponentially more linear pieces." True?
#
# <details>
# <summary>Answer</summary>
#
# No: at most about one piece per unit along a line, shallow or deep. *Yes* tempts because of the tents. Their weights were set by hand; a random start practically never comes near them.
#
# 不对：沿一条直线，不论深浅，每个单元至多大约一段。答“对”是因为记得帐篷，可帐篷的权重是我们亲手摆的，随机起点几乎碰不到。
#
# </details>
#
# **C.** A network of thirty layers does not train. A friend says: "Add skips, $H + F(H)$. Then the gradient cannot vanish, and all is well." What do you answer?
#
# <details>
# <summary>Answer</summary>
#
# At a random start the first half holds (in general the two paths may even cancel), the second does not: unscaled, it explodes, and trained worse than no skip at all. Scale the branch by $1/\sqrt{L}$, normalise, or start the branch's last layer at zero. *Yes* tempts because that is how the idea is usually told.
#
# 在随机起点上前半句成立（一般来说两条路也可能互相抵消），后半句不对：不缩放会爆炸，训练结果比不加还差。要么乘 $1/\sqrt L$，要么归一化，要么让支路的最后一层从零开始。
#
# </details>

# %% [markdown] tags=["instructor"]
# 6 minutes. Two for each. In B, let somebody say what "can" and "does" mean before you unfold the answer.

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行检查的那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 检查点要留几份激活？先预测：100 层，每 5 层一个检查点，和每 20 层一个，哪个峰值高？写下来，再写函数，最后看实测。
# 2. softmax 加交叉熵作为图上的一个节点：对分数的梯度是什么？
# 3. 误差反向穿过一个带跳跃的层 $H+c\,\mathrm{relu}(HW)$，出来是什么？
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. What a checkpoint costs* (★ section 10). **Predict first**, and write it down: a network of 100 layers, a checkpoint every 5 layers or every 20. Which of the two has the higher peak of memory?
#
# Then return the number of activations held at the peak: the checkpoints of all segments, and a whole segment of `k` layers. `L` is a multiple of `k`.

# %% tags=["nbval-check-output"]
from utils.exercises import attempt, misshapen


def activations_held(L, k):
    return ...


def check_activations_held(f):
    for L, k, right in ((60, 5, 17), (64, 16, 20), (64, 8, 16)):
        held = f(L, k)
        if reason := misshapen(held, ()):
            return reason
        if np.isclose(held, right):
            continue
        hints = {
            L
            // k: "these are the checkpoints; while a segment is computed again, its layers are held as well",
            k: "this is one segment; the checkpoints of the others wait in memory, too",
            L + k: "kept are not all layers, but one for each segment of k",
            L: "checkpoints and a segment are in memory together: their numbers add, they do not multiply",
        }
        hint = hints.get(round(float(held)), "count the checkpoints, then the layers of one segment")
        return f"for L = {L} and k = {k} you say {held:g}: {hint}"


attempt(activations_held, check_activations_held)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def activations_held_solution(L, k):
    return L / k + k


assert check_activations_held(activations_held_solution) is None

# %% [markdown]
# Your prediction against `tracemalloc`, for 100 layers:

# %%
hundred = [rng.normal(0, np.sqrt(2 / 32), (32, 32)) for _ in range(100)]
{k: round(peak(checkpointed, hundred, X_wide, P_wide, k), 1) for k in (5, 10, 20)}

# %% [markdown]
# Practically the same: 20 + 5 and 5 + 20. Many small segments or a few large ones, and the best lies between them.
#
# *2. Softmax and cross-entropy as one node.* Scores have shape $(n, c)$ and $Y$ is one-hot. Return the gradient of the *mean* cross-entropy by the scores.


# %% tags=["nbval-check-output"]
def cross_entropy_gradient(scores, Y):
    return ...


def check_cross_entropy_gradient(f):
    for powers, classes in (([[1, 3, 1], [2, 1, 1]], [1, 2]), ([[1, 3], [1, 1], [4, 1]], [1, 0, 0])):
        scores, Y, n = np.log(powers), np.eye(len(powers[0]))[classes], len(powers)
        p, e = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), np.exp(scores)
        right, result = (p - Y) / n, f(scores.copy(), Y.copy())
        if reason := misshapen(result, scores.shape):
            return reason
        result = np.asarray(result)
        if np.allclose(result, right):
            continue
        wrong = {
            "the sign is turned round: a score that is too high must have a positive gradient": -right,
            "that is the sum over the examples; the risk is their mean": n * right,
            "the mean divides by the number of examples, which is not always 2": (p - Y) / 2,
            "the softmax is missing: compare probabilities with Y, not scores": (scores - Y) / n,
            "the softmax runs over the classes of one example, axis 1": (e / e.sum(axis=0) - Y) / n,
            "these are the probabilities; what did Y ask for?": p / n,
        }
        if reason := next((words for words, value in wrong.items() if np.allclose(result, value)), None):
            return reason
        return f"for scores log {powers[0]} and class {classes[0]} the first row should be {right[0]}, not {result[0]}"


attempt(cross_entropy_gradient, check_cross_entropy_gradient)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def cross_entropy_gradient_solution(scores, Y):
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (p / p.sum(axis=1, keepdims=True) - Y) / len(Y)


assert check_cross_entropy_gradient(cross_entropy_gradient_solution) is None

# %% [markdown]
# *3. Backward through a skip.* A layer computes $H + c \cdot \mathrm{relu}(HW)$. Given the error `P` at its output, of the shape of `H`, return the error at `H`. There are two paths.


# %% tags=["nbval-check-output"]
def through_skip(P, H, W, c):
    return ...


def check_through_skip(f):
    H, W = np.array([[1.0, 2.0], [-1.0, 1.0]]), np.array([[1.0, -1.0], [1.5, 0.25]])
    P, c = np.array([[1.0, 2.0], [3.0, -1.0]]), 0.5
    gate_open = H @ W > 0
    branch = c * (P * gate_open) @ W.T
    result = f(P.copy(), H.copy(), W.copy(), c)
    if reason := misshapen(result, H.shape):
        return reason
    wrong = {
        "this is the branch alone: the skip passes P on as it is": branch,
        "this is the skip alone: the error comes back through the branch as well": P,
        "the scale c is missing in the branch": P + branch / c,
        "the gate is missing: where HW was not positive, nothing comes back through the branch": P
        + c * P @ W.T,
        "the way back takes W transposed": P + c * (P * gate_open) @ W,
        "the gate belongs to the branch; the skip has none": P * gate_open + branch,
        "the gate looks at HW, not at H": P + c * (P * (H > 0)) @ W.T,
    }
    if reason := next((words for words, value in wrong.items() if np.allclose(result, value)), None):
        return reason
    if not np.allclose(result, P + branch):
        rule = "the gate is 1 where HW is positive, else 0; then add the two paths"
        return f"you return {np.asarray(result).tolist()}, right is {(P + branch).tolist()}: {rule}"


attempt(through_skip, check_through_skip)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def through_skip_solution(P, H, W, c):
    return P + c * (P * (H @ W > 0)) @ W.T


assert check_through_skip(through_skip_solution) is None

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Rumelhart 等人 1986 年的短文让反向传播广为人知；Baydin 等人的综述讲自动微分的来龙去脉；Chen 等人的检查点只要 $\sqrt L$ 的内存；Glorot 与 Bengio、He 等人推导了两种初值，He 等人的残差网络量过“越深越差”；Telgarsky 证明深度能做什么，Hanin 与 Rolnick 证明随机网络实际做了什么；Li 等人画出了损失地形。
#
# </details>
#
# - D. E. Rumelhart, G. E. Hinton, R. J. Williams, *Learning representations by back-propagating errors*, Nature 323 (1986).
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind, [Automatic differentiation in machine learning: a survey](https://arxiv.org/abs/1502.05767), JMLR 18 (2018).
# - T. Chen, B. Xu, C. Zhang, C. Guestrin, [Training deep nets with sublinear memory cost](https://arxiv.org/abs/1604.06174) (2016): checkpoints at every √L-th layer.
# - X. Glorot, Y. Bengio, *Understanding the difficulty of training deep feedforward neural networks*, AISTATS 2010; K. He, X. Zhang, S. Ren, J. Sun, [Delving deep into rectifiers](https://arxiv.org/abs/1502.01852), ICCV 2015, and [Deep residual learning](https://arxiv.org/abs/1512.03385), CVPR 2016.
# - M. Telgarsky, [Benefits of depth in neural networks](https://arxiv.org/abs/1602.04485), COLT 2016; B. Hanin, D. Rolnick, [Complexity of linear regions in deep networks](https://arxiv.org/abs/1901.09021), ICML 2019: what depth can do, and what random networks do.
# - H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, [Visualizing the loss landscape of neural nets](https://arxiv.org/abs/1712.09913), NeurIPS 2018.
