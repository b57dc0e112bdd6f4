"""The stages of the features pipeline, each `run(inputs, *, config)`, in the order in which they run."""
