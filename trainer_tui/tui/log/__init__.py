"""The Log screen below its widgets: pages of a log of any size, made away from the screen's thread."""
