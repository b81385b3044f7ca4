"""What cannot be translated: the MAP estimate of no prior, or of none over columns; and why."""

from __future__ import annotations

from typing import Any

from priorfit.translate.row import Row

__all__ = ["ROWS_WITHOUT_MAP"]

_DECOUPLED = (
    "the decay is not divided by Adam's step sizes, so that training rests where "
    "m/√v + weight_decay·w = 0, the minimum of no loss + penalty"
)
_TIME = (
    "Say the time instead: a weight without gradient falls by 1/e in 1/(lr·weight_decay) steps "
    "(pf.explain(optimizer)). For a prior use torch.Adam or torch.SGD."
)
_BIASES = "Biases and norm gains are decayed too unless they have a group with weight_decay=0."
_ANY: dict[str, Any] = {"gaussian": {}, "bernoulli": {}, "multinomial": {}}


def _adamw(id: str, library: str, call: str, source: str, **more: Any) -> Row:
    settings: dict[str, Any] = {
        "objective": "w ← w (1 − lr·weight_decay), then a step of Adam on the loss",
        "families": _ANY,
        "intercept": "penalised",
        "weights": "none",
        "reason": _DECOUPLED,
        "instead": _TIME,
        "notes": (_BIASES,),
        "checked": "documented",
    }
    return Row(id=id, library=library, call=call, source=source, **settings | more)


def _multi_task(name: str, term: str) -> Row:
    ridge = "" if name == "Lasso" else " + alpha (1 − l1_ratio)/2 ‖B‖²"
    return Row(
        id=f"sklearn.MultiTask{name}",
        library="scikit-learn",
        call=f"sklearn.linear_model.MultiTask{name}()",
        objective=f"(1/2n) ‖Y − XB‖² + alpha Σ_j {term}{ridge}, B_j the row of column j",
        families={"gaussian": {}},
        source="scikit-learn.org/stable/modules/linear_model.html#multi-task-elastic-net",
        scale="mean",
        weights="none",
        map_anyway=True,
        reason="its prior is over groups: the weights of one column for all targets, "
        "p(B_j) ∝ exp(−‖B_j‖/b)",
        instead=f"{'alpha' if name == 'Lasso' else 'alpha · l1_ratio'} = noise² / (n b).",
        checked="documented",
    )


ROWS_WITHOUT_MAP: tuple[Row, ...] = (
    _adamw(
        "torch.AdamW",
        "PyTorch",
        "torch.optim.AdamW(params, weight_decay=)",
        "docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html; arXiv:1711.05101",
        defaults={"weight_decay": 0.01},
        checked="fitted: 0.16 and more from every MAP",
    ),
    _adamw(
        "optax.adamw",
        "optax",
        "optax.adamw(lr, weight_decay=, mask=)",
        "optax.readthedocs.io/en/latest/api/optimizers.html#optax.adamw",
        defaults={"weight_decay": 1e-4},
    ),
    _adamw(
        "keras.AdamW",
        "Keras",
        "keras.optimizers.AdamW(weight_decay=)",
        "keras.io/api/optimizers/adamw/",
        defaults={"weight_decay": 0.004},
        notes=("Adam(weight_decay=) of Keras is decoupled too.", _BIASES),
    ),
    _adamw(
        "fastai.Adam",
        "fastai",
        "fastai.optimizer.Adam(params, lr, wd=)",
        "docs.fast.ai/optimizer.html",
        defaults={"wd": 0.01},
        instead="With decouple_wd=False it is an L2 term: translate to torch.Adam.",
    ),
    _adamw(
        "transformers.Trainer",
        "transformers",
        "TrainingArguments(weight_decay=)",
        "huggingface.co/docs/transformers/main_classes/trainer",
        defaults={"weight_decay": 0.0},
        intercept="free",
        notes=("AdamW; biases and norm gains are left out.",),
    ),
    _adamw(
        "timm.AdamW",
        "timm",
        "timm.optim.create_optimizer_v2(model, 'adamw', weight_decay=)",
        "github.com/huggingface/pytorch-image-models (timm/optim)",
        intercept="free",
        notes=("Biases, 1-d parameters and no_weight_decay() are left out, for 'sgd' too.",),
    ),
    _adamw(
        "lightning.Trainer",
        "Lightning",
        "LightningModule.configure_optimizers()",
        "lightning.ai/docs/pytorch/stable/common/optimization.html",
        objective="that of the optimizer",
        map_anyway=True,
        reason="it has no decay of its own",
        notes=(),
        instead="Translate to the optimizer that it returns: torch.SGD, torch.Adam, torch.AdamW.",
    ),
    Row(
        id="spark.GLR",
        library="Spark",
        call="GeneralizedLinearRegression(family='binomial', regParam=)",
        objective="iteratively reweighted least squares, regParam over the mean working weight",
        families={"bernoulli": {}, "poisson": {}, "gamma": {}},
        source="spark.apache.org/docs/latest/ml-classification-regression.html",
        weights="normalised",
        reason="its penalty is divided by the sum of the working weights, Σ p (1 − p), which the "
        "solution decides",
        instead="Use spark.LogisticRegression, or the gaussian spark.GLR.gaussian.",
        checked="documented; λ₂ = regParam·Σ p (1 − p) at the solution",
    ),
    Row(
        id="sklearn.BayesianRidge",
        library="scikit-learn",
        call="sklearn.linear_model.BayesianRidge()",
        objective="Σ w (y − η)² + (lambda_/alpha_) ‖b‖², both by the evidence",
        families={"gaussian": {}},
        source="scikit-learn.org/stable/modules/linear_model.html#bayesian-ridge-regression",
        map_anyway=True,
        reason="it has no strength to set: it estimates alpha_ and lambda_ by the evidence",
        instead="Once fitted, sklearn.Ridge(alpha=lambda_ / alpha_) gives the same weights, and "
        "pf.explain(model) says its prior.",
        checked="fitted, 2e-15",
    ),
    *(
        _multi_task(name, text)
        for name, text in (("Lasso", "‖B_j‖"), ("ElasticNet", "l1_ratio ‖B_j‖"))
    ),
)
