"""The rules: each looks at one kind of thing and says what could be done next."""
