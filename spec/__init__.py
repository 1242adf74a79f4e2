"""What an author may write: text in, a checked document out, each problem with place and cure."""

from spec.evaluate import EvaluationError, evaluate
from spec.inputs import check_inputs
from spec.load import load, read
from spec.model import Document
from spec.problems import Problem, SpecError
from spec.source import Source, Tree
from spec.vocabulary import Signature, Vocabulary

__all__ = [
    "Document",
    "EvaluationError",
    "Problem",
    "Signature",
    "Source",
    "SpecError",
    "Tree",
    "Vocabulary",
    "check_inputs",
    "evaluate",
    "load",
    "read",
]
