# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1 · HDB linear regression: how to tell what a model lacks
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/01_hdb_linear_regression.ipynb)
#
# Most people in Singapore live in flats that a public agency, the Housing & Development Board (HDB), built and sold.
# Owners may resell them, and every resale is published with its price. So we can ask of 180,000 sales: what fixes the
# price of a flat? We fit the simplest models there are and watch them fail. Then we ask what this course asks of
# every model: is it *badly fitted*, is it *too simple*, or is the rest *noise* that no model can predict?
#
# **You will**
#
# - say what "learning" means: a task, an experience and a measure of performance;
# - derive least squares, write it in one line, and check it against two libraries;
# - tell underfitting from overfitting by comparing two errors;
# - estimate from identical flats how low any error can go;
# - give a model the features it lacks, and find the next one in its residuals.
#
# **You need** derivatives, matrix products, a little probability, NumPy and pandas.
# **It takes** 85 minutes to teach and under 40 seconds to run on 2 CPU cores. Sections with a ★ are for reading at home.
#
# **Figures in bold** were measured. Where chance enters, they are means over ten runs or more: yours will differ a
# little.

# %%
import sys

if "google.colab" in sys.modules:
    import subprocess

    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "git+https://github.com/deep-learning-lectures/deep-learning-lectures@main"], check=True)  # fmt: skip
from utils import claims

SEED = claims.start("01")  # prints lecture, data policy and seed; COURSE_SEED overrides

# %% [markdown]
# ## 1 Learning, said precisely
#
# <details>
# <summary>中文</summary>
#
# **人工智能**（AI）想让机器做出我们称之为“智能”的事。1950 年，图灵把“机器能思考吗”换成一个可以操作的测试：审问者 C 只用文字与机器 A、人 B 交谈，要说出谁是人。**机器学习**（ML）是 AI 的一部分：规则不由人写，而是从数据里找。**深度学习**（DL）又是机器学习的一部分：用很多层的神经网络来找。
#
# 一个程序在任务 T 上的表现用指标 P 来衡量；如果经验 E 让 P 变好，我们就说它在学习。同样是“生成人脸”，P 该怎么定？先想一想，再看下面的表。数据一律是数：一张图像就是一个矩阵。
#
# 写程序是给规则、得答案；机器学习倒过来，给例子（连同答案），得规则。例子背后有一个谁也没见过的函数 $f^\star$，还有运气：$y=f^\star(x)+$ 噪声。我们先选一族候选函数，叫**假设空间** $\mathcal H$；再选**损失** $\ell$，说清楚猜错要付多大代价。
#
# 我们真正关心**总体风险** $R(f)=\mathbb E\,\ell(f(x),y)$，这里的 $\mathbb E$ 是对一个新样本 $(x,y)$ 取平均，它与手里的样本来自同一个分布，并且相互独立。我们算得出来的只有**经验风险** $\hat R(f)=\frac1N\sum_i \ell(f(x_i),y_i)$。在 $\mathcal H$ 里找使 $\hat R$ 最小的函数，叫做**经验风险最小化**（ERM）。
#
# 有一个局限要记住：模型只对“像训练数据那样的”输入负责。给图片加上人眼看不出的扰动，很好的分类器也可能完全认错，这叫对抗样本。
#
# </details>
#
# **Artificial intelligence** (AI) tries to make machines do what we call intelligent in people. In 1950 Alan Turing
# proposed a test: a judge C exchanges text with a machine A and a person B, and has to say which is the person.
# **Machine learning** (ML) is the part of AI where nobody writes the rules down: they are found in data.
# **Deep learning** (DL) is the part of ML that finds them with neural networks of many layers.

# %% mystnb={"image": {"alt": "Three nested ellipses. The largest is artificial intelligence, with search, logic and chess programs as examples; inside it lies machine learning, with least squares and decision trees; inside that lies deep learning, with networks of many layers."}}
import matplotlib.pyplot as plt
from matplotlib.patches import Ellipse
from utils import plotting

plotting.use_style()
fig, ax = plt.subplots(figsize=(10, 4.6))
for k, (y_text, name) in enumerate(
    [
        (2.0, "artificial intelligence\nalso search, logic, chess programs"),
        (0.25, "machine learning\nalso least squares, decision trees"),
        (-1.75, "deep learning\nneural networks of many layers"),
    ]
):
    size = {"width": 10 - 2.4 * k, "height": 6 - 1.8 * k}
    ax.add_patch(Ellipse((0, -0.8 * k), **size, facecolor=f"C{k}", alpha=0.25, edgecolor="black"))
    ax.text(0, y_text, name, ha="center", va="center")
ax.set(xlim=(-5.2, 5.2), ylim=(-3.1, 3.1))
ax.set_title("Deep learning is a part of machine learning, which is a part of AI")
ax.axis("off")
plt.show()

# %% [markdown]
# <details>
# <summary>Why now? (at home)</summary>
#
# The first mathematical model of a nerve cell is from 1943, and networks of convolutions (lecture 6) are from the 1980s. Yet deep networks took over only in 2012, when one won the ImageNet contest by a wide margin; AlphaGo, BERT, AlphaFold, diffusion models and large language models followed. Three things had changed: more data, faster processors (GPUs), and software that computes gradients by itself. Driving, reading X-rays (lecture 7), translating: all begin with numbers.
#
# 神经元的第一个数学模型出现在 1943 年，卷积网络出现在 1980 年代，可是直到 2012 年深度网络大幅度赢下 ImageNet 比赛，局面才变；此后有 AlphaGo、BERT、AlphaFold、扩散模型和大语言模型。变的是三样东西：数据多了，GPU 快了，软件会自己算梯度了。自动驾驶、看 X 光片、翻译，都从数开始。
#
# </details>
#
# The data are numbers: an image, too, is a matrix. A program *learns* when experience makes it better at something. To say that precisely takes a **task** T, an
# **experience** E and a **performance measure** P. Before you read the table: what would you measure if the task is
# to draw faces?

# %% [markdown]
# | task T | experience E | performance P |
# | --- | --- | --- |
# | regression: predict the price of a flat | past sales | squared error on new sales |
# | classification: name a handwritten digit | labelled images | accuracy: the share named right |
# | transcription: read a CAPTCHA | images with their text | share of characters that are wrong |
# | translation | sentences in both languages | agreement with human translators |
# | generation: draw faces | photographs | realism *and* diversity |
#
# If P rewarded realism alone, drawing one beautiful face a thousand times would win. Choosing P is half of the work.
#
# Writing a program, we put rules in and get answers out. Learning turns that round: examples with answers go in, a
# program comes out. Behind the examples stands a function $f^\star$ that nobody has ever seen, and some luck:
# $y = f^\star(x) + \text{noise}$, because $x$ never holds everything that matters. We choose a **hypothesis space**
# $\mathcal{H}$, the functions that we are willing to consider, and a **loss** $\ell$, which says what a wrong answer
# costs. We care about the **population risk** and can compute the **empirical risk**:
#
# $$R(f) = \mathbb{E}\,\ell(f(x), y) \qquad\qquad \hat R(f) = \frac{1}{N}\sum_{i=1}^{N} \ell(f(x_i), y_i).$$
#
# The mean $\mathbb{E}$ is over a *new* example $(x, y)$, drawn from the same distribution as our examples and
# independently of them. **Empirical risk minimisation** (ERM) picks the $f \in \mathcal{H}$ with the smallest
# $\hat R$.
#
# Here is ERM for three made-up flats, one parameter $w$ and five candidates $x \mapsto wx$.

# %% tags=["nbval-check-output"]
import numpy as np

toy_area = np.array([60, 90, 120])  # m²
toy_price = np.array([300, 450, 630])  # thousand S$
{w: float(np.mean((toy_price - w * toy_area) ** 2)) for w in (4.0, 4.5, 5.0, 5.5, 6.0)}

# %% [markdown]
# The smallest risk belongs to $w = 5$, and no $w$ makes it zero. Is the model too simple, or is the third price high
# by luck? Three flats cannot tell; 180,000 sales can.
#
# One limit: ERM answers for inputs *like those it has seen*. A change that no eye can notice may make an excellent
# image classifier fail; such inputs are called adversarial examples.

# %% [markdown] tags=["instructor"]
# 11 minutes. Ask the class for P before showing the table. Adversarial examples are left for home. For translation
# somebody will say "the same words as the human": ask what happens to a better translation than the human's. Common
# confusion: *loss* (one example), *empirical risk* (the data in hand), *population risk* (all that could come).
# Turing's "70 per cent" is often told the wrong way round: he expected that in fifty years an average judge would be
# *right* at most 70 % of the time after five minutes.

# %% [markdown]
# ## 2 Look before you fit
#
# <details>
# <summary>中文</summary>
#
# 数据是建屋局公布的转售记录，我们取 2017 年 1 月到 2024 年 6 月，共 **182,978** 笔成交。每一行是一笔真实的交易：镇、房型、楼层区间、面积、剩余租约、成交价。
#
# 有两列是写给人看的，要先变成数：“61 years 04 months” 变成 61.33 年，“10 TO 12” 变成 11 层。数据里还有“61 years”“60 years 01 month” 这样的写法，漏掉一种，后面的结论就会悄悄歪掉。组屋的租约是 99 年。
#
# 建模之前先看三张图：镇、楼层、面积与租约。各镇的平均成交价相差很大（图题里有倍数）。不过各镇卖的房子大小、新旧不同，图上看到的是“一起变化”，不是因果。
#
# 看图时想一个问题：如果只许用一个特征，你选哪个？
#
# </details>
#
# Our experience E is every HDB resale from January 2017 to June 2024. The loader prints where its copy came from;
# without a copy and a network you get a simulated stand-in, and the line says so in capitals.

# %%
from utils.datasets import load_hdb

HDB = ("hdb_resale",)  # the data that our claims rest on
df = load_hdb(start="2017-01", end="2024-06")
df.head(3).T

# %% [markdown]
# Each row is one sale; the last line is what we want to predict. Below is the first *claim* of this course. A claim
# ties the figure in the text to the one that your machine has just measured. If the two part, the cell stops with an
# error.

