"""What does a knowledge token gain, alone and with output distillation, and does a random token gain the same?"""

from __future__ import annotations

from .multi_dataset import VIT_S
from .rendered import DATA, PEOPLE
from .study import COCO, Run, Study, Table

TOKEN_ONLY = 'model.output_weight=0.0'
NO_TOKEN = 'model.token=none'


def tuning(epochs: int) -> tuple[str, ...]:
    """Return options for a token that is tuned for ``epochs`` epochs."""
    keys = ('train_cfg.max_epochs', 'train_cfg.val_interval', 'param_scheduler.0.T_max')
    return tuple(f'token_tuning.{key}={epochs}' for key in keys)


def students(
    distilled: str, alone: str, *, trains: tuple[str, ...], tunes: tuple[str, ...], reads: tuple[str, ...] = ()
) -> tuple[Run, ...]:
    """The paper's four settings and two controls; of a seed all have the same first weights and the same token.

    Args:
        distilled: config of student and teacher, whose weights are those of the run `teacher`.
        alone: config of the student, to test it with.
        trains: options of every training.
        tunes: those of the token's tuning, which the first run does for the others of its seed.
        reads: options of every test.
    """

    def student(name: str, *setting: str) -> Run:
        has_token = NO_TOKEN not in setting
        token = ('token_tuning.file={folder:both}/tuned_token.pth',) if has_token else ()
        return Run(
            name,
            distilled,
            (*trains, 'model.teacher_checkpoint={checkpoint:teacher}', *(tunes if name == 'both' else token), *setting),
            alone,
            (*reads, *(('model.backbone.num_tokens=1',) if has_token else ())),
            tool='distill.py',
        )

    return (
        student('both'),
        student('none', NO_TOKEN, TOKEN_ONLY),
        student('token', TOKEN_ONLY),
        student('output', NO_TOKEN),
        student('random', TOKEN_ONLY, 'model.token=random'),
        student('trainable', TOKEN_ONLY, 'model.token=trainable'),
    )


READS = (
    *(f'{part}.data_root={DATA}/' for part in ('val_dataloader.dataset', 'test_dataloader.dataset')),
    *(f'{kind}_evaluator.ann_file={DATA}/annotations/person_keypoints_val.json' for kind in ('val', 'test')),
)
TRAINS = (f'train_dataloader.dataset.datasets.0.data_root={DATA}/', *READS)


def epochs(number: int) -> tuple[str, ...]:
    """Return options for a training of ``epochs`` epochs."""
    return (f'train_cfg.max_epochs={number}', f'train_cfg.val_interval={number}', f'param_scheduler.1.T_max={number}')


DISTILLATION = Study(
    name='distillation_synthetic',
    about='no distillation, knowledge token, output distillation, both, and two controls, on 5,919 rendered people',
    prepare=(PEOPLE,),
    seeds=(0, 1, 2),
    runs=(
        Run(
            'teacher',
            'distillation/vitpose_midi_classic_synthetic-128x96.py',
            (*TRAINS, *epochs(9)),
            test_options=READS,
            once=True,
        ),
        *students(
            'distillation/vitpose_mini_from-midi_synthetic-128x96.py',
            'quickstart/vitpose_mini_classic_synthetic-128x96.py',
            trains=(*TRAINS, *epochs(1)),
            tunes=tuning(1),
            reads=READS,
        ),
    ),
    table=Table(
        reference='none',
        names={
            'none': 'labels only',
            'token': 'knowledge token',
            'output': "teacher's heatmaps",
            'random': 'control: random token, frozen',
            'trainable': 'control: token trained with the student',
        },
        paper={'none': '75.8', 'token': '76.0 (+0.2)', 'output': '76.3 (+0.5)', 'both': '76.6 (+0.8)'},
        columns={**COCO, 'student/held_out_loss': 'held-out loss'},
    ),
)

# The same of real people. 96 iterations an epoch; the teacher's pre-trained weights as in the study of many datasets.
TWENTY_EPOCHS = (
    'train_cfg.max_epochs=20', 'train_cfg.val_interval=20', 'param_scheduler.1.end=20',
    'param_scheduler.1.milestones=[16,19]', 'train_dataloader.batch_size=32', 'train_dataloader.num_workers=2',
)  # fmt: skip
REAL = Study(
    name='distillation_real',
    rendered=False,
    about='a pre-trained ViT-S finetuned on COCO and LSPET at 256x192 for 100 epochs, and small students of it',
    prepare=(VIT_S,),
    seeds=(0, 1, 2),
    runs=(
        Run(
            'teacher',
            'finetuning/vitpose_small-dino_classic_coco-lspet-256x192.py',
            ('train_dataloader.num_workers=8',),
            once=True,
        ),
        *students(
            'distillation/vitpose_mini_from-small-dino_coco-lspet-256x192.py',
            'distillation/vitpose_mini_classic_coco-lspet-256x192.py',
            trains=TWENTY_EPOCHS,
            tunes=tuning(2),
        ),
    ),
)
STUDIES = (DISTILLATION, REAL)
