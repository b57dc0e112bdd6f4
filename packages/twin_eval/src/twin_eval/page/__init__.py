"""The report of an evaluation as one HTML page: what it shows, and how that is drawn."""
