"""A server that behaves as a test wants: slow, mute, dying, stubborn, or with a child that escapes its session."""

import argparse
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(os.environ.get("TINY_ANSWER", "").encode())

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay-s", type=float, default=0.0)
    parser.add_argument("--die-saying")
    parser.add_argument("--mute", action="store_true")
    parser.add_argument("--stubborn", action="store_true")
    parser.add_argument("--escaping-child", action="store_true")
    options = parser.parse_args()
    sys.stdout.write("tiny server speaking\n")
    sys.stdout.flush()
    if options.stubborn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if options.escaping_child:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    time.sleep(options.delay_s)
    if options.die_saying:
        sys.exit(options.die_saying)
    while options.mute:
        time.sleep(1)
    HTTPServer(("127.0.0.1", options.port), Answer).serve_forever()


main()
