"""Logs of any size: lines found by number, place, time or words, without reading more than is shown."""
