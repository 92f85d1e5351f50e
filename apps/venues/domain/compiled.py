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
from numba.core import cgutils, types
from numba.extending import intrinsic

APPS = Path(__file__).resolve().parents[2]
Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compiled(kernel: Kernel) -> Kernel:
    """Decorate a function of numbers and arrays; it is compiled at its first call."""
    return cast(Kernel, numba.njit(cache=CACHED)(kernel))


@intrinsic
def _move(typing: Any, array: Any, to: Any, start: Any, count: Any) -> Any:
    """The machine's own overlapping copy inside one array; numba has none."""

    def build(context: Any, builder: Any, signature: Any, words: Any) -> Any:
        kind = signature.args[0]
        data = context.make_array(kind)(context, builder, words[0]).data
        size = context.get_constant(types.intp, kind.dtype.bitwidth // 8)
        target, source = (builder.gep(data, [word]) for word in words[1:3])
        cast(Any, cgutils).raw_memmove(builder, target, source, words[3], size)
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp, types.intp), build


@numba.njit
def move(array: Any, to: int, start: int, count: int) -> None:
    """array[to : to + count] = array[start : start + count], for a contiguous array.

    For kernels only. Nothing is checked: the caller has made sure that both ranges are inside.
    """
    _move(array, to, start, count)  # type: ignore[call-arg]


def sources_digest() -> str:
    """Names the state of all kernel modules of the product."""
    digest = hashlib.sha256()
    for path in [Path(__file__), *sorted(APPS.glob("*/domain/*_kernels.py"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_chosen() -> bool:
    """Point numba to our folder; False where it cannot be written.

    Numba would then choose a folder beside the sources, where old kernels pass for new ones.
    """
    root = os.environ.get("NUMBA_CACHE_DIR") or str(APPS.parent / "var" / "numba")
    folder = Path(root) / sources_digest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    cast(Any, numba.config).CACHE_DIR = str(folder)
    return os.access(folder, os.W_OK | os.X_OK)


CACHED = _cache_chosen()
