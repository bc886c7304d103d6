"""Passkeys (WebAuthn): keys on a person's own devices with which one signs in without a password."""
