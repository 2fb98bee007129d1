"""One module a model family; all of them behind one contract (`contract.py`)."""
