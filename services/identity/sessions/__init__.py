"""Sign-ins: one session per device, with rotating refresh tokens."""
