"""One parent forks the roles, restarts what crashes, and leaves nothing behind.

The parent loads Django once and stays single-threaded: roles share its memory. Whatever opens
connections, threads or reactors does so in a child.
"""

from __future__ import annotations

from .children import Child, fork_call
from .parent import end_with_uv
from .watch import Supervisor

__all__ = ["Child", "Supervisor", "end_with_uv", "fork_call"]
