"""What is remembered of runs, files and workflows."""
