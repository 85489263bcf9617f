# COCO and LSPET; validated on boxes of a small detector, scores below .1 left out. docs/results.md used 863 people
# and 80 val images in data/coco. For all of COCO set coco_val.bbox_file to the usual AP_H_56 file.
_base_ = ['coco.py', 'lspet.py']

coco_val_boxes = _base_.coco_root + 'person_detection_results/COCO_val2017_detections_AP_H_49_person.json'
coco_val = dict(bbox_file=coco_val_boxes, filter_cfg=dict(bbox_score_thr=0.1))
