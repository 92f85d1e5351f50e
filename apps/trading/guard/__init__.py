"""The kill switch at work: its own process and venue clients, and no queue."""
