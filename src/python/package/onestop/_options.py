"""What decides a result beside ledger and roster, as one text that can travel."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import index
from pathlib import Path

from . import _native

PathLike = str | os.PathLike[str]


@dataclass(frozen=True)
class Policy:
    """A city's rules as data. Change ``text`` with :func:`dataclasses.replace` to ask what would be."""

    id: str
    """Its id, such as ``weihai-2023``."""
    title: str
    """The city's title of it."""
    document: str
    """Number of the document that it was read from."""
    valid_from: date
    """First day."""
    valid_until: date | None
    """Last day; none where it is open."""
    sha256: str
    """Digest of the text, as ``sha256sum`` prints it."""
    text: str
    """The policy itself, TOML."""

    def __repr__(self) -> str:
        until = self.valid_until or "open"
        return f"Policy({self.id!r}, {self.title}, {self.document}, {self.valid_from} to {until})"


PolicyLike = str | os.PathLike[str] | Policy


def policies() -> list[Policy]:
    """The policies that are shipped."""
    day = date.fromisoformat
    return [
        Policy(**{**p, "valid_from": day(p["valid_from"]), "valid_until": p["valid_until"] and day(p["valid_until"])})
        for p in _native.policies()
    ]


def options(
    policy: PolicyLike | Sequence[PolicyLike],
    params: PathLike | None = None,
    *,
    codes: PathLike | None = None,
    columns: Mapping[str, str] | None = None,
    recorded_maf: Iterable[str] = (),
    year: int | None = None,
    as_if: bool = False,
    as_known: date | str | None = None,
    as_of: date | str | None = None,
    audit: bool = True,
    strict: bool = False,
    allow_float: bool = False,
) -> str:
    """The options in the form in which the kernel reads them. Files are read here, so that what runs elsewhere
    runs on the same bytes."""
    if isinstance(year, bool) or (year is not None and not hasattr(year, "__index__")):
        raise TypeError(f"year={year!r} is no year\n  give a whole number, such as 2024")
    several = [policy] if isinstance(policy, (str, os.PathLike, Policy)) else policy
    return json.dumps(
        {
            "policies": [_policy(p) for p in several],
            "params": _text(params),
            "codes": _text(codes),
            "columns": dict(columns or {}),
            "recorded_maf": [recorded_maf] if isinstance(recorded_maf, str) else list(recorded_maf),
            "year": None if year is None else index(year),
            "as_if": as_if,
            "as_known": _day(as_known),
            "as_of": _day(as_of),
            "audit": audit,
            "strict": strict,
            "allow_float": allow_float,
        },
        ensure_ascii=False,
    )


def _policy(policy: PolicyLike) -> dict[str, str]:
    if isinstance(policy, Policy):
        shipped = any(p["id"] == policy.id and p["text"] == policy.text for p in _native.policies())
        return {"name": policy.id, "text": policy.text, "origin": "shipped" if shipped else "memory"}
    name, text, origin = _native.document(os.fspath(policy))
    return {"name": name, "text": text, "origin": origin}


def _text(path: PathLike | None) -> dict[str, str] | None:
    if path is None:
        return None
    name = os.fspath(path)
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _native.OnestopError(
            f"{name}: {error}\n  check the path, its permissions, and that it is UTF-8"
        ) from error
    return {"name": name, "text": text, "origin": name}


def _day(day: date | str | None) -> str | None:
    # A datetime is a date, too; its time says nothing here.
    return day.strftime("%Y-%m-%d") if isinstance(day, date) else day
