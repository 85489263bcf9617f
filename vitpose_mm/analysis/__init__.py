"""Where predictions on a COCO-style set go wrong: kinds of errors, what each costs, and a report that shows them."""

from .analysis import Analysis, analyze
from .people import Detections, Labels
from .read_labels import read_labels
from .read_predictions import read_predictions
from .report import write_report

__all__ = ['Analysis', 'Detections', 'Labels', 'analyze', 'read_labels', 'read_predictions', 'write_report']
