"""What an author may write: text in, a checked document out, each problem with place and cure."""
