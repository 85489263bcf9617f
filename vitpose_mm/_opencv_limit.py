"""The largest image, for OpenCV too, which reads its limit from the environment when it is imported.

Training decodes with OpenCV what Pillow read the header of, and for a crafted file the two can see different sizes.
"""

import os

MAX_PIXELS = 1 << 26  # 200 MB of RGB; 8192 x 8192, cameras in common use have 61 million


def install() -> None:
    """Set OpenCV's limit, unless the user did; without effect where OpenCV is imported already."""
    os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(MAX_PIXELS))
