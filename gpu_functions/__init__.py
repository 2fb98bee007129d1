"""What runs on a GPU: generators, interpolation, and the runner that takes one job to its end.

The only room that imports torch, and only inside functions or modules that nothing else imports.
"""
