"""What the Diary screen works with, without a screen: rows of the list, sections, evidence, advice."""
