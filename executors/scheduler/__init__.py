"""The decisions: events in, commands out. No clock, no tasks, no I/O."""
