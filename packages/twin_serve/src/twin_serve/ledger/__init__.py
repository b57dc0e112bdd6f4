"""API keys, budgets and the ledger: one row for every request, written before its work begins.

`database` (a URL) → `keys` (who) → `admission` (may they) → `ledger` (what it took) → `usage` (sums for people);
`texts` (what was asked and answered, deleted again).
"""
