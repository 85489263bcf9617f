"""From the files that a dataset's authors give out to those that mmpose's dataset classes read."""