# %% tags=["nbval-check-output"]
# A stand-in has fewer sales: how many says nothing about Singapore, so it is not asserted there.
claims.check("sales in the window", len(df), "182,978", band=(182_978, 182_978), stand_in=None, data=HDB)

# %% [markdown]
# There are **182,978** sales, and two of their columns are written for people. `remaining_lease` says "61 years 04
# months", but also "61 years" and "60 years 01 month": HDB flats are sold on leases of 99 years. `storey_range` says
# "10 TO 12"; we take its middle. Two small functions turn them into numbers, each tried at once on the awkward cases.


# %% tags=["nbval-check-output"]
def parse_lease(text):
    """Return a remaining lease, "61 years 04 months" or "61 years", in years."""
    words = str(text).split()
    months = int(words[2]) if len(words) > 2 else 0
    return int(words[0]) + months / 12


awkward = ("61 years 04 months", "61 years", "60 years 01 month", "66 years 0 months")
[round(parse_lease(text), 2) for text in awkward]


# %% tags=["nbval-check-output"]
def parse_storey(text):
    """Return the middle of a range of storeys: 11.0 for "10 TO 12"."""
    low, high = text.split(" TO ")
    return (int(low) + int(high)) / 2


[parse_storey(text) for text in ("10 TO 12", "01 TO 03")]

# %% [markdown]
# A parser that is wrong for one spelling in a hundred tilts the results that use it, and nobody notices. Now all of
# them:

# %%
df["lease"] = df["remaining_lease"].map(parse_lease)
df["storey"] = df["storey_range"].map(parse_storey)
df[["floor_area_sqm", "lease", "storey", "resale_price"]].describe().loc[["min", "mean", "max"]].round(1)

# %% [markdown]
# Nothing negative, nothing above 99 years. Now look: which single feature would you take? First, the town.

# %% mystnb={"image": {"alt": "Horizontal bars of the mean resale price in each of 26 towns, sorted. Bukit Timah and Bishan are the dearest, Woodlands, Jurong West and Yishun the cheapest."}}
by_town = df.groupby("town")["resale_price"].mean().sort_values() / 1000
plt.figure(figsize=(10, 8.5))
plt.barh(by_town.index.str.title(), by_town)
plt.grid(axis="y", visible=False)
ratio = by_town.iloc[-1] / by_town.iloc[0]
plotting.show(
    f"The dearest town costs, on average, {ratio:.2f} times the cheapest",
    "mean resale price of the flats that were sold there (thousand S$)",
    "",
)

# %% [markdown]
# The towns differ, but so do the flats that were sold there. And the storey?

# %% mystnb={"image": {"alt": "Line with markers: the mean resale price rises steadily with the storey, from about 450 thousand Singapore dollars near the ground to more than a million from storey 43 on."}}
by_storey = df.groupby("storey")["resale_price"].mean() / 1000
plt.plot(by_storey, marker="o")
plt.ylim(0)
plotting.show(
    "The higher the flat, the higher the price",
    "storey (middle of the published range)",
    "mean resale price (thousand S$)",
)

# %% [markdown]
# Careful: tall blocks also tend to be new and central. Such plots show what goes *together*, not what *causes* what.
# Last, area and lease in one picture.

# %% mystnb={"image": {"alt": "Scatter of resale price against floor area for 2,000 sales, in three groups of remaining lease with their own markers. Price rises with area, and at equal area the longest leases lie on top."}}
import pandas as pd
import seaborn as sns

sample = df.sample(2_000, random_state=SEED)
labels = ["under 65 years", "65 to 85 years", "over 85 years"]
groups = pd.cut(sample["lease"], [0, 65, 85, 99], labels=labels).rename("remaining lease")
price = sample["resale_price"] / 1000
sns.scatterplot(x=sample["floor_area_sqm"], y=price, hue=groups, style=groups, palette=["C0", "C1", "C2"])
plotting.show(
    "Size matters, and at equal size so does the lease", "floor area (m²)", "resale price (thousand S$)"
)

# %% [markdown]
# Price grows with area, but the cloud is tall: at 100 m² you can pay S\$300,000 or a million. Why? That is the
# question of this lecture.

# %% [markdown] tags=["instructor"]
# 7 minutes. Take a show of hands on the single feature. Likely question: "why not the flat type?" It nearly repeats the
# area. Common confusion: a mean per town is read as a property of the town. Ask which towns have many large, new flats.

# %% [markdown]
# ## 3 Least squares by hand
#
# <details>
# <summary>中文</summary>
#
# 先想一想，再往下读：26 个镇各设一列 0 和 1，再加上全 1 的一列，这 27 列的秩是多少？
#
# 线性模型写成 $\hat y = Xw$：$X$ 的每一行是一套房，每一列是一个特征。平方损失下的经验风险是 $\hat R(w)=\frac1N\lVert Xw-y\rVert^2$。它是凸函数，所以梯度为零的地方就是最小值。令梯度为零，得到正规方程 $X^\top Xw=X^\top y$，于是 $w=(X^\top X)^{-1}X^\top y$。几何上，**最小二乘**就是把 $y$ 正交投影到 $X$ 的列空间：残差与每一列都垂直。
#
# 只用面积，直线必须过原点；加一列全 1，就有了截距，线性变成仿射。手写的公式、`lstsq`、scikit-learn 三者给出的权重相差不到 **1 分**钱。
#
# 为什么平时用 `lstsq` 而不用公式？26 个镇的列加上全 1 的一列，秩只有 **26**，因为 26 列相加正好等于那一列全 1，$X^\top X$ 不可逆。`lstsq` 照样能解；或者去掉一个镇，让它成为其他镇的基准。
#
# 闭式解是奢侈品。到了神经网络就再也没有了，只能一步一步地找。
#
# </details>
#
# Put one flat in each row of a matrix $X$ and one feature in each column. A linear model predicts $\hat y = Xw$. With
# squared loss the empirical risk and its gradient are
#
# $$\hat R(w) = \frac{1}{N}\lVert Xw - y\rVert^2, \qquad \nabla \hat R(w) = \frac{2}{N} X^\top (Xw - y).$$
#
# The risk is convex, so where the gradient is zero, the risk is smallest. That gives the **normal equations**
# $X^\top X w = X^\top y$ and, if $X^\top X$ can be inverted, the *closed form* $w = (X^\top X)^{-1} X^\top y$. Read the gradient once
# more: at the solution the residual $y - Xw$ is orthogonal to every column of $X$. Least squares drops a
# perpendicular from $y$ onto what the features can express.

# %%
y = df["resale_price"].to_numpy()
area = df["floor_area_sqm"].to_numpy()
X = area[:, None]
w = np.linalg.inv(X.T @ X) @ X.T @ y
X.shape, y.shape, w

# %% [markdown]
# One weight: so many dollars a square metre. The line must pass through the origin. A column of ones adds an
# intercept, and the model becomes *affine*.

# %%
ones = np.ones(len(df))
X_1 = np.column_stack([ones, area])
w_by_hand = np.linalg.inv(X_1.T @ X_1) @ X_1.T @ y
w_by_hand

# %% [markdown]
# First the intercept, then the price of a square metre. Both lines, over a sample of the sales:

# %% mystnb={"image": {"alt": "The cloud of sales with two fitted lines, a dashed one through the origin and a solid one with an intercept. Both run through the middle of a cloud much taller than the gap between them."}}
ends = np.array([0, 200])
plt.scatter(
    sample["floor_area_sqm"], sample["resale_price"] / 1000, s=8, color="0.7", label="2,000 of the sales"
)
plt.plot(ends, w[0] * ends / 1000, color="C1", linestyle="--", label="linear: through the origin")
plt.plot(ends, (w_by_hand[0] + w_by_hand[1] * ends) / 1000, color="C0", label="affine: with an intercept")
plt.xlim(0, 200)
plt.legend(loc="upper left")
plotting.show(
    "The intercept moves the line; the cloud stays as tall as it was",
    "floor area (m²)",
    "resale price (thousand S$)",
)

# %% [markdown]
# Now the libraries. `lstsq` solves the same problem without forming $X^\top X$.

# %%
from sklearn.linear_model import LinearRegression

w_lstsq = np.linalg.lstsq(X_1, y, rcond=None)[0]
model = LinearRegression().fit(area[:, None], y)
w_sklearn = np.array([model.intercept_, *model.coef_])
np.stack([w_by_hand, w_lstsq, w_sklearn])

# %% [markdown]
# The largest difference, in cents:

# %% tags=["nbval-check-output"]
# Rounding only: seen below 1e-6 of a dollar, on weights of 10,000 to 100,000 dollars.
disagreement = np.ptp(np.stack([w_by_hand, w_lstsq, w_sklearn]), axis=0).max()
claims.check(
    "largest disagreement of three solvers", 100 * disagreement, "less than 1 cent", band=(None, 1), data=HDB
)

# %% [markdown]
# All three agree to **less than 1 cent**. Why then does everybody use `lstsq`? Because the formula needs an inverse
# that may not exist. Give each of the 26 towns a column of zeros and ones, and add the column of ones. What rank do
# these 27 columns have?

# %% tags=["nbval-check-output"]
town = pd.get_dummies(df["town"], dtype=float).to_numpy()
X = np.column_stack([ones, town])
claims.exact("rank of 26 towns and a constant", np.linalg.matrix_rank(X), "26")

# %% [markdown]
# Rank **26**: the towns' columns add up to the column of ones. So infinitely many $w$ fit equally well, and
# $X^\top X$ has no inverse. `lstsq` returns the shortest $w$. Or we drop one town, to which the others are then
# compared. The predictions are the same. Networks have no such formula: there we search.


# %% tags=["nbval-check-output"]
def fit(X, y):
    """Return the least-squares weights of y on the columns of X."""
    return np.linalg.lstsq(X, y, rcond=None)[0]


bool(np.allclose(X @ fit(X, y), X[:, :-1] @ fit(X[:, :-1], y)))

# %% [markdown] tags=["instructor"]
# 10 minutes. Draw the projection on the board before the formula. Likely question: "is `inv` not exact?" Exact enough
# here, with two columns. Ask what happens to it with nearly equal columns. Common confusion: *linear* means linear in
# $w$, not in the area. Section 5 is about that difference.

