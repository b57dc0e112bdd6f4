"""What one stage hands to the next: frozen models, digests and the exception hierarchy. Imports nothing heavy."""
