"""A shoot in the browser: what is known of its photographs, what a person decides, and where that goes."""
