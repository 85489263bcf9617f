# COCO 2017 keypoints in MMPose's layout below data/coco (a link will do).
coco_root = 'data/coco/'
coco_val_boxes = coco_root + 'person_detection_results/COCO_val2017_detections_AP_H_56_person.json'
coco_test_dev_boxes = coco_root + 'person_detection_results/COCO_test-dev2017_detections_AP_H_609_person.json'

coco_train = dict(
    type='CocoDataset',
    data_root=coco_root,
    data_mode='topdown',
    ann_file='annotations/person_keypoints_train2017.json',
    data_prefix=dict(img='train2017/'),
)
# Scored on detected boxes; an empty `bbox_file` means ground-truth boxes.
coco_val = dict(
    coco_train,
    ann_file='annotations/person_keypoints_val2017.json',
    data_prefix=dict(img='val2017/'),
    bbox_file=coco_val_boxes,
    test_mode=True,
)
coco_val_metric = dict(type='CocoMetric', ann_file=coco_root + coco_val['ann_file'])

# Labels are on the evaluation server only: results are written for it.
coco_test_dev = dict(
    coco_val,
    ann_file='annotations/image_info_test-dev2017.json',
    data_prefix=dict(img='test2017/'),
    bbox_file=coco_test_dev_boxes,
)
coco_test_dev_metric = dict(
    type='CocoMetric',
    ann_file=coco_root + coco_test_dev['ann_file'],
    format_only=True,
    outfile_prefix='work_dirs/coco_test-dev/person_keypoints',
)
