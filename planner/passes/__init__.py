"""Rewrites of plans, one file each: pure functions that say when work is done, never what."""
