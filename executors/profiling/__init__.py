"""Measures what an engine costs: what to measure, how, and the figures that follow from it."""
