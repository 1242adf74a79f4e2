"""How the extractive reader reads: prompt, units, words, expectation, choice. Pure functions."""
