"""`python -m trainer_tui.supervise.notify_apprise`: hand a message on stdin to the services of apprise.

The addresses come by stdin, for a command line can be read by everybody. What is said never holds one.
"""

from __future__ import annotations

import json
import logging
import sys

MISSING = "needs a package that is not installed: pip install 'trainer-tui[notify]'"


def main() -> int:
    """Tell; returns 0 when every service took it, and else says on stderr how many did not."""
    message = json.load(sys.stdin)
    try:
        import apprise
    except ImportError:
        print(MISSING, file=sys.stderr)
        return 1
    logging.disable(logging.CRITICAL)  # its complaints hold addresses
    kind = apprise.NotifyType.FAILURE if message["bad"] else apprise.NotifyType.INFO
    refused = 0
    for url in message["urls"]:
        service = apprise.Apprise()
        try:
            told = bool(service.add(url)) and service.notify(
                body=message["text"], title=message["title"], notify_type=kind
            )
        except Exception:  # each service is a plugin of its own; its error may hold its address
            told = False
        refused += not told
    if refused:
        print(f"{refused} of {len(message['urls'])} services did not take it", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
