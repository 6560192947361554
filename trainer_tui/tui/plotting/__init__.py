"""Drawing curves: from the columns of histories to cells of a terminal. Needs numpy; free of Textual."""
