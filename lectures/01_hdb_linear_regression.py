# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1 · What fixes the price of a flat?
#
# [![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://colab.research.google.com/github/deep-learning-lectures/deep-learning-lectures/blob/main/notebooks/01_hdb_linear_regression.ipynb)
#
# Most people in Singapore live in flats that a public agency, the Housing & Development Board (HDB), built and sold.
# Owners may resell them, and every resale is published. So here is a question with a hundred thousand honest answers:
# what fixes the price of a flat? We fit the simplest models there are, watch them fail, and learn to ask the question
# that this whole course keeps asking: is the model *badly fitted*, or is it *too simple*?
#
# **You will**
#
# - say what "learning" means as a task, an experience and a measure of performance;
# - derive least squares, write it in one line, and check it against two libraries;
# - tell underfitting from overfitting by comparing two errors;
# - encode a category such as a town without inventing an order that it does not have;
# - read residuals to find what a model is still missing.
#
# **You need** derivatives, matrix products, a little NumPy and pandas.
# **It takes** 90 minutes to teach and under 30 seconds to run on 2 CPU cores.
#
# **Figures in bold** were measured. Where chance enters, they are means over many runs (ten seeds, mostly): your own run will differ a little.

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
# 什么叫“学习”？一个程序在任务 T 上的表现用指标 P 来衡量；如果它从经验 E 中得到的东西让 P 变好了，我们就说它在学习。任务、经验、指标，三样缺一不可。同样是“生成图像”，指标若只奖励逼真、不奖励多样，模型把同一张漂亮的脸画一百遍就能拿满分。
#
# 写程序时，我们给规则，得到答案；机器学习把它倒过来：给例子（连同答案），得到规则。世界上有一个我们看不见的函数 $f^\star$，它把输入 $x$ 变成答案 $y$。我们先选定一族候选函数，叫做**假设空间** $\mathcal H$，再选一个损失 $\ell$，说清楚猜错要付多大代价。我们真正关心的是**总体风险** $R(f)=\mathbb E\,\ell(f(x),y)$，可手里只有 $N$ 个样本，能算的只有**经验风险** $\hat R(f)=\frac1N\sum_i \ell(f(x_i),y_i)$。在 $\mathcal H$ 里找使 $\hat R$ 最小的函数，这就是**经验风险最小化**（ERM），全课程都围着它转。
#
# 先说清一个局限：模型只对“像训练数据那样的”输入负责。给图片加上人眼看不出的扰动，一个很好的分类器也可能彻底认错，这叫对抗样本。
#
# </details>
#
# A program *learns* when experience makes it better at something. To say that precisely takes three things:
# a **task** T, an **experience** E, and a **performance measure** P.
#
# | task T | experience E | performance P |
# | --- | --- | --- |
# | predict the price of a flat | past sales | squared error on sales not seen before |
# | transcribe speech | recordings with their text | share of words that are wrong |
# | translate | sentences in both languages | agreement with human translators |
# | generate faces | photographs of faces | realism *and* diversity |
#
# Look at the last row. If P rewarded realism alone, a program that draws one beautiful face a thousand times would win.
# Choosing P is half of the work.
#
# Writing a program, we put rules in and get answers out. Learning turns that round: examples with their answers go in,
# a program comes out. Behind the examples stands a function $f^\star$ that nobody has ever seen. We settle for a
# **hypothesis space** $\mathcal{H}$, a family of functions we are willing to consider, and a **loss** $\ell$ that says what
# a wrong answer costs. What we care about is the **population risk**, what we can compute is the **empirical risk**:
#
# $$R(f) = \mathbb{E}\,\ell(f(x), y) \qquad\qquad \hat R(f) = \frac{1}{N}\sum_{i=1}^{N} \ell(f(x_i), y_i).$$
#
# **Empirical risk minimisation** (ERM) picks the $f \in \mathcal{H}$ with the smallest $\hat R$. We write $R$ for risk
# throughout the course, with a hat when it is an average over the data in our hands.

# %% [markdown]
# Here is ERM with nothing hidden. Three made-up flats, one parameter $w$, five candidates: the space
# $\mathcal{H} = \{\,x \mapsto wx\,\}$ cut down to a handful. You can check each number in your head.

# %% tags=["nbval-check-output"]
import numpy as np

toy_area = np.array([60, 90, 120])  # m²
toy_price = np.array([300, 450, 630])  # thousand S$
{w: float(np.mean((toy_price - w * toy_area) ** 2)) for w in (4.0, 4.5, 5.0, 5.5, 6.0)}

# %% [markdown]
# The smallest risk belongs to $w = 5$: five thousand dollars a square metre. It is not zero, and no $w$ makes it zero.
# Hold on to that thought. It is the whole lecture in miniature.
#
# One limit, named once and kept in mind: ERM answers for inputs *like those it has seen*. A change that no eye can
# notice may turn an excellent image classifier's answer into nonsense; such inputs are called adversarial examples.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (10 minutes). Ask the class for P before showing the table. For translation somebody
# will say "the same words as the human": ask what happens to a better translation than the human's. Common
# confusion: *loss* (one example), *empirical risk* (the data in hand), *population risk* (all that could come).

# %% [markdown]
# ## 2 Look before you fit
#
# <details>
# <summary>中文</summary>
#
# 数据是新加坡建屋局（HDB）公布的全部转售记录，我们取 2017 年 1 月到 2024 年 6 月，共 **182,978** 笔成交。每一行是一套真实的房子：镇、房型、楼层区间、面积、剩余租约、成交价。两列是给人看的文字，要先变成数：“61 years 04 months” 变成 61.33 年，“10 TO 12” 变成 11 层。这两个小函数值得自己写一遍，因为数据里还藏着“61 years”“60 years 01 month” 这样的写法，解析错一种，后面所有结论都会悄悄歪掉。
#
# 建模之前先看图。最贵的镇，均价是最便宜的镇的 **1.75** 倍；楼层越高越贵；同样的面积，剩余租约越长越贵。记住这三件事：镇、楼层、租约。等会儿只用面积的模型失败时，答案其实早就画在这里了。
#
# </details>
#
# Our experience E is every HDB resale from January 2017 to June 2024: **182,978** sales. The loader prints where its
# copy came from and how large it is. If your machine has no copy and no network you get a simulated stand-in, and the
# line says so in capitals.

