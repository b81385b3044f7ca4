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
from priorfit.torch.compact import compact
from priorfit.torch.explain import DecayTable, explain
from priorfit.torch.groups import prior_groups
from priorfit.torch.optimizers import ProximalAdamW, ProximalSGD
from priorfit.torch.plan import Plan
from priorfit.torch.sparse import to_csr
from priorfit.torch.trace import Trace, destination, trace

__all__ = [
    "Belief",
    "DecayTable",
    "Plan",
    "Prox",
    "ProximalAdamW",
    "ProximalSGD",
    "Trace",
    "attach",
    "compact",
    "destination",
    "explain",
    "prior_groups",
    "to_csr",
    "trace",
]

assert _torch  # named so that the room says what it needs
