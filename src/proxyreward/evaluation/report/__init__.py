"""What an evaluation shows: a page, a JSON file with its schema, and a table for a pull request.

In: an `Evaluation`. Out: the three files of `FILES`. Nothing is computed here that the tree does
not hold.
"""

from proxyreward.evaluation.report.schema import schema
from proxyreward.evaluation.report.writing import FILES, apart, write

__all__ = ["FILES", "apart", "schema", "write"]
