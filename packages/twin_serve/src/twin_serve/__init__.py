"""The business microservice of a twin, and the launcher of its LLM microservice. Imports no torch."""