# %% [markdown]
# ## 4 Would a curve do better?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：加上面积的平方和立方，测试误差会降 10 个百分点、1 个，还是几乎不降？训练误差有没有可能上升？
#
# 先打乱，**90 %** 用来训练，其余用来测试。指标 P 用 NRMSE：均方根误差除以这一部分数据的平均价格，没有单位。
#
# 模型一只用面积：训练误差 **27.8 %**，测试误差 **27.8 %**；讲义上两者都写 **26 %**。我们换了 50 种划分，测试误差的标准差只有 **0.17 个百分点**，所以差别不是划分造成的；讲义用的是哪些成交，我们不知道。但道理一样：两个误差相等，说明模型没有死记训练数据。
#
# 直线是不是太僵硬？加上平方和立方，训练误差只降了 **0.06 个百分点**，测试误差 **27.7 %**。曲率不是这里缺的东西。
#
# 但不要以为曲率永远没用。汽车的刹车距离与速度的平方成正比，用直线去拟合，误差是 **16 %**，而且两头偏低、中间偏高；加一列速度的平方，误差就是零。怎样分辨这两种情况？看残差：残差弯曲，就缺曲率；房价的残差没有三次曲线跟得上的弯，缺的是别的。模型太简单，不论缺的是曲率还是信息，都叫**欠拟合**。
#
# </details>
#
# How good is a model on sales it has not seen? Shuffle (the file is ordered by month), fit nine tenths, measure on
# the rest.


# %%
def split(n, rng):
    """Return the row numbers of a random nine tenths of n sales, for training, and those of the rest."""
    return np.split(rng.permutation(n), [int(0.9 * n)])


rng = np.random.default_rng(SEED)
train, test = split(len(df), rng)
len(train), len(test)

# %% [markdown]
# Our P is the root of the mean squared error, divided by the mean price of the part that is measured: the
# **normalised RMSE**. It has no unit: 0.2 means an RMSE of a fifth of the mean price.


# %% tags=["nbval-check-output"]
def nrmse(y, y_hat):
    """Return the RMSE of y_hat divided by the mean of y: a fraction, 0 for a perfect fit."""
    return np.sqrt(np.mean((y - y_hat) ** 2)) / np.mean(y)


float(nrmse(np.array([300.0, 500.0]), np.array([340.0, 460.0])))

# %% [markdown]
# By hand: 40 / 400 is a tenth. Now one function for all models to come. It fits the training rows alone; the test
# rows only judge.


# %%
def errors(X, y, train, test):
    """Fit the training rows of X; return the NRMSE on the training rows and on the test rows, in %."""
    w = fit(X[train], y[train])
    return np.array([100 * nrmse(y[rows], X[rows] @ w) for rows in (train, test)])


model_1 = errors(X_1, y, train, test)
model_1.round(2)

# %% [markdown]
# Is this the luck of one split? Fifty more, and the spread of their test errors:

# %%
spread = np.std([errors(X_1, y, *split(len(df), rng))[1] for _ in range(50)])
spread.round(2)

# %% tags=["nbval-check-output"]
claims.exact("share of the sales that we fit", 100 * len(train) / len(df), "90 %")
claims.check(
    "model 1 (area), training error",
    model_1[0],
    "27.8 %",
    band=(27.7, 27.95),
    stand_in=(26.9, 27.8),
    data=HDB,
)
claims.check(
    "model 1 (area), test error",
    model_1[1],
    "27.8 % (slide: 26 %)",
    band=(27.0, 28.5),
    stand_in=(23.5, 31.6),
    data=HDB,
)
claims.check(
    "model 1, test error, spread over splits",
    spread,
    "0.17 points",
    band=(0.08, 0.26),
    stand_in=(0.3, 1.3),
    data=HDB,
)

# %% [markdown]
# We fit **90 %** of the sales and find **27.8 %** on the training part and **27.8 %** on the test part. The slide for
# this lecture says **26 %** on both. Splits differ by **0.17 points** only, so it is not the split; on which sales the
# slide's figure rests we do not know. Its lesson stands: the two errors are *equal*. The model is wrong about the very
# flats it was fitted to.
#
# Perhaps a straight line is too stiff? **Vote:** we add the square and the cube of the area. Does the test error fall
# by ten points, by one, or hardly at all? And can the *training* error rise?

# %%
cubic = np.column_stack([ones, area, area**2, area**3])
model_2 = errors(cubic, y, train, test)
model_2.round(2)

# %% mystnb={"image": {"alt": "The cloud of sales with the straight fit and the cubic fit. From 60 square metres on, where almost all sales lie, the two curves nearly coincide."}}
grid = np.linspace(35, 180, 100)
w_line, w_cubic = fit(X_1[train], y[train]), fit(cubic[train], y[train])
plt.scatter(
    sample["floor_area_sqm"], sample["resale_price"] / 1000, s=8, color="0.7", label="2,000 of the sales"
)
plt.plot(grid, np.polyval(w_line[::-1], grid) / 1000, color="C0", label="model 1: straight")
plt.plot(grid, np.polyval(w_cubic[::-1], grid) / 1000, color="C1", linestyle="--", label="model 2: cubic")
plt.legend(loc="upper left")
plotting.show(
    "Two more weights, and nearly the same curve",
    "floor area (m²)",
    "resale price (thousand S$)",
)

# %% tags=["nbval-check-output"]
claims.check(
    "what the cubic gains in training",
    model_1[0] - model_2[0],
    "0.06 points",
    band=(0.05, 0.075),
    stand_in=(-0.001, 0.017),
    data=HDB,
)
claims.check(
    "model 2 (cubic in area), test error",
    model_2[1],
    "27.7 %",
    band=(27.0, 28.4),
    stand_in=(23.5, 31.6),
    data=HDB,
)

# %% [markdown]
# Two more parameters gain **0.06 points** in training, and the test error is **27.7 %**. (The training error cannot
# rise: every line is also a cubic whose last weights are zero.)
#
# So does curvature never help? It does, where it is what is missing. A car that brakes from $v$ km/h needs about
# $(v/10)^2$ metres. Fit a line to that:

# %% tags=["nbval-check-output"]
v = np.array([20.0, 40, 60, 80, 100, 120])
distance = (v / 10) ** 2
affine = np.column_stack([np.ones(6), v])
square = np.column_stack([affine, v**2])
line_misses = distance - affine @ fit(affine, distance)
claims.exact("braking distances, straight line", 100 * nrmse(distance, distance - line_misses), "16 %")
line_misses.round(1)

# %% [markdown]
# The line is off by **16 %**, and its misses, the *residuals*, have a pattern: plus at both ends, minus between. Drawn, beside a fit
# that has the square as well:

# %% mystnb={"image": {"alt": "Six braking distances that rise as the square of the speed. A dashed straight line lies below them at both ends and above them in the middle; the quadratic passes through all six."}}
speeds = np.linspace(10, 125, 100)
plt.plot(v, distance, "ko", label="braking distance")
plt.plot(speeds, np.polyval(fit(affine, distance)[::-1], speeds), color="C1", linestyle="--", label="line")
plt.plot(speeds, np.polyval(fit(square, distance)[::-1], speeds), color="C0", label="line and square")
plt.legend(loc="upper left")
plotting.show("Here curvature is what was missing", "speed (km/h)", "distance (m)")

# %% [markdown]
# With one more column the error is zero. Misses that bend say that curvature is missing; the flats' misses have no bend
# that a cubic could follow. A model that is too simple is **underfitting**, for lack of curvature or for lack of
# information.

# %% [markdown] tags=["instructor"]
# 11 minutes. Let the class bet on the cubic before you run it. Of the braking cars show the signs of the misses; their
# figure is left for home. Likely question: "why not divide by the standard deviation?" One may; then zero knowledge
# scores 100 %. Common confusion: two equal errors are taken for two good ones. Answering the mean price for every flat
# gives two equal errors as well, of 35 % (section 8's last figure shows the test error).

# %% [markdown]
# ## 5 How flexible should a model be?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：只拿 15 笔成交，面积各不相同，一条直线和一条 14 次多项式，谁对其他房子估得更准？
#
# “线性”指的是对参数 $w$ 线性，不是对输入线性。先用固定的**基函数** $\varphi_j$ 把 $x$ 变成一串特征，$f(x)=\sum_j w_j\varphi_j(x)$ 照样有闭式解。魏尔斯特拉斯定理说：在有界闭区间上，多项式能任意逼近任何连续函数。
#
# 那么次数是不是越高越好？14 次多项式有 15 个权重，正好穿过每一个点：这 15 笔的典型（中位数）误差低于 **1e-6**。可是对测试集里的房子，典型的误差是平均房价的 **2.3 倍**。用同样 15 笔成交拟合的直线，典型误差是 **16 %**。训练误差近乎为零，测试误差大得离谱，这叫**过拟合**。
#
# 药方之一是更多数据：同样的 14 次多项式，用随机抽的 1,500 笔成交来拟合（前面的 15 笔是各种面积机会均等地抽的），典型误差就回到 **16 %**，和直线一样。但治好的只是典型误差：**92 %** 的样本，均方根误差比平均房价还大。只看面积在样本范围之内的房子，是 **27.6 %**，和直线一样；范围之外虽然只有几套，14 次多项式一出去就飞上了天。
#
# 样本数 $n\to\infty$ 时，经验风险趋于总体风险，**泛化差距**消失。以后还会学到别的药方：合适的网络结构、正则化、损失函数、数据增强。
#
# 差距消失以后，剩下的误差为什么还这么大？这是下一节的问题。
#
# </details>
#
# *Linear* means linear in $w$. Nothing forbids us to bend the input first, with fixed **basis functions**
# $\varphi_j$:
#
# $$f(x) = \sum_{j} w_j\, \varphi_j(x).$$
#
# The columns of $X$ become $\varphi_j(x_i)$, and the closed form is still there. Weierstrass proved that on a closed,
# bounded interval polynomials come as close as we like to any continuous function. So is a higher degree always
# better? We use Legendre polynomials of the scaled area: the same functions as $1, x, x^2, \dots$, with far less
# rounding.

