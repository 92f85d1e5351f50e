"""Pure code only. Importing it widens decimal arithmetic for the whole process.

Python rounds decimals to 28 digits. A token with 18 decimals times a price with 8 needs
more, and the loss is silent. 80 covers a NUMERIC(38,18) times another.
"""

from __future__ import annotations

import decimal

PRECISION = 80

decimal.DefaultContext.prec = PRECISION  # threads and tasks started later
decimal.setcontext(decimal.DefaultContext.copy())  # the thread doing this import
