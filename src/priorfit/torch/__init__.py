"""Beliefs about the weights of a network: weight decay, exact zeros, and what zeros are for.

The extra ``torch`` installs what this room needs: ``pip install "priorfit[torch]"``.
"""

from priorfit._errors import InputError

try:
    import torch as _torch
except ImportError as missing:
    raise InputError(
        "`priorfit.torch` needs PyTorch",
        "an environment without it",
        'Run `pip install "priorfit[torch]"`, or install torch from pytorch.org.',
    ) from missing

from priorfit.torch.attach import Prox, attach
from priorfit.torch.belief import Belief
from priorfit.torch.callbacks import lightning_callback, trainer_callback
from priorfit.torch.compact import compact
from priorfit.torch.depth import Factored, balance_layers, factored, factored_penalty
from priorfit.torch.explain import DecayTable, explain
from priorfit.torch.groups import prior_groups
from priorfit.torch.last_layer import LastLayer, last_layer
from priorfit.torch.mlp import MAPMLPClassifier, MAPMLPRegressor
from priorfit.torch.optimizers import ProximalAdamW, ProximalSGD
from priorfit.torch.path import NetworkPath, network_path
from priorfit.torch.plan import Plan
from priorfit.torch.sparse import to_csr
from priorfit.torch.trace import Trace, destination, trace

__all__ = [
    "Belief",
    "DecayTable",
    "Factored",
    "LastLayer",
    "MAPMLPClassifier",
    "MAPMLPRegressor",
    "NetworkPath",
    "Plan",
    "Prox",
    "ProximalAdamW",
    "ProximalSGD",
    "Trace",
    "attach",
    "balance_layers",
    "compact",
    "destination",
    "explain",
    "factored",
    "factored_penalty",
    "last_layer",
    "lightning_callback",
    "network_path",
    "prior_groups",
    "to_csr",
    "trace",
    "trainer_callback",
]

assert _torch  # named so that the room says what it needs