# %%
from numpy.polynomial import legendre

phi = legendre.legvander((area - 140) / 110, 14)  # 30 to 250 m² become -1 to 1
phi.shape

# %% [markdown]
# **Vote:** take 15 sales of 15 different floor areas. Which does better on all other flats, a straight line through
# them or a polynomial of degree 14? We draw many such samples from the training part, every floor area with the same
# chance.


# %%
def draw_sales(rng, pools, n=15):
    """Return one random row from each of n random pools."""
    return np.array([rng.choice(pools[k]) for k in rng.choice(len(pools), n, replace=False)])


pools = [rows.to_numpy() for _, rows in pd.Series(train).groupby(area[train])]  # rows of equal floor area
draws = [draw_sales(rng, pools) for _ in range(3_000)]
len(pools), draws[0]

# %% [markdown]
# We look at the *typical* (median) miss, on the 15 sales and on 4,000 test sales: a wild polynomial
# misses a few flats by millions, and a mean would show nothing else.


# %%
def misses(phi, y, rows, judge):
    """Fit the rows of phi; return the median miss on them and on other rows, each in its rows' mean prices."""
    w = fit(phi[rows], y[rows])
    return [np.median(np.abs(y[some] - phi[some] @ w)) / y[some].mean() for some in (rows, judge)]


judge = test[:4_000]
curves = np.array([[misses(phi[:, : k + 1], y, rows, judge) for k in range(15)] for rows in draws[:60]])
curves.shape

# %% [markdown]
# One of those samples. The black dots are all that the two fits have seen.

# %% mystnb={"image": {"alt": "Fifteen black dots, a straight line that passes between them, and a polynomial of degree 14 that goes through every dot and swings far outside the picture between and beyond them."}}
in_m2 = np.linspace(30, 250, 1_000)
for k, style in ((1, "-"), (14, "--")):
    w = fit(phi[draws[0], : k + 1], y[draws[0]])
    plt.plot(in_m2, legendre.legval((in_m2 - 140) / 110, w) / 1000, linestyle=style, label=f"degree {k}")
plt.plot(area[draws[0]], y[draws[0]] / 1000, "ko", label="the 15 sales")
plt.ylim(-500, 2_000)
plt.legend(loc="upper left", ncols=3, bbox_to_anchor=(0, -0.14), borderaxespad=0)
plotting.show("Degree 14 hits every dot and misses the rest", "floor area (m²)", "resale price (thousand S$)")

# %% [markdown]
# Now sixty samples, degree by degree.

# %% mystnb={"image": {"alt": "Typical miss against polynomial degree on a logarithmic axis. On the 15 sales it falls, slowly up to degree 9, then fast, and drops to rounding at degree 14. The typical miss on the test sales is lowest around degree 1 or 2 and then rises above the mean price."}}
median_fit, median_miss = np.median(curves, axis=0).T
plt.semilogy(median_fit, marker="o", label="on the 15 sales that were fitted")
plt.semilogy(median_miss, marker="s", label="on the test sales")
plt.ylim(0.001, 10)
plt.text(0, 0.0014, "at degree 14 on the 15 sales: zero, apart from rounding", fontsize=13)
plt.legend(loc="upper left")
plotting.show(
    "A perfect fit to 15 sales is worthless for the rest",
    "degree of the polynomial",
    "typical miss, in mean prices (log scale)",
)

# %% [markdown]
# One cure is more data. The same two models, fitted to more sales, now drawn at random; typical miss in per cent of the
# mean price.

# %%
more = {}
for n in (15, 60, 500, 1_500):
    rows = [rng.choice(train, n, replace=False) for _ in range(100)]
    more[n] = [100 * np.median([misses(phi[:, :k], y, r, judge)[1] for r in rows]) for k in (2, 15)]
pd.DataFrame(more, index=["straight line", "degree 14"]).round(1)

# %% [markdown]
# The median forgives a few wild misses, the RMSE does not. Here it is for degree 14 and 1,500 sales, on the whole test
# part, and then on the flats whose areas lie within the sample's.


# %%
def within(rows, judge):
    """Return the rows of `judge` whose areas lie between the smallest and the largest area of `rows`."""
    return judge[(area[rows].min() <= area[judge]) & (area[judge] <= area[rows].max())]


everywhere = np.array([errors(phi, y, r, test)[1] for r in rows])
inside = np.array([errors(phi, y, r, within(r, test))[1] for r in rows])
[f"{rmse:,.1f} %" for rmse in np.median([everywhere, inside], axis=1)]

# %% tags=["nbval-check-output"]
fit_14, miss_14 = np.median([misses(phi, y, rows, judge) for rows in draws], axis=0)
miss_1 = np.median([misses(phi[:, :2], y, rows, judge)[1] for rows in draws])
claims.check("degree 14, typical miss in training", fit_14, "below 1e-6", band=(None, 1e-6), data=HDB)
claims.check(
    "degree 14, typical miss",
    miss_14,
    "2.3 times the mean price",
    band=(1.7, 2.95),
    stand_in=(1.7, 2.6),
    data=HDB,
)
claims.check(
    "straight line on 15 sales, typical miss",
    100 * miss_1,
    "16 %",
    band=(14.9, 17.3),
    stand_in=(15.5, 17.4),
    data=HDB,
)
claims.check(
    "degree 14 on 1,500 sales, typical miss",
    more[1_500][1],
    "16 %",
    band=(14.8, 16.95),
    stand_in=(15.0, 17.7),
    data=HDB,
)

# %% tags=["nbval-check-output"]
claims.check(
    "degree 14 on 1,500 sales, samples with an RMSE above the mean price",
    100 * np.mean(everywhere > 100),
    "92 %",
    # Mostly all samples, but in one split of ten a half: its test flats hold few areas that a sample lacks. A cure
    # would bring the share near 0.
    band=(25, 100),
    stand_in=None,  # few flats there are larger than all others
    data=HDB,
)
claims.check(
    "degree 14 on 1,500 sales, RMSE within their areas",
    np.median(inside),
    "27.6 %",
    band=(26.4, 28.8),
    stand_in=(23.5, 32),
    data=HDB,
)

# %% [markdown]
# Fifteen weights pass through fifteen points: the training error is **below 1e-6**, which is rounding. On the test
# sales the typical miss is about **2.3 times** the mean price, where the straight line through the same 15 sales
# misses by **16 %** of it. This is **overfitting**: one error is zero, the other absurd. Weierstrass promised that a
# good polynomial *exists*, not that 15 points would find it.
#
# With 1,500 sales degree 14 typically misses by no more than the line, **16 %**. But more data has cured the *typical*
# miss only. For **92 %** of the samples the RMSE is larger than the mean price itself. Within the areas of the sample it
# is **27.6 %**, like the line's; a few of 18,298 flats lie outside, and there degree 14 explodes.
#
# For a fixed $\mathcal{H}$, as $n \to \infty$, the empirical risk of what we fit approaches its population risk: the
# **generalisation gap** closes. Later lectures narrow it without more data, by architecture, regularisation, other
# losses, augmentation.
#
# But with 165,000 sales the line is still off by 28 % in RMSE. What remains?

# %% [markdown] tags=["instructor"]
# 11 minutes. Of more data show the table alone; the RMSE within and outside the areas is left for home. Draw 15 dots on
# the board and let a student draw the curve of degree 14. Likely question: "how can the same degree be so good with
# 1,500 sales?" Fifteen weights, a hundred sales for each. Common confusion: a good median is taken for a good model.
# Ask what a bank would say that lends on the flats it misses by millions.

# %% [markdown]
# ## 6 How low can an error go?
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：两套在所有公布的列上都相同的房子，成交价大约相差 1 %、4 %、10 % 还是 25 %？
#
# 两个误差相等，只说明没有过拟合。剩下的 28 % 是模型太简单，还是房价本身就有这么大的偶然性？
#
# 平方损失下，对每个 $x$ 最好的回答是条件均值 $f^\star(x)=\mathbb E[y\mid x]$，而任何 $f$ 的风险都能拆成两项：$R(f)=\mathbb E(f(x)-f^\star(x))^2+\mathbb E\,\mathrm{Var}(y\mid x)$。第一项，更好的模型可以省掉；第二项是**不可约噪声**，只要 $x$ 不变，多大的网络也省不掉。
#
# 不知道 $f^\star$，怎么量第二项？找“双胞胎”：$x$ 完全相同的两笔成交。它们的价格之差里没有 $f^\star$，而且 $\mathbb E[(y-y')^2\mid x]=2\,\mathrm{Var}(y\mid x)$（只要两笔成交相互独立）。全部成交里有 **2.3 %** 找得到双胞胎。价格的标准差约为平均房价的 **3.9 %**，将近两万新元。
#
# 有些行与另一行一字不差，连价格都一样。是同一笔录了两次，还是两位邻居真的付了同样的价钱？文件没有说。不算它们是 3.9 %，算上是 **3.7 %**，真相在两者之间。
#
# 这个数说明什么？对看得到这十列的模型，它是地板，28 % 远在其上。模型一只看面积，它自己的地板要高得多：面积相同的房子，价格相差 **26.1 %**，再弯的曲线也低不过它。所以模型一是欠拟合，缺的不是曲率，是别的列。
#
# 它不说明什么？装修、景观、确切的楼层不在这十列里，有了它们地板会更低；它只量了有双胞胎的房子，而且邻居若互相参照定价，量出来的就偏小；它也不保证有哪个模型到得了地板。
#
# </details>
#
# Equal errors say only that the model does not overfit. Whether 28 % is *too high* they cannot say. For squared loss the best answer to $x$ is the mean price of all flats that
# look like it, $f^\star(x) = \mathbb{E}[y \mid x]$, and every other $f$ pays more:
#
# $$R(f) = \mathbb{E}\,\bigl(f(x) - f^\star(x)\bigr)^2 + \mathbb{E}\,\mathrm{Var}(y \mid x).$$
#
# A better model can save the first term. The second is the **irreducible noise**: with the same $x$, not even the
# largest network goes below it. How do we measure it without knowing $f^\star$? With **twins**, two sales with the same
# $x$ in every column. In their difference $f^\star$ cancels, and if the two are independent,
# $\mathbb{E}[(y - y')^2 \mid x] = 2\,\mathrm{Var}(y \mid x)$.
#
# **Vote:** twins share month, block, street, storey range, area, model and lease. By how much do their prices spread:
# about 1 %, 4 %, 10 % or 25 % of the mean price?

