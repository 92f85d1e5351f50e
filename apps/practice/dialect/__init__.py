"""Binance's spot dialect: reading requests, shaping answers and stream messages."""
