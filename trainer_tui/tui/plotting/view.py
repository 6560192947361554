"""Zooming and panning: from the part of the plane that is shown to the next one."""

from __future__ import annotations

import math
from dataclasses import replace

from trainer_tui.tui.plotting.picture import View
from trainer_tui.tui.plotting.raster import Window

_LARGEST = 1e308


def zoomed_x(view: View, window: Window, extent: tuple[float, float], factor: float, at: float) -> View:
    """Show `factor` times as much of x around `at` (0 left, 1 right); never more than there is."""
    left, right = _scaled(window.left, window.right, factor, at)
    if right - left >= extent[1] - extent[0] or not right > left:
        return replace(view, left=None, right=None) if factor > 1 else view
    if right - left < 1e-12 * max(abs(left), abs(right)):
        return view
    return _inside(view, left, right, extent)


def zoomed_y(view: View, window: Window, factor: float, at: float) -> View:
    """Show `factor` times as much of y around `at` (0 at the bottom)."""
    bottom, top = _scaled(window.bottom, window.top, factor, at)
    fits = bottom > -_LARGEST and top < _LARGEST and top - bottom > 1e-12 * max(abs(bottom), abs(top))
    return replace(view, bottom=bottom, top=top) if fits else view


def panned(view: View, window: Window, extent: tuple[float, float], across: float, up: float) -> View:
    """Move by parts of what is shown; x stays within what there is."""
    if across and (view.left is not None or view.right is not None):
        move = across * (window.right - window.left)
        view = _inside(view, window.left + move, window.right + move, extent)
    if up:
        move = up * (window.top / 2 - window.bottom / 2) * 2
        bottom, top = window.bottom + move, window.top + move
        if math.isfinite(bottom) and math.isfinite(top) and max(abs(bottom), abs(top)) < _LARGEST:
            view = replace(view, bottom=bottom, top=top)
    return view


def centred(view: View, window: Window, extent: tuple[float, float], x: float) -> View:
    """Bring an x into sight, if it is not."""
    if window.left <= x <= window.right:
        return view
    half = (window.right - window.left) / 2
    return _inside(view, x - half, x + half, extent)


def _inside(view: View, left: float, right: float, extent: tuple[float, float]) -> View:
    span = right - left
    left = min(max(left, extent[0]), max(extent[0], extent[1] - span))
    return replace(view, left=left, right=left + span)


def _scaled(low: float, high: float, factor: float, at: float) -> tuple[float, float]:
    middle = low + (high / 2 - low / 2) * 2 * at
    return middle - (middle / 2 - low / 2) * 2 * factor, middle + (high / 2 - middle / 2) * 2 * factor
