"""`python -m twin_serve --host 127.0.0.1 --port 8080`: the business microservice."""

from __future__ import annotations

import argparse
from functools import partial

import uvicorn

from twin_serve.app import create_app, open_service
from twin_serve.settings import ServiceSettings


def main() -> None:
    """Parse the address and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m twin_serve", description="The business microservice of a twin.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    app = create_app(partial(open_service, ServiceSettings.from_environment()))
    uvicorn.run(app, host=arguments.host, port=arguments.port, log_level="info", timeout_graceful_shutdown=10)


if __name__ == "__main__":
    main()
