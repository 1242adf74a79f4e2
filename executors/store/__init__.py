"""What is remembered of runs and files."""
