"""Other programs that hash pictures, each in a process of its own, on the same files in the same run."""
