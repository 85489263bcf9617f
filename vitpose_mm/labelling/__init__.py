"""Keypoint labels for many images: what to label, parts that are written once, and the file they are merged into."""
