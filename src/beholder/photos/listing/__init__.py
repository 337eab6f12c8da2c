"""Finding photographs: folders, patterns, lists of names, what is passed over, and files of one shot."""