# %%
published = df.columns.drop(["resale_price", "lease", "storey"]).tolist()
once = df.drop_duplicates()
len(df) - len(once), published

# %% [markdown]
# So many rows repeat another in *every* column, price included: one sale entered twice, or two neighbours who paid the
# same round price? The file does not say. We leave them out, then put them back.
#
# A flat lies too close to the mean of its $k$ twins, because it is part of that mean. A factor puts that right.


# %%
def twin_misses(prices, flat):
    """Return how far each price lies from its twins' mean, times sqrt(k / (k - 1)) for k twins; NaN for one alone."""
    groups = prices.groupby(flat)
    k = groups.transform("size")
    return (prices - groups.transform("mean")) * np.sqrt(k / (k - 1))


def spread_of_twins(sales, columns):
    """Return the root of the mean squared miss of the sales that are alike in these columns, in S$."""
    return np.sqrt((twin_misses(sales["resale_price"], sales.groupby(columns).ngroup()) ** 2).mean())


floor = 100 * spread_of_twins(once, published) / y.mean()
floor_with_repeats = 100 * spread_of_twins(df, published) / y.mean()
floor_of_area = 100 * spread_of_twins(df, ["floor_area_sqm"]) / y.mean()
np.round([floor, floor_with_repeats, floor_of_area], 2)

# %% mystnb={"image": {"alt": "Two histograms of misses on one axis from minus 400 to 400 thousand Singapore dollars. That of twins around their mean is a narrow peak; that of model 1 is several times wider and lower."}}
bins = np.arange(-400, 401, 10)
twin_miss = twin_misses(once["resale_price"], once.groupby(published).ngroup()).dropna()
model_miss = y[test] - X_1[test] @ w_line
for miss, look in (
    (twin_miss, {"color": "C0", "alpha": 0.7, "label": "twins, from their mean"}),
    (model_miss, {"color": "C1", "histtype": "step", "linewidth": 2.5, "label": "sales, from model 1"}),
):
    plt.hist(miss / 1000, bins, weights=100 * np.ones(len(miss)) / len(miss), **look)
plt.legend()
plotting.show(
    "Twins differ little; model 1 misses by far more", "miss (thousand S$)", "share of the sales (%)"
)

# %% tags=["nbval-check-output"]
# A stand-in has no twins. Nothing here is random: the bands leave room for the publisher's corrections only.
claims.check(
    "sales that have a twin",
    100 * len(twin_miss) / len(df),
    "2.3 %",
    band=(2.2, 2.5),
    stand_in=None,  # no twins there
    data=HDB,
)
claims.check(
    "spread of twins in mean prices",
    floor,
    "3.9 %",
    band=(3.8, 4.0),
    stand_in=None,  # no twins there
    data=HDB,
)
claims.check(
    "spread of twins, repeated rows included",
    floor_with_repeats,
    "3.7 %",
    band=(3.6, 3.75),
    stand_in=None,  # no twins there
    data=HDB,
)

# %% tags=["nbval-check-output"]
claims.check(
    "spread of flats of equal area",
    floor_of_area,
    "26.1 %",
    band=(25.9, 26.2),
    stand_in=(27.2, 27.5),
    data=HDB,
)

# %% [markdown]
# Of all sales, **2.3 %** have a twin. Twins spread by **3.9 %** of the mean price; with the repeated rows it is
# **3.7 %**, and the truth lies between. Model 1 is off by 28 %, and errors add in squares: for a model that sees all
# ten columns, noise would be $(3.9/27.8)^2$, 2 % of that squared error. If other flats are like twins, nearly all the
# rest is not noise. But the area alone cannot give it: flats of equal area spread by **26.1 %**, and no curve in the
# area goes below that. Model 1 is **underfitting**, and what it lacks is columns. With care:
#
# - It is a floor for models that see all ten columns.
# - With renovation, view and exact storey in the file it would be lower.
# - It comes from flats that have twins; for others luck may differ. Neighbours who copy a price make it too small.
# - No model need get there.

# %% [markdown] tags=["instructor"]
# 11 minutes. Vote before the cell. The four cautions are left for home, but for the first. Likely question: "is a twin
# not simply the same flat sold again?" Not within a month: owners must wait for years. Common confusion: noise is taken
# for a property of the world. It is a property of the columns: ask what happens to it if we drop the block (it grows)
# or add photographs (it shrinks). Statisticians call this spread *pure error*.

# %% [markdown]
# ## 7 The features that were missing
#
# <details>
# <summary>中文</summary>
#
# 先投票，再往下读：把 26 个镇按字母编成 0 到 25，效果接近独热编码，还是接近不用镇？
#
# 缺的是信息。第 2 节的三张图已经指出了嫌疑：租约、楼层、镇。把它们都交给同样的最小二乘：训练误差 **18.6 %**，测试误差 **18.5 %**，讲义上说 **18 %**。算法没换，换的是信息。
#
# 两个误差仍然相等，没有过拟合。这四列都相同的房子，价格相差 **10.0 %**，这是模型三自己的地板：它还是欠拟合，只是轻了些，而且还缺别的列。
#
# 镇该怎么变成数？特征有三种。数量（面积、租约、楼层）有单位，差值有意义。**有序**变量只有先后，比如只知道“低层、中层、高层”。**名义**变量只是名字，没有先后：镇就是。
#
# 不用镇，测试误差 **24.2 %**；编成数，**23.9 %**，几乎白费。编号等于告诉模型“义顺比宏茂桥大 25”，这个顺序是我们编的，市场并不知道。
#
# 线性模型的权重可以读出来：其余特征相同时，多 1 平方米约 **S\$ 4,850**；多 1 年租约、高 1 层，见表。但这只是“一起变化”，并不是说给一套房子垫高一层，它就会贵这么多。
#
# </details>
#
# Information is missing, and the plots of section 2 named the suspects: lease, storey, town. A town becomes 26
# columns of zeros and ones, a **one-hot** code; we drop one, as in section 3.

# %%
lease, storey = df["lease"].to_numpy(), df["storey"].to_numpy()
X_3 = np.column_stack([ones, area, lease, storey, town[:, 1:]])
model_3 = errors(X_3, y, train, test)
alike = ["floor_area_sqm", "lease", "storey", "town"]  # what model 3 sees
floor_of_3 = 100 * spread_of_twins(df, alike) / y.mean()
X_3.shape, model_3.round(2), floor_of_3.round(2)

# %% tags=["nbval-check-output"]
claims.check(
    "model 3 (+ lease, storey, town), training error",
    model_3[0],
    "18.6 %",
    band=(18.5, 18.65),
    stand_in=(18.45, 18.97),
    data=HDB,
)
claims.check(
    "model 3 (+ lease, storey, town), test error",
    model_3[1],
    "18.5 % (slide: 18 %)",
    band=(18.05, 19.0),
    stand_in=(16.5, 21.1),
    data=HDB,
)
claims.check(
    "spread of flats alike in area, lease, storey and town",
    floor_of_3,
    "10.0 %",
    # Nothing random: room for the publisher's corrections.
    band=(9.8, 10.3),
    stand_in=None,  # hardly any flats alike there
    data=HDB,
)

# %% [markdown]
# The algorithm is the same; what it knows is new. We find **18.6 %** in training and **18.5 %** on the test, where the
# slide says **18 %**. A third of the error is gone. The two errors are still equal: no overfitting. Flats alike in
# these four columns spread by **10.0 %**: model 3's own floor. So it is still underfitting, only less, and columns are
# missing, too.
#
# Did the towns need 25 columns? **Vote:** number the towns 0 to 25 by the alphabet. Is that nearly as good as one-hot,
# or nearly as bad as no town?

# %%
town_code = df["town"].astype("category").cat.codes.to_numpy(dtype=float)
quantities = np.column_stack([ones, area, lease, storey])
town_left_out = errors(quantities, y, train, test)[1]
town_as_code = errors(np.column_stack([quantities, town_code]), y, train, test)[1]
np.round([town_left_out, town_as_code, model_3[1]], 2)

# %% mystnb={"image": {"alt": "Three horizontal bars of test error: town left out, town as a number, and town one-hot. The first two are nearly equal; one-hot is much lower."}}
encodings = ["one-hot", "as a number 0 to 25", "left out"]
test_errors = [model_3[1], town_as_code, town_left_out]
bars = plt.barh(encodings, test_errors, color=["C0", "C1", "C2"], height=0.6)
plt.bar_label(bars, fmt="%.1f %%", padding=6)
plt.xlim(0, 30)
plt.grid(axis="y", visible=False)
plotting.show("A made-up order wastes the town almost completely", "test NRMSE in this run (%)", "")

# %% tags=["nbval-check-output"]
claims.check(
    "town left out, test error", town_left_out, "24.2 %", band=(23.4, 25.0), stand_in=(20.7, 27.0), data=HDB
)
claims.check(
    "town as a code 0 to 25, test error",
    town_as_code,
    "23.9 %",
    band=(23.0, 24.7),
    stand_in=(20.7, 26.4),
    data=HDB,
)

# %% [markdown]
# Without the town **24.2 %**, with the town as a number **23.9 %**. Area, lease and storey are **quantities**: a
# difference has a unit. A storey given only as low, middle, high would be **ordinal**: an order without distances. A
# town is **nominal**: a name, with no order at all. The number says that Yishun is "25 more" than Ang Mo Kio: an order
# that is ours and not the market's. Since the model is linear we can also read what it learned.

# %%
w_3 = fit(X_3[train], y[train])
pd.Series(w_3[1:4], index=["one more square metre", "one more year of lease", "one storey higher"]).round(0)

# %% tags=["nbval-check-output"]
claims.check(
    "one more square metre", w_3[1], "S$ 4,850", band=(4_825, 4_865), stand_in=(4_770, 4_920), data=HDB
)

