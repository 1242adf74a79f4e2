"""How others ask: HTTP, command line, and the one place where everything is put together."""
