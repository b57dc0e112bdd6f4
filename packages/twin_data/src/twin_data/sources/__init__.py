"""Sources: any archive in, typed documents out.

`reader` holds the seam, one module a format implements it, `formats` lists them in the order in which
they are asked; `archives` unpacks safely, `ingest` copies what a user points at into the persona's
folder, and `collect` is the stage that turns that folder into documents.
"""
