"""What routes ask for in their signatures."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import Depends, Request

from backend.settings import Settings


def _settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


SettingsDep = Annotated[Settings, Depends(_settings)]
