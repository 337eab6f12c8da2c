"""What beholder found, in the metadata that photo programs read (XMP): sidecars, and what a person set is kept."""
