"""Strategies: pure functions from events to intents, with typed parameters.

One module per strategy; `registry` knows them all. A strategy never fetches and never executes.
"""
