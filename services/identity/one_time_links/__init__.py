"""Links that come by mail and work once: a new password, a confirmed address, a sign-in without a password."""
