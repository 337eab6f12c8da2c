"""From a shoot to the keepers: series, what can be measured in each frame, and which one to keep."""
