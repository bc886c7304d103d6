"""Signing in with outside accounts: an OpenID Connect relying party with PKCE."""
