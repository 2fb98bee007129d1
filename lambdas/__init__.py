"""One module a handler, named after its state: parse, call `shared.pipeline`, reply."""
