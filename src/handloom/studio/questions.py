"""Reading what the page asks: the body of a request, its JSON, a number of its address; errors as one line."""

import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import fields
from functools import wraps
from typing import Any, TypeVar

from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from handloom.config import StreamValues, section_from
from handloom.config.errors import one_line as problem
from handloom.errors import HandloomError, printable, told
from handloom.studio.recording import TooLargeError
from handloom.studio.security import refusal

# What a request may ask for in JSON, bytes.
_LARGEST_QUESTION = 1_000_000

Asked = TypeVar("Asked")
Answer = Callable[[Asked, Request], Awaitable[Response]]


def answering(answer: Answer[Asked]) -> Answer[Asked]:
    """Tell what a person can correct in one line; a bug becomes status 500 and its traceback goes to the terminal."""

    @wraps(answer)
    async def answered(asked: Asked, request: Request) -> Response:
        try:
            return await answer(asked, request)
        except TooLargeError as error:
            # The rest of the body is not read, so the connection cannot be used again.
            return one_line(413, str(error), {"Connection": "close"})
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            if (text := told(error)) is None:
                raise
            return one_line(400, text)

    return answered


def one_line(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    """An answer that says in one line why not, with these headers."""
    answer = refusal(status, printable(text))
    answer.headers.update(headers or {})
    return answer


async def body_of(request: Request, largest: int) -> bytes:
    """The body of a request.

    Raises:
        TooLargeError: it has more bytes than `largest`.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > largest:
            raise TooLargeError(f"more than {largest // 1000} kB; send less")
    return bytes(content)


async def question_of(request: Request) -> dict[str, Any]:
    """The object in JSON that is the body of a request.

    Raises:
        HandloomError: it is none, or too large.
    """
    try:
        content = json.loads(await body_of(request, _LARGEST_QUESTION))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise HandloomError("an object in JSON expected")
    return content


def text_of(question: dict[str, Any], name: str) -> str:
    """A text of a question.

    Raises:
        HandloomError: there is none of that name.
    """
    value = question.get(name)
    if not isinstance(value, str):
        raise HandloomError(f"{name}: a text expected")
    return value


def stream_values_of(question: dict[str, Any]) -> StreamValues:
    """When a gesture counts, as the sliders of a question say it.

    Raises:
        HandloomError: a value is no number, or out of range.
    """
    try:
        return section_from(StreamValues, {one.name: question.get(one.name) for one in fields(StreamValues)})
    except ValidationError as error:
        raise HandloomError(problem(error)) from None


def number_of(request: Request, name: str) -> float:
    """A finite number of a request's address.

    Raises:
        HandloomError: there is none of that name.
    """
    try:
        number = float(request.query_params.get(name, ""))
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise HandloomError(f"{name}: a number expected")
    return number
