"""For every library that is installed: at the translated setting it returns priorfit's MAP."""

import numpy as np
import pytest

import priorfit as pf
from peers import PEERS
from priorfit.translate.libraries import TABLE
from reference import (
    EVENT,
    PRIORS,
    RESPONSE,
    TIME,
    W,
    X,
    cox,
    known,
    map_estimate,
    minimise,
)

ROWS = {row.id: row for row in TABLE}
CASES = [
    (name, family, kind, weighted)
    for name, peer in PEERS.items()
    for family in ROWS[name].families
    for kind in peer.kinds
    for weighted in ([False, True] if peer.weighted else [False])
]


def _cox(prior):
    form = prior.lower(X.shape[1])
    return np.r_[0.0, minimise(cox(TIME, EVENT, X), form.l1, form.l2)]


@pytest.mark.parametrize(
    ("name", "family", "kind", "weighted"),
    CASES,
    ids=[f"{c[0]}-{c[1]}-{c[2]}{'-weighted' * c[3]}" for c in CASES],
)
def test_the_translated_setting_gives_the_map(name, family, kind, weighted):
    """theirs(translate(prior)) = argmin sum w loss - phi log prior."""
    peer, prior = PEERS[name], PRIORS[kind]
    pytest.importorskip(peer.package)
    w = W if weighted else None
    if ROWS[name].standard and not ROWS[name].standard.key and kind == "elastic net":
        pytest.skip("its two terms need a scale per standard deviation")
    settings = pf.translate(prior, to=name, **known(family, w))
    y = RESPONSE.get("gaussian" if family == "tweedie" else family)
    theirs = peer.fit(dict(settings), family, y, w)
    if family == "cox":
        ours = _cox(prior)
    else:
        ours = map_estimate(family, prior, w, intercept=peer.intercept, y=y)
    np.testing.assert_allclose(theirs, ours, atol=peer.near(kind), rtol=0)
