"""One-stop medical settlement over Arrow: a year's claims in, settlement and audit out, every fen explained.

>>> import onestop
>>> run = onestop.settle("ledger.parquet", "roster.parquet", "weihai-2023")
>>> run.settlement.to_pandas()
>>> print(run.explain("P0000001"))

Four things are here. :func:`settle` does what the program ``onestop settle`` does, for files or for tables in
memory. :class:`Settler` settles batches that come in the order of persons. :func:`explain` tells a person's year.
:func:`policies` lists the policies that are shipped. :mod:`onestop.spark` does it on a cluster.

Money is decimal with two places, in yuan; times are local and carry no zone.
"""

from ._native import LedgerError, OnestopError, OutputError, PolicyError, __version__
from ._options import Policy, policies
from ._run import Settled, explain, settle
from ._settler import Settler
from ._warnings import KnownOnWarning, UnconfirmedWarning

__all__ = [
    "KnownOnWarning",
    "LedgerError",
    "OnestopError",
    "OutputError",
    "Policy",
    "PolicyError",
    "Settled",
    "Settler",
    "UnconfirmedWarning",
    "__version__",
    "explain",
    "policies",
    "settle",
]
