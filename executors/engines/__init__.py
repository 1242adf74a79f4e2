"""Adapters: each turns one kind of engine into three verbs and some facts."""