# %%
from utils.datasets import load_hdb

HDB = ("hdb_resale",)  # the data that our claims rest on
df = load_hdb(start="2017-01", end="2024-06")
df.head(3).T

# %% [markdown]
# Each row is one sale; the last line is what we want to predict. Below is the first *claim* of this course. A claim ties
# the figure in the text to the one that your machine has just measured. If the two ever part, the cell stops with an
# error that says by how much.

# %% tags=["nbval-check-output"]
# A stand-in has fewer sales: how many says nothing about Singapore, so it is not asserted there.
claims.check("sales in the window", len(df), "182,978", band=(182_978, 182_978), stand_in=None, data=HDB)

# %% [markdown]
# Two columns are written for people. `remaining_lease` says "61 years 04 months", but also "61 years" and
# "60 years 01 month": land in Singapore is leased for 99 years, and the flat returns to the state when the lease ends.
# `storey_range` says "10 TO 12". Two small functions turn them into numbers, and each is tried at once on the awkward cases.


# %% tags=["nbval-check-output"]
def parse_lease(text):
    """Return a remaining lease, "61 years 04 months" or "61 years", in years."""
    words = str(text).split()
    months = int(words[2]) if len(words) > 2 else 0
    return int(words[0]) + months / 12


[
    round(parse_lease(text), 2)
    for text in ("61 years 04 months", "61 years", "60 years 01 month", "66 years 0 months")
]

# %% [markdown]
# For the storeys we only know a range. Its middle is as good a guess as any.


# %% tags=["nbval-check-output"]
def parse_storey(text):
    """Return the middle of a range of storeys: 11.0 for "10 TO 12"."""
    low, high = text.split(" TO ")
    return (int(low) + int(high)) / 2


[parse_storey(text) for text in ("10 TO 12", "01 TO 03")]

# %% [markdown]
# A parser that is wrong for one spelling in a hundred tilts every result behind it, and nobody notices. So we try the
# awkward ones first, and only then all of them.

# %%
df["lease"] = df["remaining_lease"].map(parse_lease)
df["storey"] = df["storey_range"].map(parse_storey)
df[["floor_area_sqm", "lease", "storey", "resale_price"]].describe().loc[["min", "mean", "max"]].round(1)

# %% [markdown]
# Nothing negative, nothing above 99 years, no flat of three square metres. Now look. First: does the town matter?

# %% mystnb={"image": {"alt": "Horizontal bars of the mean resale price in each of 26 towns, sorted. Bukit Timah and Bishan are the dearest, Woodlands, Jurong West and Yishun the cheapest."}}
import matplotlib.pyplot as plt
from utils import plotting

plotting.use_style()
by_town = df.groupby("town")["resale_price"].mean().sort_values() / 1000
plt.figure(figsize=(10, 8.5))
plt.barh(by_town.index.str.title(), by_town)
plt.grid(axis="y", visible=False)
ratio = by_town.iloc[-1] / by_town.iloc[0]
plotting.show(f"The dearest town costs {ratio:.2f} times the cheapest", "mean resale price (thousand S$)", "")

# %% tags=["nbval-check-output"]
claims.check(
    "dearest town over cheapest", ratio, "1.75 times", band=(1.74, 1.76), stand_in=(1.5, 2.5), data=HDB
)

# %% [markdown]
# The dearest town costs **1.75** times the cheapest. And the storey?

# %% mystnb={"image": {"alt": "Line with markers: the mean resale price rises steadily with the storey, from about 450 thousand Singapore dollars near the ground to more than a million above storey forty."}}
by_storey = df.groupby("storey")["resale_price"].mean() / 1000
plt.plot(by_storey, marker="o")
plt.ylim(0)
plotting.show(
    "The higher the flat, the higher the price",
    "storey (middle of the published range)",
    "mean resale price (thousand S$)",
)

# %% [markdown]
# Careful: tall blocks also tend to be new and central. A plot of one feature shows what goes *together*, not what
# *causes* what. Last, the two features that every buyer asks about, in one picture.

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
# Price grows with area, but the cloud is tall: at 100 m² you can pay S\$300,000 or a million. Keep that height in mind.

# %% [markdown]
# ## 3 Least squares by hand
#
# <details>
# <summary>中文</summary>
#
# 线性模型写成 $\hat y = Xw$：$X$ 的每一行是一套房，每一列是一个特征。平方损失下的经验风险是 $\hat R(w)=\frac1N\lVert Xw-y\rVert^2$。令梯度为零，得到正规方程 $X^\top Xw=X^\top y$，于是 $w=(X^\top X)^{-1}X^\top y$。几何上，这是把 $y$ 正交投影到 $X$ 的列空间：残差与每一列都垂直。
#
# 只用面积，直线必须过原点；加一列全 1，就有了截距，线性变成仿射。手写的公式、`lstsq`、scikit-learn 三者给出的权重相差不到 **1** 分钱：条条大路通同一个答案。
#
# 为什么平时用 `lstsq` 而不用公式？把 26 个镇各设一列，再加上全 1 的一列，27 列的秩只有 **26**：26 列相加正好等于那一列全 1，$X^\top X$ 不可逆。`lstsq` 照样能解。
#
# 一步到位的闭式解是奢侈品。到了神经网络，我们再也得不到它，只能一步一步地找。
#
# </details>
#
# Put one flat in each row of a matrix $X$ and one feature in each column. A linear model predicts $\hat y = Xw$.
# With squared loss the empirical risk and its gradient are
#
# $$\hat R(w) = \frac{1}{N}\lVert Xw - y\rVert^2, \qquad \nabla \hat R(w) = \frac{2}{N} X^\top (Xw - y).$$
#
# At the minimum the gradient is zero. That gives the **normal equations** $X^\top X w = X^\top y$, and, if $X^\top X$ can be
# inverted, $w = (X^\top X)^{-1} X^\top y$. Read the gradient once more: at the solution the residual $y - Xw$ is
# orthogonal to every column of $X$. Least squares drops a perpendicular from $y$ onto what the features can express.

