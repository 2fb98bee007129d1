"""The use cases: one module a state, each a function of `Services` and a small document.

A handler in `lambdas/` parses its event, calls the function here, and replies.
"""
