"""`make vllm-up` and `make vllm-down`: three servers to try things on, until they are stopped."""

import argparse
import signal
import sys

from tests.vllm.servers import ROOT, down, up

FOLDER = ROOT / ".vllm/servers"


def main(verb: str) -> None:
    """Start the servers and say how to use them, or stop them."""
    # As for an interrupt: leave by the way that stops what has been started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if verb == "down":
        down(FOLDER)
        return
    servers = up(FOLDER)
    environment = FOLDER / "environment"
    environment.touch(mode=0o600)
    variables = (f"export {name}={text}\n" for name, text in servers.variables.items())
    environment.write_text("".join(variables))
    print(f"vLLM {servers.version()} with three tiny models, until `make vllm-down`:")
    for server in (servers.chat, servers.embedding, servers.rerank):
        print(f"  {server.model:15} {server.url}  pid {server.session.leader}")
    print(f"\n. {environment.relative_to(ROOT)} && .venv/bin/teola up")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=("up", "down"))
    main(parser.parse_args().verb)
