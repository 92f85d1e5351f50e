"""The practice venue: an exchange of our own that speaks Binance's spot dialect."""
