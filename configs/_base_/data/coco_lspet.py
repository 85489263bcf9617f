# A part of COCO with LSPET; boxes of a small detector, the unlikely ones left out.
_base_ = ['coco.py', 'lspet.py']

coco_val_boxes = _base_.coco_root + 'person_detection_results/COCO_val2017_detections_AP_H_49_person.json'
coco_val = dict(bbox_file=coco_val_boxes, filter_cfg=dict(bbox_score_thr=0.1))
