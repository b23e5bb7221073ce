"""Which rows of a keypoint table are which clip's."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from handloom import keypoint_table
from handloom.errors import DataError

Indices = NDArray[np.int64]


def read_sessions(table: Path) -> tuple[Indices, Indices]:
    """The ids of all sessions of a table, ascending ``[N]``, and how many rows each has ``[N]``.

    Raises:
        DataError: the table cannot be read, or its rows are not in the order of session and frame: reading it clip by
            clip relies on that.
    """
    ids, starts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    before_session, before_frame = np.empty(0, np.int64), np.empty(0, np.int64)
    count = 0
    for batch in keypoint_table.batches(table, ["session_id", "frame"]):
        session = np.concatenate([before_session, batch.column("session_id").to_numpy()])
        frame = np.concatenate([before_frame, batch.column("frame").to_numpy()])
        step = np.diff(session)
        if ((step < 0) | ((step == 0) & (np.diff(frame) <= 0))).any():
            raise DataError(f"{table}: its rows are not in the order of session_id and frame; sort them by these")
        begins = np.flatnonzero(step) + 1 if count else np.append(0, np.flatnonzero(step) + 1)
        ids.append(session[begins])
        starts.append(begins + count - len(before_session))
        before_session, before_frame = session[-1:], frame[-1:]
        count += batch.num_rows
    return np.concatenate(ids), np.diff(np.concatenate([*starts, [count]]))
