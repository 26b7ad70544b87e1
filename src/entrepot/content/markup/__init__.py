"""A page as a tree: parsed, cleaned, and its formulas, footnotes, code, pictures and addresses brought into one shape."""
