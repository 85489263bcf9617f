"""Read the fields of a form, and describe them for clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from .errors import BAD_REQUEST


def describe_form(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the OpenAPI description that says which fields a form has, ``file`` among them."""
    schema = {'type': 'object', 'properties': fields, 'required': ['file']}
    return {'requestBody': {'required': True, 'content': {'multipart/form-data': {'schema': schema}}}}


def text_of(form: FormData, field: str) -> str:
    """Return the value of a form's field that is text; '' where it is missing."""
    value = form.get(field)
    return value if isinstance(value, str) else ''


def is_on(form: FormData, field: str) -> bool:
    """Whether a form's field says yes."""
    return text_of(form, field).lower() in ('1', 'true', 'on')


def upload_of(form: FormData, kind: str) -> UploadFile:
    """Return the file of a form, an image or a video.

    Raises:
        HTTPException: there is none.
    """
    upload = form.get('file')
    if not isinstance(upload, UploadFile):
        raise HTTPException(BAD_REQUEST, f"There is no {kind}: send it as the file 'file' of a form.")
    return upload
