"""`twin forget`: a source or document is gone from every store, stays gone, and its absence can be shown.

`targets` says what is meant, `run` is the order of the steps, `journal` makes them resumable, one module each knows a
kind of store (`sources`, `search_index`, `tables`, `databases`, `bundles`, `files`), and `proof` searches them all.
"""
