"""Pure rules of the practice venue: books, matching, balances, filters, limits. No I/O here.

Importing this package sets the process's decimal context to 80 digits: a price of 18 digits times
a quantity of 18 digits does not fit Python's default of 28.
"""

from __future__ import annotations

import decimal

PRECISION = 80

decimal.DefaultContext.prec = PRECISION  # threads started later inherit it
decimal.getcontext().prec = PRECISION
