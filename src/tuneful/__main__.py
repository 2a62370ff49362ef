"""python -m tuneful."""

import sys

from tuneful.cli.main import main

sys.exit(main())