# %% [markdown]
# All else equal, a square metre goes with **S\$ 4,850**. That is what goes together in this model, not what a flat
# would gain from one more storey below it.

# %% [markdown] tags=["instructor"]
# 7 minutes. The weights are left for home. Likely question: "why not the flat's model or the street?" Good idea: try it
# in the break. Common confusion: a *lower* error does not end underfitting. Ask for the two errors and the floor, not
# for one number. Is the storey range ordinal or a quantity? As published it is ordinal; taking the middle adds the
# claim that every storey counts the same.

# %% [markdown]
# ## 8 Look at the residuals, not at one number
#
# <details>
# <summary>中文</summary>
#
# 先想一想，再往下读：把模型三的残差按成交月份平均，如果剩下的只是噪声，图会是什么样子？
#
# 一个标量只说还差多少，不说差在哪里；残差图会说。前 **54 个月**的平均残差都是负的，即平均高估；从 2021 年年中起都是正的，即平均低估；90 个月里，例外的有 **0 个月**。说的是平均，不是每一套房：年中以前的成交里，被高估的占 **81.7 %**。房价在涨，而模型里没有时间。
#
# 加一列月份编号，测试误差降到 **13.8 %**；每个月一列（哑变量），降到 **12.9 %**。一张图带来的，比所有曲率都多。
#
# 离地板还有多远？误差按平方相加：在 12.9 % 的平方里，假如其他房子的噪声和双胞胎一样大，噪声只占 **9 %** 左右。可是模型看得到的五列都相同的房子，价格只相差 **4.6 %**。所以其余的误差大半不在没用到的列里，而在弯曲和各列的组合里：把列一个个加起来，是表达不了的。
#
# 注意：随机划分问的是“在已知的年份里补空缺”。要预测明年，是另一个问题，见 ★ 第 9 节。
#
# </details>
#
# One number says how much is missing, not *what*. The residuals do: average them over each month of sale.
# **Before you look:** if only noise were left, what would the picture be?

# %%
residual = y - X_3 @ w_3
months = np.sort(df["month"].unique())
by_month = pd.Series(residual).groupby(df["month"]).mean() / 1000
by_month.iloc[[0, 45, -1]].round(1)

# %% mystnb={"image": {"alt": "Bars of the mean residual of model 3 for each month from 2017 to 2024. They lie near minus 60 thousand Singapore dollars until the middle of 2020, cross zero in the middle of 2021, and then climb steadily to more than 100 thousand."}}
above = by_month > 0
plt.bar(
    np.flatnonzero(~above),
    by_month[~above],
    color="C1",
    hatch="//",
    edgecolor="white",
    label="on average, model 3 asks too much",
)
plt.bar(np.flatnonzero(above), by_month[above], color="C0", label="on average, model 3 asks too little")
plt.xticks(np.arange(0, len(months), 12), [month[:4] for month in months[::12]])
plt.legend()
plotting.show(
    "What is still missing has a date", "month of sale (ticks at January)", "mean residual (thousand S$)"
)

# %% tags=["nbval-check-output"]
turn = np.flatnonzero(above)[0]  # the first month whose mean residual is positive; July 2021 is number 54
early = (df["month"] < months[turn]).to_numpy()
claims.check("months before the mean residual turns positive", turn, "54 months", band=(53, 56), data=HDB)
claims.check(
    "months after that with a negative mean",
    np.sum(~above[turn:]),
    "0 months",
    band=(0, 0),
    stand_in=(0, 3),
    data=HDB,
)
claims.check(
    "early flats for which model 3 asks too much",
    100 * np.mean(residual[early] < 0),
    "81.7 %",
    band=(81.5, 81.9),
    stand_in=(81.8, 84.4),
    data=HDB,
)

# %% [markdown]
# Noise would scatter around zero. But in each of the first **54 months**, until the middle of 2021, the model asks too
# much on average, and after that too little. Of all 90 months **0 months** break this rule. Of those early flats it
# asks too much for **81.7 %**, not for all. Prices rose, and no column of $X$ knows the date. Two ways to tell it: a
# number that counts months, or a column for every month but one.

# %%
month_index = np.searchsorted(months, df["month"]).astype(float)
X_time = np.column_stack([X_3, month_index])
month_columns = pd.get_dummies(df["month"], dtype=float).to_numpy()[:, 1:]
model_time = errors(X_time, y, train, test)
model_months = errors(np.column_stack([X_3, month_columns]), y, train, test)
np.stack([model_time, model_months]).round(2)

# %% [markdown]
# A line through time cannot bend; 89 columns can. All our models, and the floor:

# %% mystnb={"image": {"alt": "Horizontal bars of test error, from top to bottom: no feature, area, area with square and cube, then area, lease, storey and town, then these with a month index, then these with a column for every month instead, and last, hatched, the floor from twins alike in all ten columns. Area with and without powers are equal; each other model is lower than the one before; the floor is far below all."}}
steps = {
    "nothing: the mean price": errors(ones[:, None], y, train, test)[1],
    "area": model_1[1],
    "area, square, cube": model_2[1],
    "area, lease, storey, town": model_3[1],
    "these and month as a number": model_time[1],
    "these and a column for every month": model_months[1],
    "floor for all ten columns (twins)": floor,
}
colors = ["C0"] * 6 + ["0.7"]
bars = plt.barh(list(steps), list(steps.values()), color=colors, hatch=[""] * 6 + ["//"], edgecolor="white")
plt.bar_label(bars, fmt="%.1f %%", padding=6)
plt.gca().invert_yaxis()
plt.xlim(0, 40)
plt.grid(axis="y", visible=False)
plotting.show(
    "Information lowers the error; the floor is still far below",
    "error in this run (% of the mean price)",
    "",
)

# %% tags=["nbval-check-output"]
claims.check(
    "with a month index, test error",
    model_time[1],
    "13.8 %",
    band=(13.35, 14.15),
    stand_in=(12.3, 16.0),
    data=HDB,
)
claims.check(
    "with a column for every month, test error",
    model_months[1],
    "12.9 %",
    band=(12.5, 13.2),
    stand_in=(11.6, 14.7),
    data=HDB,
)

# %% tags=["nbval-check-output"]
noise_share = 100 * floor**2 / model_months[1] ** 2
floor_of_months = 100 * spread_of_twins(df, [*alike, "month"]) / y.mean()
# Nothing random in the second: room for the publisher's corrections.
claims.check(
    "noise in the squared error with month columns",
    noise_share,
    "9 %",
    band=(8.5, 9.9),
    stand_in=None,  # no twins there
    data=HDB,
)
claims.check(
    "spread of flats alike in these and the month",
    floor_of_months,
    "4.6 %",
    band=(4.4, 4.7),
    stand_in=None,  # no flats alike there
    data=HDB,
)

# %% [markdown]
# One more column brings the error to **13.8 %**, a column for every month to **12.9 %**. If other flats are as noisy as
# twins, noise is now about **9 %** of the squared error. But flats alike in the five columns that the model sees spread
# by only **4.6 %**. So most of the rest is not in unused columns: it is in bends and combinations, which adding columns
# side by side cannot express.
#
# The random split asked how well we fill gaps *inside* the years we know. Next year's prices are another question: ★
# section 9. And here *we* found the features, by looking. Lecture 2 asks whether a fixed list of basis functions can
# do the finding for us.

# %% [markdown] tags=["instructor"]
# 8 minutes. Let the class draw what pure noise would give, month by month, before you show the bars. Likely question:
# "can the month columns predict 2025?" No: a month that was never seen has no weight. Common confusion: "the residuals
# average to zero, so the model is right". Over all sales they do, by construction; over each month they need not.

# %% [markdown]
# ## ★ 9 What a random split hides
#
# <details>
# <summary>中文</summary>
#
# 真正想知道的往往是将来的房价。用 2022 年底以前的成交来拟合，预测 2023 到 2024 年：模型三的误差是 **25.0 %**，均方误差等于偏差的平方加方差，其中 **75 %** 是偏差的平方，也就是整体低估。加上月份编号，误差是 **14.4 %**。
#
# 随机划分给出的数都更好看，因为它让模型见过同一个月的其他成交。$\mathbb E$ 要求新样本与旧样本同分布，而明年的房价不是。怎样划分数据，要看将来被问什么问题。
#
# </details>
#
# Our $\mathbb{E}$ was over new sales from the *same* distribution, and a random split provides just that: the model
# trains on sales of the very months that it is tested on. Next year's sales come from another distribution. Fit up to
# December 2022, predict 2023 and 2024.

# %%
past = (df["month"] <= "2022-12").to_numpy()
future = ~past
w_past, w_past_time = fit(X_3[past], y[past]), fit(X_time[past], y[past])
forecast, forecast_time = X_3 @ w_past, X_time @ w_past_time
int(past.sum()), int(future.sum())

# %% [markdown]
# How wrong, and how wrong *in one direction*? The mean squared error is the squared mean of the misses plus their
# variance. The first part is the square of the bias.

# %%
without_time = 100 * nrmse(y[future], forecast[future])
with_time = 100 * nrmse(y[future], forecast_time[future])
miss = y[future] - forecast[future]
bias_share = 100 * miss.mean() ** 2 / np.mean(miss**2)
np.round([without_time, with_time, bias_share], 1)

# %% tags=["nbval-check-output"]
# Nothing here is random: the split is by date. The bands leave room for the publisher's corrections only.
claims.check(
    "model 3 on the future, error", without_time, "25.0 %", band=(24.9, 25.2), stand_in=(26.5, 26.8), data=HDB
)
claims.check(
    "share of the squared bias in that squared error",
    bias_share,
    "75 %",
    band=(74, 76),
    stand_in=(70, 72),
    data=HDB,
)
claims.check(
    "with a month index, on the future, error",
    with_time,
    "14.4 %",
    band=(14.2, 14.5),
    stand_in=(16.3, 16.6),
    data=HDB,
)

# %% [markdown]
# Month by month, what was paid and what each model would have asked:

