"""The proof under failure: buyers, businesses and staff at work while processes die and connections break.

`python -m deploy.e2e.proof` runs it; `make prove` runs it long; `make test` runs a short form.
"""
