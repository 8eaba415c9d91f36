"""
Draw numbers from a normal distribution and measure the sample.

    plait run examples/quickstart.py wf --n 500 --mean 42 --sigma 2
"""

import numpy as np
import pandas as pd

from plait import task, workflow


@task
def generate_normal_df(n: int, mean: float, sigma: float) -> pd.DataFrame:
    """Draw *n* numbers; the seed is fixed, so equal arguments give equal numbers."""
    numbers = np.random.default_rng(seed=249).normal(mean, sigma, size=n)
    return pd.DataFrame({"numbers": numbers})


@task
def compute_stats(df: pd.DataFrame) -> tuple[float, float]:
    """Return the mean and the standard deviation of the sample."""
    return float(df["numbers"].mean()), float(df["numbers"].std())


@workflow
def wf(n: int = 200, mean: float = 0.0, sigma: float = 1.0) -> tuple[float, float]:
    """Generate a sample and describe it."""
    return compute_stats(df=generate_normal_df(n=n, mean=mean, sigma=sigma))
