"""``python -m priorfit``."""

from priorfit.cli import main

raise SystemExit(main())