# %%
y = df["resale_price"].to_numpy()
area = df["floor_area_sqm"].to_numpy()
X = area[:, None]
w = np.linalg.inv(X.T @ X) @ X.T @ y
X.shape, y.shape, w

# %% [markdown]
# One weight: so many dollars a square metre, and a flat of no size is free. The line must pass through the origin.
# A column of ones buys an intercept, and the model becomes *affine*.

# %%
ones = np.ones(len(df))
X = np.column_stack([ones, area])
w_by_hand = np.linalg.inv(X.T @ X) @ X.T @ y
w_by_hand

# %% [markdown]
# The first number is now the intercept, the second the price of a square metre. Both lines, over a sample of the sales:

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
# From scratch first, then the libraries, then a line that shows they agree: that is how this course treats every
# method. `lstsq` solves the same problem by orthogonal factors and never forms $X^\top X$.

# %%
from sklearn.linear_model import LinearRegression

w_lstsq = np.linalg.lstsq(X, y, rcond=None)[0]
model = LinearRegression().fit(area[:, None], y)
w_sklearn = np.array([model.intercept_, *model.coef_])
np.stack([w_by_hand, w_lstsq, w_sklearn])

# %% [markdown]
# Six digits look alike. How far apart are they really? We take the largest difference, in cents.

# %% tags=["nbval-check-output"]
# Rounding only: seen below 1e-6 of a dollar, on weights of 10,000 to 100,000 dollars.
disagreement = np.ptp(np.stack([w_by_hand, w_lstsq, w_sklearn]), axis=0).max()
claims.check(
    "largest disagreement of three solvers", 100 * disagreement, "less than 1 cent", band=(None, 1), data=HDB
)

# %% [markdown]
# Three roads, one answer, to less than **1 cent**. Why then does everybody use `lstsq`? Because the formula asks for an inverse that
# may not exist. Give each of the 26 towns a column of its own, one for the flats in it and zero elsewhere, and add
# the column of ones.

# %%
town = pd.get_dummies(df["town"], dtype=float).to_numpy()
X = np.column_stack([ones, town])
X.shape

# %% tags=["nbval-check-output"]
claims.check(
    "rank of 26 towns and a constant", np.linalg.matrix_rank(X), "26 columns", band=(26, 26), data=HDB
)

# %% [markdown]
# Twenty-seven columns, rank **26**: the towns' columns add up to the column of ones, so they carry one piece of
# information twice. Infinitely many $w$ fit equally well, and $X^\top X$ has no inverse. `lstsq` returns the
# shortest of them. Or we drop one town, which then becomes the yardstick for the others. The predictions are the same.


# %% tags=["nbval-check-output"]
def fit(X, y):
    """Return the least-squares weights of y on the columns of X."""
    return np.linalg.lstsq(X, y, rcond=None)[0]


bool(np.allclose(X @ fit(X, y), X[:, :-1] @ fit(X[:, :-1], y)))

# %% [markdown]
# Enjoy the closed form while it lasts. Once a model is no longer linear in its parameters, nobody hands us the
# minimum; from lecture 4 on we will have to walk there.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (15 minutes). Draw the projection on the board before the formula. Likely question: "is
# `inv` not exact?" It is here, with two columns. Ask what happens to it with nearly equal columns. Common
# confusion: *linear* means linear in $w$, not in the area. Section 7 lives on that difference.

# %% [markdown]
# ## 4 Two models that fail in the same way
#
# <details>
# <summary>中文</summary>
#
# 先把数据打乱，九成训练，一成测试。误差用 NRMSE：均方根误差除以这一部分数据的平均价格，是个没有单位的百分数。
#
# 模型一只用面积。讲义上说误差约 **26** %，我们在真实数据上量到的是 **27.8** %：训练集如此，测试集也如此。数字差了近两个百分点，结论一样：两个误差几乎相等，说明模型并没有“死记”训练数据，而是它根本表达不了价格。这就是**欠拟合**。
#
# 那就让模型更灵活？模型二加上面积的平方和立方，训练误差只降了 **0.06** 个百分点，测试误差 **27.7** %。弯曲救不了它。缺的不是曲率，是信息：同样 100 平方米，模型不知道房子在哪个镇、几楼、还剩多少年租约。
#
# </details>
#
# How good is a model on sales it has not seen? Shuffle, fit on nine tenths, measure on the rest. The shuffle matters:
# the file is ordered by month.

# %%
rng = np.random.default_rng(SEED)
order = rng.permutation(len(df))
train, test = np.split(order, [int(0.9 * len(df))])
len(train), len(test)

# %% [markdown]
# Our performance measure P is the root of the mean squared error, divided by the mean price of the part that is measured: the
# **normalised RMSE**. It has no unit. Twenty per cent means: typically off by a fifth of a typical price.


# %% tags=["nbval-check-output"]
def nrmse(y, y_hat):
    """Return the RMSE of y_hat divided by the mean of y: a fraction, 0 for a perfect fit."""
    return np.sqrt(np.mean((y - y_hat) ** 2)) / np.mean(y)


float(nrmse(np.array([300.0, 500.0]), np.array([340.0, 460.0])))

# %% [markdown]
# By hand: both predictions are off by 40, and 40 / 400 is a tenth. Now one helper for all the models to come.


