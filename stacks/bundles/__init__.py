"""The three zips that functions run from: our sources, and the libraries that they need.

`<bundle>.in` names the libraries, `<bundle>.txt` pins them and everything below them with hashes.
"""
