"""What an author may write: text in, a checked document out, every problem with its place and its cure."""
