"""People: one account each on the whole platform, known by its e-mail address."""
