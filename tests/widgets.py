# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Each kind of control that lectures use
#
# tests/test_jupyterlab.py opens this notebook and moves each of them.

# %%
import matplotlib.pyplot as plt
from ipywidgets import Button, Output, interact


# %%
@interact(slope=(0.0, 3.0, 0.5))
def draw(slope=1.0):
    plt.plot([0, 1], [0, slope])
    plt.ylim(0, 3)
    plt.show()


# %%
@interact(whole=(0, 9), word="abc", choice=["one", "two"], switch=False)
def show(whole=3, word="abc", choice="one", switch=False):
    print(f"{whole} {word} {choice} {switch}")


# %%
button, pressed = Button(description="Press"), Output()


@button.on_click
def press(_):
    pressed.append_stdout("pressed")


display(button, pressed)  # noqa: F821 (IPython's)
