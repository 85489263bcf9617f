# COCO-WholeBody: COCO's images with 133 keypoints per person, below data/coco.
wholebody_root = 'data/coco/'
wholebody_val_boxes = wholebody_root + 'person_detection_results/COCO_val2017_detections_AP_H_56_person.json'

wholebody_train = dict(
    type='CocoWholeBodyDataset',
    data_root=wholebody_root,
    data_mode='topdown',
    ann_file='annotations/coco_wholebody_train_v1.0.json',
    data_prefix=dict(img='train2017/'),
)
wholebody_val = dict(
    wholebody_train,
    ann_file='annotations/coco_wholebody_val_v1.0.json',
    data_prefix=dict(img='val2017/'),
    bbox_file=wholebody_val_boxes,
    test_mode=True,
)
wholebody_val_metric = dict(type='CocoWholeBodyMetric', ann_file=wholebody_root + wholebody_val['ann_file'])
