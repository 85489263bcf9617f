"""Detector + crops + pose for images: reading, predicting, drawing and storing, a file each."""
