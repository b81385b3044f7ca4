"""Algorithms without a weight for which 0 means "no effect": other priors are theirs."""

from priorfit.atlas.row import Algorithm

__all__ = ["WITHOUT"]

_KIND = "no weights to shrink"

WITHOUT = (
    Algorithm(
        "Decision tree, random forest",
        _KIND,
        "none: splits are discrete",
        "none; hierarchical shrinkage pulls node means to their parents'",
        "none; pruning counts leaves, which is an L0 idea",
        "greedy splits",
        "",
        "scikit-learn ccp_alpha, max_depth; imodels hierarchical shrinkage",
        "There is no coefficient to shrink; a belief about a tree is one about its size.",
    ),
    Algorithm(
        "Nearest neighbours, Parzen windows",
        _KIND,
        "none: the data are the model",
        "none",
        "none; a learned metric has weights that can be penalised",
        "search",
        "",
        "scikit-learn KNeighbors; metric-learn",
        "Nothing is fitted; how smooth the answer is, k or the bandwidth says.",
    ),
    Algorithm(
        "Naive Bayes",
        _KIND,
        "none: probabilities that sum to 1",
        "none",
        "none; Laplace smoothing is a Dirichlet prior, not the Laplace distribution",
        "counting",
        "",
        "scikit-learn MultinomialNB (alpha)",
        "Probabilities live on a simplex, where 0 means impossible; their prior is Dirichlet.",
    ),
    Algorithm(
        "k-means, hierarchical clustering",
        _KIND,
        "none: centres and memberships",
        "none",
        "none; sparse k-means puts weights on the columns and an L1 term on those",
        "Lloyd's algorithm",
        "",
        "scikit-learn KMeans; sparcl",
        "A centre at 0 is a place like any other, so nothing is to be shrunk to it.",
    ),
    Algorithm(
        "Hidden Markov models, discrete Bayes networks",
        _KIND,
        "none: tables of probabilities",
        "none",
        "none",
        "expectation maximisation",
        "",
        "hmmlearn; pgmpy",
        "Rows of the tables sum to 1; their prior is Dirichlet.",
    ),
    Algorithm(
        "Least squares, t-SNE, UMAP",
        _KIND,
        "weights or places, but no belief about them",
        "none",
        "none",
        "closed form; gradient descent",
        "",
        "scikit-learn LinearRegression; umap-learn",
        "Nothing is penalised by definition; least squares with a belief is ridge or the lasso.",
    ),
)