# %% mystnb={"image": {"alt": "Mean price by month with two forecasts. Up to 2022 the model without time is too high until early 2021 and then too low; the model with a month index is too low until the middle of 2018 and from late 2021 on, and too high between; from 2023 on, never seen, the first stays flat and far too low, and the second rises but stays too low."}}
paid, flat, rising = (
    pd.Series(values).groupby(df["month"]).mean() / 1000 for values in (y, forecast, forecast_time)
)
plt.plot(paid.to_numpy(), color="black", label="paid")
plt.plot(flat.to_numpy(), color="C1", linestyle="--", label="model 3")
plt.plot(rising.to_numpy(), color="C0", linestyle="-.", label="model 3 + month index")
plt.axvline(np.searchsorted(months, "2023-01") - 0.5, color="0.4", linewidth=1.5)
plt.text(np.searchsorted(months, "2023-01"), 330, "never seen →", fontsize=13)
plt.xticks(np.arange(0, len(months), 12), [month[:4] for month in months[::12]])
plt.ylim(300)
plt.legend(loc="upper left")
plotting.show(
    "On years never seen, both forecasts are too low",
    "month of sale (ticks at January)",
    "mean price (thousand S$)",
)

# %% [markdown]
# Model 3 misses the future by **25.0 %**, and **75 %** of its squared error is the square of the bias: every month
# too low. With the month index the error is **14.4 %**. The random split promised less for both. Choose the split
# that asks what you will be asked.

# %% [markdown]
# ## ★ 10 How fast the gap closes
#
# <details>
# <summary>中文</summary>
#
# 用模型三画学习曲线：训练集从 50 笔到 25,600 笔，每次另取 5,000 笔没见过的成交来测试。100 笔成交时，测试误差比训练误差高 **6.3 个百分点**；到 1,600 笔，两条曲线几乎合到一起，停在那里：更多数据不再有用，更多信息才有用。
#
# 最小二乘的经典理论说，$p$ 个权重、$n$ 个样本、噪声大小 $\sigma$，训练误差约为 $\sigma\sqrt{1-p/n}$，测试误差约为 $\sigma\sqrt{1+p/(n-p-1)}$（前提是特征服从高斯分布，我们的并不服从，所以只当参照）。样本很少时测试误差低于理论，因为 50 笔成交里有好几个镇根本没出现，29 个权重并没有全部用上。
#
# </details>
#
# Section 5 said that the gap closes as $n$ grows. How fast? Take model 3 with its 29 weights, fit it to ever more
# sales, and judge each fit by 5,000 sales that it has not seen.


# %%
def learning_curve(X, y, n, rng, repeats):
    """Return the median training and test NRMSE, in %, over random n rows and 5,000 others."""
    runs = []
    for _ in range(repeats):
        rows = rng.choice(len(y), n + 5_000, replace=False)
        runs.append(errors(X, y, rows[:n], rows[n:]))
    return np.median(runs, axis=0)


sizes = np.array([50, 100, 200, 400, 1_600, 6_400, 25_600])
sizes = sizes[sizes + 5_000 <= len(df)]  # a stand-in has fewer sales
curve = np.array([learning_curve(X_3, y, n, rng, 100 if n <= 1_600 else 20) for n in sizes])
pd.DataFrame(curve, index=sizes, columns=["train", "test"]).round(1)

# %% [markdown]
# Classical theory has an answer. With $p$ weights, $n$ examples and misses of size $\sigma$ that even the best
# weights leave, least squares expects a training error of $\sigma\sqrt{1 - p/n}$ and a test error of about
# $\sigma\sqrt{1 + p/(n-p-1)}$ (for Gaussian features, which ours are not). We take $\sigma$ from the largest $n$ and
# draw both, dashed. (For its own models scikit-learn has `learning_curve`.)

# %% mystnb={"image": {"alt": "Learning curve of model 3: training error rises and test error falls as the number of sales grows from 50 to 25,600; they meet near 18.6 per cent. Dashed theoretical curves run close to both from 100 sales on; at 50 sales the measured test error lies below theory's."}}
p, sigma = X_3.shape[1], curve[-1].mean()
n = np.geomspace(sizes[0], sizes[-1], 200)
plt.semilogx(sizes, curve[:, 1], "s-", color="C1", label="test")
plt.semilogx(sizes, curve[:, 0], "o-", color="C0", label="train")
plt.semilogx(n, sigma * np.sqrt(1 + p / (n - p - 1)), "--", color="C1", linewidth=1.5, label="theory, test")
plt.semilogx(n, sigma * np.sqrt(1 - p / n), "--", color="C0", linewidth=1.5, label="theory, train")
plt.legend()
plotting.show("More data closes the gap, not the error that is left", "number of sales fitted", "NRMSE (%)")

# %% tags=["nbval-check-output"]
gap = curve[:, 1] - curve[:, 0]
claims.check(
    "generalisation gap at 100 sales", gap[1], "6.3 points", band=(5.2, 7.4), stand_in=(5.3, 7.4), data=HDB
)

# %% [markdown]
# At 100 sales the gap between the two errors is **6.3 points**; from 1,600 on the curves have all but
# met, and they stay where they met: more sales of the same kind bring nothing more. At 50 sales theory asks for a
# larger test error than we see. It counts 29 weights, but in 50 sales several towns do not occur, so fewer are
# in play.

# %% [markdown]
# ## ★ 11 How firm is the floor?
#
# <details>
# <summary>中文</summary>
#
# 第 6 节的 3.9 % 可靠吗？先看那些重复的行。同一个月成交的双胞胎里，每出现 100 对价格完全相同的，在相隔一个月、数量相同的成交里就有 **61** 对，而那不大可能是同一笔录了两次，也许是因为人们喜欢整数。所以重复行有一半以上是真的，也有一部分可能是重录；单就这一点说，地板在 3.7 % 与 3.9 % 之间。
#
# 再看一个陷阱。新加坡的楼号在不同的街上会重复；假如分组只用楼号、楼层区间、面积和月份，不同的楼就成了“双胞胎”，地板变成 **7.2 %**，高了将近一倍。
#
# 最后，有双胞胎的房子与全体并不一样：面积小些，租约长些。其他房子的地板有多高，我们不知道。
#
# </details>
#
# Three questions that a sceptic asks about the 3.9 % of section 6. First: are the repeated rows entered twice? Look
# at flats that agree in all but the month. Two sales a month apart can hardly be one sale entered twice; how often do
# they have exactly the same price?


# %%
def same_price(sales, apart):
    """Return the share, in %, of pairs of like flats sold so many months apart whose prices are equal."""
    later = sales.assign(when=sales["when"] - apart)
    pairs = sales.reset_index().merge(later.reset_index(), on=["flat", "when"])
    pairs = pairs[pairs["index_x"] != pairs["index_y"]]
    return 100 * (pairs["resale_price_x"] == pairs["resale_price_y"]).mean()


flats = df.groupby([c for c in published if c not in ("month", "remaining_lease")]).ngroup()
dated = pd.DataFrame({"flat": flats, "when": month_index, "resale_price": y})
same_month, month_apart = same_price(dated, 0), same_price(dated, 1)
np.round([same_month, month_apart], 1)

# %% [markdown]
# Second: did we group by enough columns? Suppose we had taken only block, storey range, area and month. Block numbers
# repeat from street to street, so flats from different blocks become "twins".

# %%
few_columns = ["block", "storey_range", "floor_area_sqm", "month"]
coarse = 100 * spread_of_twins(once, few_columns) / y.mean()
with_street = 100 * spread_of_twins(once, [*few_columns, "street_name"]) / y.mean()
np.round([coarse, with_street], 1)

# %% [markdown]
# Third: are the flats that have twins like all flats?

# %%
numbers = ["floor_area_sqm", "lease", "storey", "resale_price"]
pd.DataFrame({"with a twin": df.loc[twin_miss.index, numbers].mean(), "all": df[numbers].mean()}).round(1)

# %% tags=["nbval-check-output"]
# A stand-in has no twins. Nothing here is random: the bands leave room for the publisher's corrections only.
claims.check(
    "equal prices a month apart, per 100 in the same month",
    100 * month_apart / same_month,
    "61",
    band=(58, 64),
    stand_in=None,  # no twins there
    data=HDB,
)
claims.check(
    "spread of twins, four columns only",
    coarse,
    "7.2 %",
    band=(7.0, 7.4),
    stand_in=None,  # no twins there
    data=HDB,
)

# %% [markdown]
# First: where twins give 100 pairs of equal prices, as many pairs a month apart give **61**, perhaps because people
# like round prices. So more than half of the repeated rows would be there anyway, and some may be entered twice. As far
# as these rows matter, the floor lies between 3.7 % and 3.9 %. Second: with only these four columns it would be
# **7.2 %**; the street alone brings it down again (second value). A floor is only as good as its definition of "the
# same". Third: flats with twins are smaller and have longer leases than all flats (table). For the others the floor is
# unknown.

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
# Every figure this lecture stated, beside the one that your machine has just measured.

# %%
claims.table()

# %% [markdown] tags=["instructor"]
# 1 minute. Point at one row where the measured value differs from the stated one, and ask why that is no error.

# %% [markdown]
# ## Recap
#
# <details>
# <summary>中文</summary>
#
# - 学习 = 任务 + 经验 + 指标；能最小化的是经验风险，想要的是总体风险。
# - 最小二乘有闭式解；换了基函数也一样，只要对 $w$ 线性。
# - 训练误差小、测试误差大：过拟合，要更多数据或更小的假设空间。
# - 两个误差相等：没有过拟合。还有没有可学的，要看噪声的地板，各列都相同的双胞胎能告诉我们。
# - 远在地板之上：欠拟合。残差弯曲就缺曲率，否则找还没用上的列，或者把已有的列组合起来。
# - 名义变量用独热编码；看残差图，不要只看一个数。
#
# </details>
#
# - Learning is a task, an experience and a measure. We minimise empirical risk and want population risk.
# - Least squares has a closed form for any fixed basis: it only has to be linear in $w$.
# - A tiny training error beside a large test error: overfitting. Give it data, or a smaller hypothesis space.
# - Two equal errors: no overfitting. Whether there is more to learn depends on the noise, which examples alike in *all* columns show.
# - Far above that floor: underfitting. Misses that bend ask for curvature; else look for unused columns, or combine those you have.
# - Nominal features become one-hot. Look at residuals, not at one number.

