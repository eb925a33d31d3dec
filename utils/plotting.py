"""The course's Matplotlib style, and the plots that lectures share."""

from pathlib import Path

import matplotlib.pyplot as plt


def use_style() -> None:
    """Use the course's style for every figure from here on: large type, a colour-blind-safe cycle."""
    plt.style.use(Path(__file__).with_name("course.mplstyle"))


def show(finding: str, xlabel: str, ylabel: str) -> None:
    """Title the current axes with what they show, label both with quantity and unit, and show the figure."""
    plt.title(finding)
    plt.xlabel(xlabel)
    plt.ylabel(ylabel)
    plt.show()
