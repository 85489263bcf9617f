"""Convert the files that a dataset's authors release to those that mmpose's dataset classes read."""
