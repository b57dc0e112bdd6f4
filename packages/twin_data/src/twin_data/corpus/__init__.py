"""The corpus report: what an archive holds, whether it can be trusted, and whether fine-tuning on it is advisable."""