# %%
def errors(X):
    """Fit the training rows of X; return the NRMSE on the training and the test rows, in %."""
    w = fit(X[train], y[train])
    return np.array([100 * nrmse(y[rows], X[rows] @ w) for rows in (train, test)])


model_1 = errors(np.column_stack([ones, area]))
model_1.round(2)

# %% tags=["nbval-check-output"]
claims.check(
    "model 1 (area), training error",
    model_1[0],
    "27.8 % (slide: 26 %)",
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

# %% [markdown]
# The slide for this lecture says **26 %** on both parts. On these sales we find **27.8 %** on both. The figures differ by nearly
# two points, and different splits of the same sales differ far too little to explain that. The slide's lesson
# stands all the same: training and test error are *equal*. This model has not memorised anything. It is wrong about the very flats it was fitted to.
#
# Perhaps a straight line is too stiff? Add the square and the cube of the area, and let it bend.

# %%
cubic = np.column_stack([ones, area, area**2, area**3])
model_2 = errors(cubic)
model_2.round(2)

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
# The picture says why.

# %% mystnb={"image": {"alt": "The cloud of sales with the straight fit and the cubic fit. The two curves nearly coincide between 40 and 160 square metres, where almost all sales lie."}}
grid = np.linspace(35, 180, 100)
w_line, w_cubic = fit(np.column_stack([ones, area]), y), fit(cubic, y)
plt.scatter(
    sample["floor_area_sqm"], sample["resale_price"] / 1000, s=8, color="0.7", label="2,000 of the sales"
)
plt.plot(grid, np.polyval(w_line[::-1], grid) / 1000, color="C0", label="model 1: straight")
plt.plot(grid, np.polyval(w_cubic[::-1], grid) / 1000, color="C1", linestyle="--", label="model 2: cubic")
plt.legend(loc="upper left")
plotting.show(
    "Cubic adds nothing: the missing information is not curvature",
    "floor area (m²)",
    "resale price (thousand S$)",
)

# %% [markdown]
# Two more parameters buy **0.06 points** in training, and the test error is **27.7 %**. When a larger hypothesis space does not
# even lower the *training* error, the fit is not the problem. The flats differ in ways that the area does not know
# about. This is **underfitting**, and its signature is two errors that are equal and too high.

# %% [markdown]
# ## 5 The features that were missing
#
# <details>
# <summary>中文</summary>
#
# 第 2 节的图早就告诉了我们缺什么：租约、楼层、镇。把它们都加进来（镇用独热编码），还是同样的最小二乘，训练误差一步降到 **18.6** %，测试误差 **18.5** %（讲义说约 **18** %），两者仍然几乎相等。没有换算法，只是多给了信息。
#
# 镇是**名义**变量，没有大小。若偷懒把 26 个镇按字母编号 0 到 25，就等于告诉模型“义顺比宏茂桥大 25”，结果 **23.9** %，和干脆不用镇的 **24.2** % 差不多；独热编码才能用上这份信息。租约和楼层是有序、可加的，直接当数用。
#
# 权重还可以读出来：其余条件相同时，多 1 平方米约 **4,850** 新元，多 1 年租约约 **4,940** 新元，高 1 层约 **5,360** 新元。三者差不多贵，真好记。但这仍是“一起变化”，不是因果。
#
# </details>
#
# The plots of section 2 named the suspects: lease, storey, town. Give all three to the same least squares. A town
# becomes 26 columns of zeros and ones, a **one-hot** code. We drop one column, as above.

# %%
lease, storey = df["lease"].to_numpy(), df["storey"].to_numpy()
X_3 = np.column_stack([ones, area, lease, storey, town[:, 1:]])
model_3 = errors(X_3)
X_3.shape, model_3.round(2)

# %% tags=["nbval-check-output"]
claims.check(
    "model 3 (+ lease, storey, town), training error",
    model_3[0],
    "18.6 % (slide: 18 %)",
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

# %% [markdown]
# The algorithm is the same; what it knows is new. **18.6 %** in training and **18.5 %** on the test, where the slide says **18 %**. A third of the error went away
# without a single clever idea, and the two errors are still equal: we are still underfitting, only less.
#
# Was one-hot worth 25 columns? A town is **nominal**: towns have names and no order. Suppose we number them 0 to 25 by
# the alphabet instead. The model must then believe that Yishun is "25 more" than Ang Mo Kio.

# %%
town_code = df["town"].astype("category").cat.codes.to_numpy(dtype=float)
town_left_out = errors(np.column_stack([ones, area, lease, storey]))[1]
town_as_code = errors(np.column_stack([ones, area, lease, storey, town_code]))[1]
np.round([town_left_out, town_as_code, model_3[1]], 2)

# %% [markdown]
# From left to right: no town, town as a number, town as one-hot.

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
# A picture for the back row:

# %% mystnb={"image": {"alt": "Three horizontal bars of test error: town left out, town as a number, and town one-hot. The first two are nearly equal; one-hot is much lower."}}
encodings = ["one-hot", "as a number 0 to 25", "left out"]
test_errors = [model_3[1], town_as_code, town_left_out]
bars = plt.barh(encodings, test_errors, color=["C0", "C1", "C2"], height=0.6)
plt.bar_label(bars, fmt="%.1f %%", padding=6)
plt.xlim(0, 30)
plt.grid(axis="y", visible=False)
plotting.show("A made-up order wastes the town almost completely", "test NRMSE (%)", "")

# %% [markdown]
# Without the town **24.2 %**, with the town as a number **23.9 %**. The number is nearly worthless, because the order is ours
# and not the market's. Lease and storey, in contrast, are honest quantities: adding one year or one storey means the
# same thing twice. And since the model is linear we can read what it learned.

# %%
w_3 = fit(X_3[train], y[train])
pd.Series(w_3[1:4], index=["one more square metre", "one more year of lease", "one storey higher"]).round(0)

# %% tags=["nbval-check-output"]
claims.check(
    "one more square metre", w_3[1], "S$ 4,850", band=(4_825, 4_865), stand_in=(4_770, 4_920), data=HDB
)
claims.check(
    "one more year of lease", w_3[2], "S$ 4,940", band=(4_895, 4_985), stand_in=(3_600, 3_850), data=HDB
)
claims.check("one storey higher", w_3[3], "S$ 5,360", band=(5_270, 5_450), stand_in=(6_700, 7_100), data=HDB)

# %% [markdown]
# All else equal, a square metre goes with S\$ **4,850**, a year of lease with S\$ **4,940**, a storey with S\$ **5,360**. Three
# things that all cost about the same: easy to remember, and still a statement about what goes together in this
# model. It would not survive as advice on what to build.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (15 minutes, sections 4 and 5). Let the class bet on the cubic before you run it; most
# expect a gain. Likely question: "why not the flat's model or the street?" Good idea, try it: exercise for the
# break. Common confusion: a *lower* error does not end underfitting. Ask for the two errors, not for one.

# %% [markdown]
# ## 6 Look at the residuals, not at one number
#
# <details>
# <summary>中文</summary>
#
# 一个标量只说还差多少，却不说差在哪里。把残差画出来才知道。按月份平均，模型三的残差有清楚的走势：前几年总是高估，2021 年以后总是低估。房价在涨，而模型里根本没有时间。
#
# 加一个线性的月份编号，测试误差降到 **13.8** %；每个月一列（哑变量），降到 **12.9** %。
#
# 可是真正要预测的是未来。用 2022 年底以前的数据拟合，去预测 2023 到 2024 年，模型三的误差是 **25.0** %，其中均方误差的 **75** % 是偏差：整体低估。加上月份编号后是 **14.4** %。随机划分把未来的成交混进了训练集，所以它把这件事藏了起来。怎样划分数据，取决于你要回答什么问题。
#
# </details>
#
# One number says how much is missing, not *what*. The residuals do. Average them over each month of sale.

# %%
residual = y - X_3 @ w_3
months = np.sort(df["month"].unique())
by_month = pd.Series(residual).groupby(df["month"]).mean() / 1000
by_month.iloc[[0, 45, -1]].round(1)

# %% [markdown]
# The first month, one near the middle, the last. Now all of them.

# %% mystnb={"image": {"alt": "Bars of the mean residual of model 3 for each month from 2017 to 2024. They are negative until about the end of 2020 and then climb steadily to more than 100 thousand Singapore dollars."}}
above = by_month > 0
plt.bar(
    np.flatnonzero(~above),
    by_month[~above],
    color="C1",
    hatch="//",
    edgecolor="white",
    label="model asks too much",
)
plt.bar(np.flatnonzero(above), by_month[above], color="C0", label="model asks too little")
plt.xticks(np.arange(0, len(months), 12), [month[:4] for month in months[::12]])
plt.legend()
plotting.show(
    "What is still missing has a date", "month of sale (ticks at January)", "mean residual (thousand S$)"
)

# %% [markdown]
# Noise would scatter around zero. This does not: the model asks too much for every flat of the early years and too
# little for every flat of the late ones. Prices rose, and no column of $X$ knows the date. Two ways to tell it: a number that counts months, or a
# column for every month.

# %%
month_index = np.searchsorted(months, df["month"]).astype(float)
X_time = np.column_stack([X_3, month_index])
model_time = errors(X_time)
model_time.round(2)

# %% [markdown]
# A straight line through time cannot bend. Ninety columns can.

# %%
month_dummies = pd.get_dummies(df["month"], dtype=float).to_numpy()
model_dummies = errors(np.column_stack([X_3, month_dummies[:, 1:]]))
model_dummies.round(2)

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
    model_dummies[1],
    "12.9 %",
    band=(12.5, 13.2),
    stand_in=(11.6, 14.7),
    data=HDB,
)

# %% [markdown]
# One more column brings **13.8 %**, and a column for every month **12.9 %**. Looking at one picture was worth more than all the
# curvature in the world.
#
# But wait. Who needs the price of a flat sold last year? We want *next* year's. Our random split let the model
# train on sales from the very months it was tested on. Fit up to December 2022, predict 2023 and 2024.

# %%
past = (df["month"] <= "2022-12").to_numpy()
future = ~past
w_past, w_past_time = fit(X_3[past], y[past]), fit(X_time[past], y[past])
forecast, forecast_time = X_3 @ w_past, X_time @ w_past_time
int(past.sum()), int(future.sum())

# %% [markdown]
# How wrong, and how wrong *in one direction*? The mean squared error is the squared mean of the misses plus their
# variance. The first part is the bias.

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
    "share of bias in that squared error", bias_share, "75 %", band=(74, 76), stand_in=(70, 72), data=HDB
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

# %% mystnb={"image": {"alt": "Mean price by month with two forecasts. Until the end of 2022 both fit; afterwards the model without time stays flat and far too low, while the model with a month index keeps rising but stays a little low."}}
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
    "A random split hides that the future is different",
    "month of sale (ticks at January)",
    "mean price (thousand S$)",
)

