# Human-Art, COCO's keypoints in pictures of art, below data/HumanArt (its file names begin with that folder).
human_art_root = 'data/'
human_art_boxes = (
    human_art_root + 'HumanArt/person_detection_results/HumanArt_validation_detections_AP_H_56_person.json'
)

human_art_val = dict(
    type='HumanArtDataset',
    data_root=human_art_root,
    data_mode='topdown',
    ann_file='HumanArt/annotations/validation_humanart.json',
    data_prefix=dict(img=''),
    bbox_file=human_art_boxes,
    test_mode=True,
)
human_art_val_metric = dict(type='CocoMetric', ann_file=human_art_root + human_art_val['ann_file'])
