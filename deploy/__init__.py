"""What surrounds the services: images, demo, end-to-end tests, checks over the whole suite."""
