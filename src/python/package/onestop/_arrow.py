"""Whatever holds columns as Arrow."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def table(data: Any) -> pa.Table:
    """A table of pyarrow, polars, pandas, or anything that gives an Arrow stream."""
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, pa.RecordBatchReader):
        return data.read_all()
    if type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "columns"):
        return _of_pandas(data)
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return pa.table(data)
    raise TypeError(
        f"{type(data).__name__} holds no Arrow columns\n"
        "  give a table of pyarrow, polars or pandas, or the path of a Parquet file where one may be given"
    )


def _of_pandas(frame: Any) -> pa.Table:
    """Columns of Python's own decimals are exact, and get the places that money has; their values alone would say
    that a column of whole yuan has none."""
    whole = pa.Table.from_pandas(frame, preserve_index=False)
    for at, field in enumerate(whole.schema):
        guessed = field.name in frame.columns and frame[field.name].dtype == object
        if guessed and pa.types.is_decimal(field.type) and field.type.scale < 2:
            places = pa.decimal256(min(field.type.precision + 2, 76), 2)
            whole = whole.set_column(at, field.name, whole[field.name].cast(places))
    return whole


def batches(data: Any) -> list[pa.RecordBatch]:
    """The same as batches; at least one, so that also an empty table tells its columns."""
    if isinstance(data, pa.RecordBatch):
        return [data]
    whole = table(data)
    return whole.to_batches() or [
        pa.RecordBatch.from_arrays([pa.array([], f.type) for f in whole.schema], schema=whole.schema)
    ]
