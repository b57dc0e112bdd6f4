"""A second opinion on what the deterministic scores say: a model that is asked, whose word decides nothing."""
