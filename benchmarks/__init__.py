"""One script a part; each prints ours, the peer's and the ratio from one run."""
