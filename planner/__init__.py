"""What a checked document becomes: a graph of small typed operations, ready to run."""
