"""The feature store: versioned tables, stage records, and the search index. `search` imports no Polars."""
