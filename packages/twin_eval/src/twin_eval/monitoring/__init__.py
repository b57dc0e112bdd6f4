"""Live interactions scored off the request path, and windows of them compared with what is expected.

`similarity` and `scoring` (figures of each) → `windows` (which are judged, and beside what) →
`foreign` and `columns` (the tests) → `verdict` (who moved) → `evidently_report` (for people) → `run` (all of it).
"""