# %% [markdown]
# Model 3 misses the future by **25.0 %**, and **75 %** of its squared error is plain bias: every month too low. With the month index
# the miss is **14.4 %**. The random split promised less than that for both. It answered a different question: how well do we fill gaps
# *inside* the years we know? Choose the split that asks what you will be asked.

# %% [markdown] tags=["instructor"]
# **Aside for the lecturer** (15 minutes). Show the bars first and ask what is wrong before naming time. Likely
# question: "why is a straight trend still too low after 2022?" Because prices rose faster from 2021 on; a longer
# window of the past is not always a better one. Month dummies cannot forecast at all: ask the class why.

# %% [markdown]
# ## 7 When flexible is too flexible
#
# <details>
# <summary>中文</summary>
#
# “线性”指的是对参数 $w$ 线性，不是对输入线性。先用固定的**基函数** $\varphi_j$ 把 $x$ 变成一串特征，$f(x)=\sum_j w_j\varphi_j(x)$ 照样有闭式解。多项式、高斯、S 形、余弦都可以。魏尔斯特拉斯定理说，多项式能任意逼近任何连续函数。既然如此，是不是次数越高越好？
#
# 我们只拿 15 笔成交，它们的面积各不相同，用勒让德多项式（把面积缩放到 $[-1,1]$）从 0 次拟合到 14 次。14 次有 15 个参数，正好穿过每一个点：训练误差的中位数低于 **1e-7**。可是对测试集里的房子，典型的一套就会被估错平均房价的 **2.2** 倍。训练误差近乎为零，测试误差大得离谱，这就是**过拟合**，与第 4 节正好相反。
#
# 药方之一是更多数据。用模型三画学习曲线：100 笔成交时，测试误差比训练误差高 **6.3** 个百分点；到 1,600 笔只剩 **0.3**。差距按“参数个数比样本数”缩小，和理论画的虚线吻合。泛化差距消失以后剩下的误差，再多数据也治不好，那是模型太简单。下一讲换一种办法：不再固定基函数，让数据来选。
#
# </details>
#
# *Linear* means linear in $w$. Nothing forbids us to bend the input first, with fixed **basis functions** $\varphi_j$:
#
# $$f(x) = \sum_{j} w_j\, \varphi_j(x).$$
#
# The columns of $X$ become $\varphi_j(x_i)$, and the closed form is still there. Four popular families:

