"""`python -m sre_mcp` is the same as `sre-mcp`."""

from sre_mcp import main

raise SystemExit(main())
