"""Engines that are only emulated: what they cost in time and room, and what they say."""
