# ViT-S with the 6 heads of DINO's, DINOv2's and timm's weights (ViTPose-S has 12), from such weights once converted:
#   python tools/convert_checkpoint.py data/weights/vit_small_patch14_dinov2like_fp16.pth \
#       work_dirs/weights/vit_small_dino.pth --from timm
_base_ = 'vitpose_small.py'

pretrained = 'work_dirs/weights/vit_small_dino.pth'
model = dict(
    backbone=dict(
        arch=dict(_delete_=True, embed_dims=384, num_layers=12, num_heads=6),
        init_cfg=dict(type='Pretrained', checkpoint=pretrained),
    )
)