# %% mystnb={"image": {"alt": "Four small panels, each with five basis functions on the interval from minus one to one: polynomials, Gaussian bumps, sigmoid steps and cosines."}}
u = np.linspace(-1, 1, 200)[:, None]
centres = np.linspace(-1, 1, 5)
families = {
    "polynomial": u ** np.arange(5),
    "Gaussian": np.exp(-((u - centres) ** 2) / 0.08),
    "sigmoid": 1 / (1 + np.exp(-(u - centres) / 0.08)),
    "cosine": np.cos(np.pi * np.arange(5) * (u + 1) / 2),
}
fig, axes = plt.subplots(2, 2, sharex=True)
for ax, (name, columns) in zip(axes.flat, families.items()):
    ax.plot(u, columns)
    ax.set_title(name)
fig.suptitle("Bend the input, stay linear in the weights", fontweight="bold")
fig.supxlabel("input, scaled to [−1, 1]")
plt.show()

# %% [markdown]
# Weierstrass proved that polynomials come as close as we like to any continuous function. So is a higher degree
# always better? Take 15 sales of 15 different floor areas, and raise the degree from 0 to 14. We use Legendre
# polynomials on the area rescaled to $[-1, 1]$: the same space as $1, x, x^2, \dots$, with far less rounding.

# %%
from numpy.polynomial import legendre

scaled = 2 * (area - area.min()) / np.ptp(area) - 1
rows_by_area = list(df.groupby("floor_area_sqm").indices.values())


def draw_sales(rng, n=15):
    """Return the rows of n random sales, no two of the same floor area."""
    return np.array([rng.choice(rows_by_area[k]) for k in rng.choice(len(rows_by_area), n, replace=False)])


# %% [markdown]
# For each draw and each degree we fit by least squares, then look at two errors: on the 15 sales, and on the tenth
# of all sales that we set aside in section 4.


# %%
def misses(rows, degree):
    """Fit a polynomial to these sales; return their NRMSE, and the typical miss on the test sales in mean prices."""
    w = fit(legendre.legvander(scaled[rows], degree), y[rows])
    miss = np.abs(y[test] - legendre.legval(scaled[test], w))
    return nrmse(y[rows], legendre.legval(scaled[rows], w)), np.median(miss) / y[test].mean()


draws = [draw_sales(rng) for _ in range(600)]
curves = np.array([[misses(rows, degree) for degree in range(15)] for rows in draws[:60]])
curves.shape

# %% [markdown]
# One of those draws, drawn. Black dots are all that the polynomial has ever seen.

# %% mystnb={"image": {"alt": "Fifteen black dots, a straight line that passes between them, and a polynomial of degree 14 that goes through every dot and swings far outside the picture between and beyond them."}}
rows, grid = draws[0], np.linspace(-1, 1, 1_000)
in_m2 = area.min() + (grid + 1) * np.ptp(area) / 2
for degree, style in ((1, "-"), (14, "--")):
    w = fit(legendre.legvander(scaled[rows], degree), y[rows])
    plt.plot(in_m2, legendre.legval(grid, w) / 1000, linestyle=style, label=f"degree {degree}")
plt.plot(area[rows], y[rows] / 1000, "ko", label="the 15 sales")
plt.ylim(-500, 2_000)
plt.legend(loc="lower center")
plotting.show(
    "Degree 14 hits every dot and misses the point", "floor area (m²)", "resale price (thousand S$)"
)

# %% [markdown]
# Now over sixty draws, degree by degree: the error on the 15 sales themselves, and the typical miss on the test sales.

# %% mystnb={"image": {"alt": "Error against polynomial degree on a logarithmic axis. The training error falls steadily and drops to rounding at degree 14. The typical miss on the test sales is lowest around degree 1 or 2 and then rises above the mean price."}}
median_fit, median_miss = np.median(curves, axis=0).T
plt.semilogy(median_fit, marker="o", label="on the 15 sales it was fitted to")
plt.semilogy(median_miss, marker="s", label="typical miss on the test sales")
plt.ylim(0.01, 10)
plt.text(12.8, 0.012, "at degree 14: zero, but for rounding", ha="right", fontsize=13)
plt.legend(loc="upper left")
plotting.show(
    "A perfect fit to 15 sales is worthless for the rest",
    "degree of the polynomial",
    "error, in mean prices (log scale)",
)

