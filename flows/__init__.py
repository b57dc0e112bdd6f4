"""Prefect flows, deployments, the local platform and the `twin` command: the only place that knows all packages."""
