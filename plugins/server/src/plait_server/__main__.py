"""``python -m plait_server``: the server on the settings of the working directory, as ``plait demo`` starts it."""

import logging
import sys

from plait_core.errors import PlaitError
from plait_core.plugins import Settings
from plait_server.daemon import run
from plait_server.journal import log_as_json

if __name__ == "__main__":
    log_as_json()
    try:
        run(Settings.discover())
    except PlaitError as error:
        logging.getLogger("plait.server").critical("%s", error)
        sys.exit(1)