# %% tags=["nbval-check-output"]
fit_14, miss_14 = np.median([misses(rows, 14) for rows in draws], axis=0)
claims.check("degree 14, median training error", fit_14, "below 1e-7", band=(None, 1e-7), data=HDB)
claims.check("degree 14, typical miss", miss_14, "2.2 times the mean price", band=(1.2, 3.4), data=HDB)

# %% [markdown]
# The claims take six hundred draws, because a few are wild. Fifteen weights pass through fifteen points: the training error is below **1e-7**, which is rounding. On the test sales the
# typical miss is about **2.2** times the mean price. A straight line through the same 15 sales is far better. This is
# **overfitting**, the mirror image of section 4: there both errors were high and equal; here one is zero and
# the other absurd. The theorem promised that a good polynomial *exists*. It never said that 15 points would find it.
#
# One cure is more data. Back to model 3 with its 29 weights, fitted to ever more sales.


# %%
def learning_curve(n, repeats=60):
    """Return the median training and test NRMSE of model 3, in %, over random subsets of n training sales."""
    runs = []
    for _ in range(repeats):
        rows = rng.choice(train, n, replace=False)
        w = fit(X_3[rows], y[rows])
        runs.append([100 * nrmse(y[part], X_3[part] @ w) for part in (rows, test)])
    return np.median(runs, axis=0)


sizes = np.array([50, 100, 200, 400, 1_600, 6_400, 25_600])
sizes = sizes[sizes <= len(train)]  # a stand-in has fewer sales
curve = np.array([learning_curve(n) for n in sizes])
pd.DataFrame(curve, index=sizes, columns=["train", "test"]).round(1)

# %% [markdown]
# Classical theory says how fast the gap closes. With $p$ weights, $n$ examples and noise of size $\sigma$, least
# squares expects a training error of $\sigma\sqrt{1 - p/n}$ and a test error of about $\sigma\sqrt{1 + p/(n-p-1)}$ (for
# Gaussian features, which ours are not). We take $\sigma$ from the largest $n$ and draw both, dashed.

# %% mystnb={"image": {"alt": "Learning curve of model 3: training error rises and test error falls as the number of sales grows from 50 to 25,600; they meet near 18.6 per cent. Dashed theoretical curves run close to both."}}
p, sigma = X_3.shape[1], curve[-1].mean()
n = np.geomspace(sizes[0], sizes[-1], 200)
plt.semilogx(sizes, curve[:, 1], "s-", color="C1", label="test")
plt.semilogx(sizes, curve[:, 0], "o-", color="C0", label="train")
plt.semilogx(n, sigma * np.sqrt(1 + p / (n - p - 1)), "--", color="C1", linewidth=1.5, label="theory, test")
plt.semilogx(n, sigma * np.sqrt(1 - p / n), "--", color="C0", linewidth=1.5, label="theory, train")
plt.legend()
plotting.show("More data closes the gap, not the error that is left", "number of sales fitted", "NRMSE (%)")

# %% [markdown]
# Read the distance between the two solid lines.

# %% tags=["nbval-check-output"]
gap = curve[:, 1] - curve[:, 0]
claims.check(
    "generalisation gap at 100 sales", gap[1], "6.3 points", band=(4.5, 8.1), stand_in=(3.8, 9.3), data=HDB
)
claims.check(
    "generalisation gap at 1,600 sales",
    gap[4],
    "0.3 points",
    band=(-0.2, 0.9),
    stand_in=(-2.1, 2.9),
    data=HDB,
)

# %% [markdown]
# At 100 sales the gap between the two errors is **6.3 points**; at 1,600 it is **0.3 points**. And then? The curves meet, and stay where
# they met. What remains is not a lack of data. The model is too simple, and only better features will help.
#
# In this lecture *we* found the features, by looking. Next lecture asks whether a fixed list of basis functions can do the finding
# for us, and why it cannot.

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
# - 学习 = 任务 + 经验 + 指标；我们能最小化的是经验风险，想要的是总体风险。
# - 最小二乘有闭式解；对参数线性的模型都有，换了基函数也一样。
# - 训练、测试误差相等而且偏高：欠拟合，要补信息。训练误差极小、测试误差极大：过拟合，要更多数据或更简单的模型。
# - 名义变量用独热编码，不要编造顺序。
# - 看残差图，不要只看一个数；怎样划分数据，要看将来被问什么问题。
#
# </details>
#
# - Learning is a task, an experience and a measure. We minimise empirical risk; we want population risk.
# - Least squares has a closed form, and keeps it for any fixed basis: it only has to be linear in $w$.
# - Equal errors, both too high: underfitting. Give the model information, not curvature.
# - A tiny training error beside a huge test error: overfitting. Give it data, or a smaller hypothesis space.
# - Categories have no order unless the world gives them one: one-hot.
# - Look at residuals, and split the data the way the question will be asked.

