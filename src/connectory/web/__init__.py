"""The HTTP face: connect page, confirmation page, health."""
