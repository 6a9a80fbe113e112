"""Scanning a source for suspects: which metrics there are, whom they speak about, how to ask for many at once."""
