"""Statistics on summary numbers: plain Python, no database, no Django. Each function names its source."""
