"""Passing a request on: to an app in this process, or over HTTP; both stream both ways."""
