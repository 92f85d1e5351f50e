"""Writes. Each public function is one transaction; none of them touches the network."""
