"""One place where any exception becomes HTTP, and always in the same envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import exception_handler

from apps.core.domain import errors

logger = structlog.get_logger(__name__)

OURS: dict[type[Exception], type[errors.CryonelError]] = {
    drf.NotAuthenticated: errors.SignInMissing,
    drf.AuthenticationFailed: errors.SignInMissing,
    drf.PermissionDenied: errors.AccessDenied,
    PermissionDenied: errors.AccessDenied,
    drf.NotFound: errors.PageMissing,
    Http404: errors.PageMissing,
    drf.MethodNotAllowed: errors.MethodUnsupported,
    RequestDataTooBig: errors.BodyTooLarge,
    drf.Throttled: errors.TooManyRequests,
    drf.APIException: errors.InputRefused,  # the rest of DRF's own: what was sent is no use
    OperationalError: errors.DatabaseDown,
    InterfaceError: errors.DatabaseDown,
}


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response:
    error = as_ours(exc)
    response = exception_handler(exc, context) or Response()  # keeps Retry-After and the like
    response.status_code = error.status  # our class decides, never DRF's
    response.data = envelope(error, request_id=getattr(context["request"], "request_id", ""))
    if isinstance(error, errors.TooMany) and isinstance(error.details, dict):
        response["Retry-After"] = str(error.details.get("retry_after", 1))
    return response


def envelope(error: errors.CryonelError, *, request_id: str) -> dict[str, Any]:
    """The body of every error answer."""
    return {
        "error": {
            "code": error.code,
            "name": error.name,
            "message": say(error),
            "category": error.category,
            "details": error.details or {},
            "retryable": error.retryable,
        },
        "request_id": request_id,
    }


def say(error: errors.CryonelError) -> str:
    """The error's sentence in the reader's language, with the words in it that we translate."""
    return _said(error.template, error.context)


def _said(template: str, context: Mapping[str, object]) -> str:
    words = {name: _word(value) for name, value in context.items()}
    return gettext(template).format(**words)


def _word(value: object) -> object:
    if isinstance(value, errors.Phrase):
        return _said(value.template, value.words)
    return gettext(value) if isinstance(value, str) and value else value


def as_ours(exc: Exception) -> errors.CryonelError:
    """Any exception as one of ours; a bug is logged here and becomes Unforeseen."""
    if isinstance(exc, errors.CryonelError):
        return exc
    for kind, ours in OURS.items():
        if isinstance(exc, kind):
            details = getattr(exc, "detail", None)
            wait = getattr(exc, "wait", None)
            if wait is not None:
                details = {"retry_after": int(wait) + 1}
            return ours(details=details if isinstance(details, dict | list) else None)
    logger.error("edge.unforeseen", exc_info=exc)  # a bug: the tracker hears, the caller does not
    return errors.Unforeseen()