# %% [markdown]
# ## Poll
#
# <details>
# <summary>中文</summary>
#
# 先表态，再展开答案。
#
# 1. 训练误差 28 %，测试误差 28 %。最该先试什么：加数据、加正则化，还是加特征？
# 2. 把多项式的次数从 1 升到 3，**训练**误差会不会上升？
# 3. 邮政编码（如 560123）该怎样喂给线性模型？
#
# </details>
#
# **A.** Training error 28 %, test error 28 %. What do you try first: more data, regularisation, or more features?
#
# <details>
# <summary>Answer</summary>
#
# More features. *More data* tempts because it always sounds right, but it closes a gap, and there is no gap.
# *Regularisation* tempts because it is what one does about a bad test error; it makes the hypothesis space
# smaller, and ours is already too small.
#
# 加特征。两个误差相等，没有差距可补，加数据没用；正则化会把假设空间变得更小，而它已经太小了。
#
# </details>
#
# **B.** You raise the degree of a polynomial from one to three. Can the *training* error go up?
#
# <details>
# <summary>Answer</summary>
#
# No. Every straight line is also a cubic whose last weights are zero, so the minimum over cubics is at most as high.
# "Yes" tempts because the *test* error can go up. If you see the training error rise, suspect rounding or a bug.
#
# 不会。每条直线也是一条三次曲线，只不过高次项的系数为零，所以最小值只会更低或相等。会上升的是测试误差。
#
# </details>
#
# **C.** How should a postal code such as 560123 enter a linear model?
#
# <details>
# <summary>Answer</summary>
#
# As a category, or translated into a position on the map. "As a number, it is one already" tempts because it needs no work. But
# a weight on it says that every step along the codes adds the same amount, and the codes were numbered by an office.
#
# 当作类别，或者换成地图上的坐标。它看着是数，却没有“每加一就贵一点”的含义。
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
# 1. 不用 pandas，写出独热编码。
# 2. 岭回归：在正规方程里加上 $\alpha I$。
# 3. 按月份划分训练集和测试集，边界月份属于过去。
#
# </details>
#
# Replace the `...`, run the cell, and read what the check says. Solutions are folded below each one.
#
# *1. One-hot by hand.* Given integer codes of shape (n,), return an array of shape (n, k) with a single one in each row. NumPy only.

# %% tags=["nbval-check-output"]
from utils.exercises import attempt


def one_hot(codes, k):
    return ...


def check_one_hot(f):
    result = np.asarray(f(np.array([2, 0, 1, 2]), 4))
    if result.shape != (4, 4):
        return f"four codes and k = 4 should give shape (4, 4), not {result.shape}"
    wrong = np.argmax(result, axis=1) != [2, 0, 1, 2]
    if wrong.any():
        return f"row {np.argmax(wrong)} has its one in the wrong column: one row for each example"
    if not np.array_equal(result.sum(axis=1), np.ones(4)) or np.asarray(f(np.array([1]), 3)).shape != (1, 3):
        return "each row needs one 1 and zeros elsewhere, and k columns even if some code never occurs"


attempt(one_hot, check_one_hot)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def one_hot_solution(codes, k):
    return np.eye(k)[codes]


def one_hot_mistake(codes, k):  # rows and columns exchanged
    return np.eye(k)[:, codes]


assert check_one_hot(one_hot_solution) is None

# %% [markdown]
# *2. Ridge regression.* Add a price on large weights: minimise $\lVert Xw - y\rVert^2 + \alpha\lVert w\rVert^2$. Set the gradient to zero and
# return $w$. (It cures section 7 without more data. Try it there afterwards.)


# %% tags=["nbval-check-output"]
def ridge(X, y, alpha):
    return ...


def check_ridge(f):
    X, y = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([1.0, 2.0, 4.0])
    if not np.allclose(f(X, y, 0.0), np.linalg.lstsq(X, y, rcond=None)[0]):
        return "with alpha = 0 it should be plain least squares"
    w = f(np.eye(2), np.array([2.0, 4.0]), 1.0)
    if not np.allclose(w, [1.0, 2.0]):
        return f"for X = I, y = (2, 4) and alpha = 1 the answer is (1, 2), not {np.round(w, 2)}"


attempt(ridge, check_ridge)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def ridge_solution(X, y, alpha):
    return np.linalg.solve(X.T @ X + alpha * np.eye(X.shape[1]), X.T @ y)


def ridge_mistake(X, y, alpha):  # a scalar is added to every entry, not to the diagonal
    return np.linalg.solve(X.T @ X + alpha, X.T @ y)


assert check_ridge(ridge_solution) is None

# %% [markdown]
# *3. A split that respects time.* Given months as text ("2022-12") and the last month of the past, return two boolean masks: past and future. The last month belongs to the past.


# %% tags=["nbval-check-output"]
def split_by_month(months, last):
    return ...


def check_split_by_month(f):
    months = np.array(["2022-11", "2023-01", "2022-12", "2023-02"])
    past, future = (np.asarray(mask) for mask in f(months, "2022-12"))
    if (past & future).any() or not (past | future).all():
        return "every sale belongs to exactly one of the two parts"
    if past.tolist() != [True, False, True, False]:
        return f"with last = 2022-12 the past should hold 2022-11 and 2022-12, not {', '.join(months[past])}"


attempt(split_by_month, check_split_by_month)


# %% tags=["solution", "hide-cell"] jupyter={"source_hidden": true}
def split_by_month_solution(months, last):
    past = months <= last
    return past, ~past


def split_by_month_mistake(months, last):  # the boundary month slips into the future
    past = months < last
    return past, ~past


assert check_split_by_month(split_by_month_solution) is None

# %% [markdown]
# ## Further
#
# <details>
# <summary>中文</summary>
#
# 想继续读：Hastie 等人的《统计学习基础》第 2、3 章讲线性回归和偏差；Goodfellow 等人的《深度学习》第 5 章用同样的 T、E、P 语言；Mitchell 的《机器学习》第 1 章是这套定义的出处。
#
# </details>
#
# - T. Mitchell, *Machine Learning* (McGraw-Hill, 1997), chapter 1: learning as T, E and P.
# - T. Hastie, R. Tibshirani, J. Friedman, *The Elements of Statistical Learning* (2nd ed., Springer, 2009), chapters 2, 3 and 7.
# - I. Goodfellow, Y. Bengio, A. Courville, *Deep Learning* (MIT Press, 2016), chapter 5.
# - G. Strang, *Introduction to Linear Algebra* (Wellesley-Cambridge, 2016), chapter 4: least squares as projection.
# - I. Goodfellow, J. Shlens, C. Szegedy, [Explaining and harnessing adversarial examples](https://arxiv.org/abs/1412.6572), ICLR 2015.
# - Housing & Development Board, [Resale flat prices](https://data.gov.sg/datasets/d_8b84c4ee58e3cfc0ece0d773c8ca6abc/view), Singapore Open Data Licence 1.0.