# %% [markdown] tags=["instructor"]
# 2 minutes. Let students say the lines before you show them.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# A. 一个模型只看面积，训练误差 28 %，测试误差 28 %；所有列都相同的成交，价格只相差 4 %。最该先试什么：加数据、加正则化，还是再加几列？
#
# B. 训练误差 12 %，测试误差 12 %，$x$ 相同的样本之间也相差 12 %。换一个大得多的网络，误差会降吗？
#
# C. 邮政编码（如 560123）该怎样喂给线性模型？
#
# </details>
#
# **A.** A model sees the floor area alone: training error 28 %, test error 28 %. Sales alike in *all* columns spread by
# 4 %. What do you try first: more data, regularisation, or more of the columns?
#
# <details>
# <summary>Answer</summary>
#
# More of the columns. *More data* tempts because it always sounds right, but it closes a gap, and there is no gap.
# *Regularisation* tempts because it is what one does about a bad test error; it makes the hypothesis space smaller,
# and ours is already too small.
#
# 再加几列。两个误差相等，没有差距可补，加数据没用；正则化会把假设空间变得更小，而它已经太小了。
#
# </details>
#
# **B.** Training error 12 %, test error 12 %, and examples that are alike in $x$ spread by 12 % as well. Will a much
# larger network on the same columns have a smaller test error?
#
# <details>
# <summary>Answer</summary>
#
# No. The model is at the floor: what remains is noise for everything that sees only these columns. "Yes, a network
# can learn anything" tempts because its *training* error may well fall, by memorising the noise. What could help is a
# new column.
#
# 不会。误差已经到了地板，剩下的对这些列来说就是噪声。更大的网络可以把训练误差压下去，那是在死记噪声。有用的是新的一列信息。
#
# </details>
#
# **C.** How should a postal code such as 560123 enter a linear model?
#
# <details>
# <summary>Answer</summary>
#
# As a category, or translated into a position on the map. "As a number, it is one already" tempts because it needs no
# work. But a weight on it says that every step along the codes adds the same amount, and the codes were numbered by
# an office.
#
# 当作类别，或者换成地图上的坐标。它看着是数，却没有“每加一就贵一点”的含义。
#
# </details>

# %% [markdown] tags=["instructor"]
# 6 minutes. A and B in class, C at home. Let them vote, talk to a neighbour, and vote again. If A is split, ask what
# each option would do to the *training* error.

# %% [markdown]
# ## Exercises
#
# <details>
# <summary>中文</summary>
#
# 每题先改写以 `...` 结尾的函数，再运行检查的那一格：没动过会显示 “not attempted”，对了显示 ✓，错了告诉你哪里不对。参考答案折叠在下面，先自己试。
#
# 1. 不用 pandas，写出独热编码。
# 2. 先预测，再测量：假设有一件哪一列都没有记录的事，按掷硬币的结果让房价多 5 万或少 5 万新元。模型三原来的均方根误差约为 92,500 新元，现在会变成多少？先写下规则和数字，再在新的一格里调用 `toss_coins()`。
# 3. 岭回归：在正规方程里加上 $\alpha I$。
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. One-hot by hand.* Given integer codes of shape (n,), return an array of shape (n, k) with a single one in each row. NumPy only.

# %% tags=["nbval-check-output"]
from utils.exercises import attempt, misshapen


def one_hot(codes, k):
    return ...


def check_one_hot(f):
    codes = np.array([3, 0, 1, 3])
    result = f(codes, 5)
    if reason := misshapen(result, (4, 5)):
        return f"{reason}: a row for each of 4 codes, k = 5 columns even if some code never occurs"
    result = np.asarray(result, dtype=float)
    if not np.array_equal(np.sort(result, axis=1), np.eye(5)[[4] * 4]):
        return f"each row needs one 1 and zeros elsewhere; the first is {result[0].tolist()}"
    wrong = np.argmax(result, axis=1) != codes
    if wrong.any():
        k = np.argmax(wrong)
        return f"the code {codes[k]} has its one in column {np.argmax(result[k])}, counted from 0, not in column {codes[k]}"
    if not np.array_equal(narrow := f(np.array([0]), 2), [[1, 0]]):
        return (
            f"right for k = 5; the code 0 with k = 2 should give [[1, 0]], not {np.asarray(narrow).tolist()}"
        )


attempt(one_hot, check_one_hot)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def one_hot_solution(codes, k):
    return np.eye(k)[codes]


assert check_one_hot(one_hot_solution) is None

# %% [markdown]
# *2. Predict, then measure.* Suppose that something which is in no column adds S\$ 50,000 to a price or subtracts
# S\$ 50,000, by the toss of a coin. Before, the RMSE of model 3 was about S\$ 92,500. What will it be on the new
# prices? Write your rule for any RMSE and any noise, and decide on a number *before* you call `toss_coins()`.


# %% tags=["nbval-check-output"]
def with_noise(rmse, noise):
    return ...


def check_with_noise(f):
    result = f(3.0, 4.0)
    if reason := misshapen(result, ()):
        return reason
    tempting = {
        7.0: "so it would be if luck always pushed the way the model already misses; half the time it pushes back",
        3.0: "nothing changed, but nobody can predict a coin: the error has to grow",
        4.0: "only the larger counts there; the smaller still adds to the mean squared error",
        25.0: "that is the mean squared error: take the root",
        3.5: "a mean lies below the larger of the two, and noise never makes a model better",
        7**0.5: "that is less than the noise alone: add the squares, do not subtract them",
    }
    for wrong, why in tempting.items():
        if np.isclose(result, wrong):
            return f"for 3 and 4 you say {wrong:.3g}: {why}"
    for rmse, noise, right in ((3.0, 4.0, 5.0), (8.0, 6.0, 10.0), (5.0, 12.0, 13.0)):
        if not np.isclose(f(rmse, noise), right):
            return f"for {rmse:g} and {noise:g} you say {f(rmse, noise):.3g}: what adds up is the mean *squared* error"


attempt(with_noise, check_with_noise)

# %% [markdown]
# To see what happens, with a coin for each sale, call `toss_coins()` in a cell of your own, once you have decided.


# %%
def toss_coins():
    """Return the RMSE of model 3 on the test part, in S$: as it was, and with a coin of S$ 50,000 for each sale."""
    tossed = y + rng.choice([-50_000.0, 50_000.0], len(y))
    return [round(errors(X_3, p, train, test)[1] * p[test].mean() / 100) for p in (y, tossed)]


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def with_noise_solution(rmse, noise):
    # The coin does not know the miss: the mixed term of (miss + noise)² averages to zero.
    return (rmse**2 + noise**2) ** 0.5


before, after = toss_coins()  # fewer test sales, as on a stand-in, leave more of the mixed term
assert np.isclose(with_noise_solution(before, 50_000), after, rtol=0.05), (before, after)
assert check_with_noise(with_noise_solution) is None

# %% [markdown]
# *3. Ridge regression.* Add a price on large weights: minimise $\lVert Xw - y\rVert^2 + \alpha\lVert w\rVert^2$. Set the gradient to zero and
# return $w$. (It tames the polynomial of section 5 without more data. Try it there afterwards, with $\alpha = 1$.)


# %% tags=["nbval-check-output"]
def ridge(X, y, alpha):
    return ...


def check_ridge(f):
    one_row = f(np.array([[1.0, 2.0]]), np.array([5.0]), 2.0)
    if reason := misshapen(one_row, (2,)):
        return f"{reason}: one weight for each column of X"
    X, y = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([1.0, 2.0, 4.0])
    tempting = [
        ([-5, 5], "alpha was added to every entry of XᵀX: the identity needs a row for each *column* of X"),
        ([1, 2], "that is plain least squares: alpha changed nothing"),
        ([5 / 3, 10 / 3], "alpha has the wrong sign: the gradient of the penalty is +2αw"),
    ]
    for wrong, why in tempting:
        if np.allclose(one_row, wrong):
            return f"for X = (1 2), y = 5, alpha = 2 you get {np.round(one_row, 2)}: {why}"
    if not np.allclose(one_row, [5 / 7, 10 / 7]):
        return f"for X = (1 2), y = 5, alpha = 2 the answer is (0.71, 1.43), not {np.round(one_row, 2)}"
    w, times_n = np.asarray(f(X, y, 1.0)), np.linalg.solve(X.T @ X + 3 * np.eye(2), X.T @ y)
    if np.allclose(w, times_n):
        return "alpha was multiplied by the number of rows: here the squares are summed, not averaged"
    if not np.allclose(w, [1.125, 1.625]) or not np.allclose(f(X, y, 0.0), [4 / 3, 7 / 3]):
        return f"one row is right, three are not: {np.round(w, 3)}, not (1.125, 1.625), for alpha = 1"


attempt(ridge, check_ridge)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def ridge_solution(X, y, alpha):
    return np.linalg.solve(X.T @ X + alpha * np.eye(X.shape[1]), X.T @ y)


assert check_ridge(ridge_solution) is None

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Hastie 等人的《统计学习基础》第 2、3、7 章讲线性回归、偏差和不可约噪声；Goodfellow 等人的《深度学习》第 5 章用同样的 T、E、P 语言；Mitchell 的《机器学习》第 1 章是这套定义的出处；图灵 1950 年的论文今天读来仍然有趣。
#
# </details>
#
# - A. Turing, [Computing machinery and intelligence](https://doi.org/10.1093/mind/LIX.236.433), *Mind* 59 (1950).
# - T. Mitchell, *Machine Learning* (McGraw-Hill, 1997), chapter 1.
# - T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning* (2nd ed., Springer, 2009), chapters 2, 3 and 7.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (MIT Press, 2016), chapter 5.
# - I. Goodfellow, J. Shlens, C. Szegedy, [Explaining and harnessing adversarial examples](https://arxiv.org/abs/1412.6572), ICLR 2015.
# - Housing & Development Board, [Resale flat prices](https://data.gov.sg/datasets/d_8b84c4ee58e3cfc0ece0d773c8ca6abc/view), Singapore Open Data Licence 1.0.
