"""Compile numeric kernels to machine code, and remember the result between processes.

Only kernel modules import this one, and they are imported where they are first used: numba costs
half a second and no role that scans nothing should pay it.

The compiled code is kept under NUMBA_CACHE_DIR, in a folder named after the text of all kernel
modules. Numba itself only notices a change of the file a kernel stands in, not of the kernels it
calls in other files, and would go on running the old ones after an upgrade.
Where nothing can be written, kernels are compiled for this process alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

APPS = Path(__file__).resolve().parents[2]
Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compiled(kernel: Kernel) -> Kernel:
    """Decorate a function of numbers and arrays; it is compiled at its first call."""
    try:
        return cast(Kernel, numba.njit(cache=True)(kernel))
    except RuntimeError:  # numba found no folder it can write to
        return cast(Kernel, numba.njit(kernel))


def sources_digest() -> str:
    """Names the state of all kernel modules of the product."""
    digest = hashlib.sha256()
    for path in sorted(APPS.glob("*/domain/*_kernels.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _choose_cache() -> None:
    root = os.environ.get("NUMBA_CACHE_DIR") or str(APPS.parent / "var" / "numba")
    cast(Any, numba.config).CACHE_DIR = str(Path(root) / sources_digest())


_choose_cache()
